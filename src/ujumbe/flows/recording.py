"""What came of calls, written down: recipient by recipient, for many calls in one transaction."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ujumbe.africastalking import replies, verdict
from ujumbe.africastalking.errors import CredentialsError, NotTakenError, ProviderError, RefusedError, Taken
from ujumbe.domain import consent, ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import Event, State
from ujumbe.domain.outcome import Actor, Outcome, Verdict
from ujumbe.flows import delivery, pausing
from ujumbe.flows.claiming import Call
from ujumbe.flows.judging import End, decide
from ujumbe.store import calls, decisions, opt_outs, standings
from ujumbe.store.calls import AttemptResult, Ending
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Rule

INSUFFICIENT_BALANCE: Final = 405

Result = replies.SendReply | ProviderError
Tally = Counter[Verdict]
"""How many messages of a call came to which end."""


class NotStartedError(NotTakenError):
    """The call was not begun: too long had passed since its messages were taken up, and consent may have changed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A call and what came of it."""

    call: Call
    result: Result
    seconds: float = 0.0
    """How long it took."""

    @property
    def taken(self) -> Taken:
        """Whether AT took the request."""
        return self.result.taken if isinstance(self.result, ProviderError) else Taken.ANSWERED


def record_all(tx: Tx, finished: Sequence[Finished]) -> list[Tally]:
    """Record what came of calls of one account, and apply the reports that came before. What each call brought."""
    account = finished[0].call.account
    tallies, unpaid = [], False
    for group in _apart(finished):
        smooth = [each for each in group if _smooth(each)]
        rough = [(each, _fates(each)) for each in group if not _smooth(each)]
        _record(tx, account, smooth, rough)
        unpaid = unpaid or any(fate.outcome.code == INSUFFICIENT_BALANCE for _, each in rough for fate in each.values())
        of_rough = {each.call.id: Counter(fate.outcome.verdict for fate in fates.values()) for each, fates in rough}
        tallies += [of_rough.get(each.call.id, Counter({Verdict.TAKEN: len(each.call.messages)})) for each in group]
    pausing.heed(tx, account, [each.result for each in finished], unpaid=unpaid)
    return tallies


def settle(tx: Tx, account: int, call_ids: Sequence[int], outcome: Outcome, rule: Rule) -> None:
    """Give every message of these calls that has no outcome yet the same one."""
    for call_id in call_ids:  # one at a time: a message may be in several of them
        pending = {attempt[0]: End(call_id, outcome) for attempt in calls.open_attempts(tx, [call_id])}
        _apply(tx, account, pending, rule)


def _smooth(finished: Finished) -> bool:
    """Whether AT took everything that this call carried, and there is nothing to weigh. Nearly every call is one."""
    result = finished.result
    return isinstance(result, replies.SendReply) and verdict.all_taken(finished.call.outgoing.to, result)


def _apart(finished: Sequence[Finished]) -> Iterator[list[Finished]]:
    """Groups in which no message is in two calls: each decision sees what the one before it did."""
    group: list[Finished] = []
    seen: set[int] = set()
    for each in finished:
        if not seen.isdisjoint(each.call.messages):
            yield group
            group, seen = [], set()
        group.append(each)
        seen.update(each.call.messages)
    yield group


def _record(tx: Tx, account: int, smooth: Sequence[Finished], rough: Sequence[tuple[Finished, dict[int, End]]]) -> None:
    fates = {message: fate for _, each in rough for message, fate in each.items()}
    if any(each.outcome.verdict is Verdict.OPTED_OUT for each in fates.values()):
        opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    calls.finish(tx, [_ending(each) for each in (*smooth, *(each for each, _ in rough))])
    taken = [
        standings.Sent(message, each.call.id, line.message_id, line.code or 0, line.status, line.parts, line.cost)
        for each in smooth
        if isinstance(each.result, replies.SendReply)
        for message, line in zip(each.call.messages, each.result.recipients, strict=True)
    ]
    if taken and standings.take(tx, account, taken) < len(taken):
        # A report or a lease was faster with some: these are looked at, and what has moved already stays.
        for each in smooth:
            fates |= _fates(each)
    calls.take(tx, taken)
    if fates:
        _apply(tx, account, fates, None)
    ids = [each.provider_id for each in taken]
    ids += [fate.line.message_id for fate in fates.values() if fate.line and fate.line.message_id]
    delivery.apply_waiting(tx, account, ids)


def _ending(finished: Finished) -> Ending:
    call, result = finished.call, finished.result
    if isinstance(result, ProviderError):
        ended = {Taken.NO: "not_taken", Taken.ANSWERED: "answered", Taken.MAYBE: "maybe_taken"}[result.taken]
        return Ending(call.id, ended, result.http_status, str(result), result.body)
    return Ending(call.id, "answered", result.http_status, result.summary)


def _fates(finished: Finished) -> dict[int, End]:
    call, result = finished.call, finished.result
    if isinstance(result, ProviderError):
        waits = isinstance(result, CredentialsError | NotStartedError)
        after = result.retry_after if isinstance(result, NotTakenError) else None
        fate = End(call.id, _outcome_of_error(result), waits=waits, retry_after=after)
        return dict.fromkeys(call.messages, fate)
    return {
        message_id: End(call.id, outcome, line, waits=outcome.code == INSUFFICIENT_BALANCE)
        for message_id, (line, outcome) in zip(call.messages, verdict.judge(call.outgoing.to, result), strict=True)
    }


def _outcome_of_error(error: ProviderError) -> Outcome:
    word = Verdict.UNCERTAIN
    # With wrong credentials nothing is wrong with the messages: they wait until the key is mended.
    if isinstance(error, NotTakenError | CredentialsError):
        word = Verdict.NOT_TAKEN
    elif isinstance(error, RefusedError):
        word = Verdict.REFUSED
    return Outcome(error.http_status, "", word, Actor.PROVIDER, str(error))


def _apply(tx: Tx, account: int, fates: dict[int, End], rule: Rule | None) -> None:
    """Settle the attempts, and move each message as its outcome says, unless a report has moved it further already."""
    found = standings.read(tx, fates)
    unsure = [each for each, fate in fates.items() if fate.event in (Event.NOT_TAKEN, Event.LOST)]
    latest = calls.latest(tx, unsure)
    # "Not taken" ends a doubt only where it is the only one: another attempt may have been taken all the same.
    doubted = [each for each in unsure if found[each].state is State.UNCERTAIN]
    doubts = calls.doubts(tx, doubted)
    moves, notes, out = [], [], []
    for message_id, fate in fates.items():
        was = found[message_id]
        stale = message_id in latest and (latest[message_id] != fate.call or doubts.get(message_id, 0) > 1)
        move, note = decide(tx.now, was, fate, rule, stale=stale)
        moves.append(move)
        notes += note
        if fate.outcome.verdict is Verdict.OPTED_OUT:
            out.append(was)
    for was in out:
        sender = consent.named(was.sender)
        told = f"Africa's Talking answered 406 UserInBlacklist to {ids.show(Kind.MESSAGE, was.id)}"
        opt_outs.insert(tx, account, was.number, sender, opt_outs.Source.REFUSAL, "406 UserInBlacklist at send", told)
    standings.move(tx, moves)
    decisions.insert(tx, notes)
    calls.settle(tx, [_attempt(message_id, fate) for message_id, fate in fates.items()])


def _attempt(message_id: int, fate: End) -> AttemptResult:
    line, outcome = fate.line, fate.outcome
    return AttemptResult(
        message_id,
        fate.call,
        outcome.verdict,
        provider_id=line.message_id if line else "",
        code=outcome.code,
        status=line.status if line else outcome.name,
        parts=line.parts if line else None,
        cost=line.cost if line else None,
    )
