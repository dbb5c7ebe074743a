"""From accepted to recorded: accept, claim, submit, record.

The intent to call AT is committed before a byte leaves, and what AT said is committed after. Whatever dies in between
leaves an open call behind, which upkeep settles as uncertain: a text is never submitted again unless AT surely did not
take it.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from ujumbe.africastalking import wire
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import NotTakenError, ProviderError, RefusedError, Taken
from ujumbe.domain import consent, message, retry
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import Event, State
from ujumbe.domain.outcome import OUTCOMES, Outcome, Verdict
from ujumbe.flows import delivery
from ujumbe.store import calls, messages, opt_outs
from ujumbe.store.messages import Batch, Facts, Source, Standing
from ujumbe.store.sqlite import Database, Tx

LIFETIME_MS: Final = 24 * 3600 * 1000
LEASE_MS: Final = 90_000
"""Longer than connecting (5 s), reading (30 s) and recording can take together."""
RECORDING_SECONDS: Final = 60.0
"""How long we try to write down what AT said while the database refuses; then the lease runs out by itself."""
LOOK_AHEAD: Final = 1_000
"""Due messages looked at in one claim, to find those that can share a call."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose intent is committed. `messages` are the ids, in the order of `outgoing.to`."""

    id: int
    account: int
    outgoing: wire.Outgoing
    messages: tuple[int, ...]


def accept(tx: Tx, batch: Batch, numbers: Sequence[str], *, lifetime_ms: int = LIFETIME_MS) -> list[int]:
    """Put one message a number into the outbox; their ids. Consent is judged when they are claimed."""
    batch_id = messages.insert_batch(tx, batch)
    return messages.insert(tx, batch.account, batch_id, numbers, State.QUEUED, ttl_ms=lifetime_ms)


def accept_now(tx: Tx, batch: Batch, number: str) -> Call | None:
    """Accept one message that is submitted at once, with the intent; None (and a record) where consent forbids it."""
    batch_id = messages.insert_batch(tx, batch)
    if opt_outs.in_force(tx, batch.account, number, batch.sender or consent.DEFAULT_SENDER):
        reason = OUTCOMES[406].meaning
        messages.insert(tx, batch.account, batch_id, [number], State.BLOCKED, ttl_ms=LIFETIME_MS, reason=reason)
        return None
    ids = messages.insert(tx, batch.account, batch_id, [number], State.SENDING, ttl_ms=LIFETIME_MS)
    call = calls.begin(tx, batch.account, [(ids[0], number)], LEASE_MS)
    outgoing = wire.Outgoing((number,), batch.text, wire.Mode(batch.mode), batch.sender, batch.link_id, batch.keyword)
    return Call(call, batch.account, outgoing, tuple(ids))


def claim(tx: Tx, account: int, most_calls: int) -> list[Call]:
    """Take up what is due, as at most `most_calls` calls of equal text, sender and options, and commit the intent."""
    messages.set_aside(tx, account)
    groups: dict[tuple[object, ...], list[messages.Due]] = {}
    seen: dict[tuple[object, ...], int] = {}
    for each in messages.due(tx, account, LOOK_AHEAD):
        content = (each.mode, each.sender, each.text, each.link_id, each.keyword)
        # AT's reply is told apart by number, so that the same text twice to one number takes two calls.
        turn = seen[(*content, each.number)] = seen.get((*content, each.number), 0) + 1
        groups.setdefault((*content, turn), []).append(each)
    chosen = [rows[: wire.MOST_RECIPIENTS] for rows in list(groups.values())[:most_calls]]
    taken = messages.take(tx, [each.id for rows in chosen for each in rows]) if chosen else set()
    return [_begin(tx, account, [each for each in rows if each.id in taken]) for rows in chosen]


def _begin(tx: Tx, account: int, rows: Sequence[messages.Due]) -> Call:
    call = calls.begin(tx, account, [(each.id, each.number) for each in rows], LEASE_MS)
    first = rows[0]
    outgoing = wire.Outgoing(
        tuple(each.number for each in rows),
        first.text,
        wire.Mode(first.mode),
        first.sender,
        first.link_id,
        first.keyword,
    )
    return Call(call, account, outgoing, tuple(each.id for each in rows))


async def submit(db: Database, client: AfricasTalking, call: Call) -> wire.SendReply:
    """Make the call and record what came of it. Returns AT's reply; raises the `ProviderError` after recording it.

    Must not be cancelled once begun: run it as a task of its own where the caller may go away.
    """
    try:
        reply = await client.send(call.outgoing)
    except ProviderError as error:
        log.warning("call failed", call=call.id, recipients=len(call.messages), taken=error.taken, why=str(error))
        await _record(db, call, error)
        raise
    await _record(db, call, reply)
    return reply


async def _record(db: Database, call: Call, result: wire.SendReply | ProviderError) -> None:
    """Write the result down, through a database that refuses for a while: it is known nowhere else."""
    give_up = asyncio.get_running_loop().time() + RECORDING_SECONDS
    while True:
        try:
            if isinstance(result, ProviderError):
                await db.write(record_error, call, result)
            else:
                await db.write(record_reply, call, result)
        except StoreUnavailableError as error:
            log.warning("a result could not be recorded yet", call=call.id, why=str(error))
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(0.5)
        else:
            return


def record_reply(tx: Tx, call: Call, reply: wire.SendReply) -> None:
    """Record AT's reply, recipient by recipient; apply the reports that came before it."""
    calls.finish(tx, call.id, "answered", http_status=201, summary=reply.summary)
    found = wire.match(call.outgoing.to, reply.recipients)
    standings = messages.standings_of_call(tx, call.id)
    results = []
    for message_id, line in zip(call.messages, found, strict=True):
        outcome = _outcome(reply, line)
        facts = Facts()
        if line is not None:
            facts = Facts(provider_id=line.message_id, cost=line.cost)
        results.append(
            calls.AttemptResult(
                message_id,
                outcome.verdict,
                provider_id=line.message_id if line else "",
                code=outcome.code,
                status=line.status if line else outcome.name,
                parts=line.parts if line else None,
                cost=line.cost if line else None,
            )
        )
        _apply(tx, standings[message_id], outcome, facts)
    calls.settle(tx, call.id, results)
    delivery.apply_waiting(tx, [each.provider_id for each in results if each.provider_id])


def record_error(tx: Tx, call: Call, error: ProviderError) -> None:
    """Record a call that gave no usable reply: the same outcome for each of its messages."""
    verdict = {Taken.NO: "not_taken", Taken.ANSWERED: "answered", Taken.MAYBE: "maybe_taken"}[error.taken]
    calls.finish(tx, call.id, verdict, http_status=error.http_status, summary=str(error), reply=error.body)
    settle_all(tx, call.id, _outcome_of_error(error))


def settle_all(tx: Tx, call: int, outcome: Outcome) -> None:
    """Give every message of a call that has no outcome yet the same one."""
    standings = messages.standings_of_call(tx, call)
    pending = [message_id for message_id, _ in calls.open_attempts(tx, call)]
    results = [calls.AttemptResult(each, outcome.verdict, code=outcome.code, status=outcome.name) for each in pending]
    calls.settle(tx, call, results)
    for message_id in pending:
        _apply(tx, standings[message_id], outcome, Facts())


def _outcome(reply: wire.SendReply, line: wire.Recipient | None) -> Outcome:
    if line is not None:
        return line.outcome
    if reply.refusal:
        known = next((each for each in OUTCOMES.values() if each.name == reply.refusal), None)
        meaning = known.meaning if known else f"AT refused the request: {reply.refusal[:100]}"
        actor = OUTCOMES[402].actor
        return Outcome(known.code if known else None, reply.refusal[:100], Verdict.REFUSED, actor, meaning)
    words = "AT's reply does not mention it; it may have been taken"
    return Outcome(None, "", Verdict.UNCERTAIN, OUTCOMES[500].actor, words)


def _outcome_of_error(error: ProviderError) -> Outcome:
    verdict = Verdict.UNCERTAIN
    if isinstance(error, NotTakenError):
        verdict = Verdict.NOT_TAKEN
    elif isinstance(error, RefusedError):
        verdict = Verdict.REFUSED
    return Outcome(error.http_status, "", verdict, OUTCOMES[500].actor, str(error))


_EVENTS: Final = {
    Verdict.TAKEN: Event.TAKEN,
    Verdict.REFUSED: Event.REFUSED,
    Verdict.OPTED_OUT: Event.OPTED_OUT,
    Verdict.NOT_TAKEN: Event.NOT_TAKEN,
    Verdict.UNCERTAIN: Event.LOST,
}


def _apply(tx: Tx, was: Standing, outcome: Outcome, facts: Facts) -> None:
    """Move one message as its outcome says, unless a report has moved it further already."""
    event = _EVENTS[outcome.verdict]
    due = None
    if event is Event.NOT_TAKEN:
        due = tx.now + round(1000 * retry.delay(max(was.tries, 1), random.random()))
        # Who asked through an invoke route was told that it failed, and may have tried again: it is not queued.
        if was.source is Source.INVOKE or due >= was.expires_at:
            event, due = Event.GAVE_UP, None
    if event is Event.OPTED_OUT:
        sender = was.sender or consent.DEFAULT_SENDER
        opt_outs.insert(tx, was.account, was.number, sender, opt_outs.Source.REFUSAL, "406 UserInBlacklist at send")
    state = message.after(was.state, event, assumed=was.assumed)
    if state is None:
        messages.annotate(tx, was.id, facts)
        return
    reason = "" if event is Event.TAKEN else outcome.meaning
    messages.move(tx, was, state, reason, facts, due=due)
