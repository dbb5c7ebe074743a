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

from ujumbe.africastalking import replies, verdict, wire
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import (
    CredentialsError,
    MaybeTakenError,
    NotTakenError,
    ProviderError,
    RefusedError,
    Taken,
)
from ujumbe.domain import consent, message, retry
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import Event, State
from ujumbe.domain.outcome import OUTCOMES, Actor, Outcome, Verdict
from ujumbe.flows import delivery
from ujumbe.store import batches, calls, messages, opt_outs
from ujumbe.store.batches import Batch, Source
from ujumbe.store.messages import Facts, New, Standing, Times
from ujumbe.store.sqlite import Database, Tx

LIFETIME_MS: Final = 24 * 3600 * 1000
LEASE_MS: Final = 90_000
"""Longer than a call (40 s) and its recording usually take; a result that comes after it is recorded all the same."""
RECORD_AGAIN_SECONDS: Final = 0.5
LOOK_AHEAD: Final = 1_000
"""Due messages looked at in one claim, to find those that can share a call."""

EXPIRED: Final = "its time to live ran out in our queue"
OPTED_OUT: Final = OUTCOMES[406].meaning

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
    batch_id = batches.insert(tx, batch)
    new = [New(number, State.QUEUED) for number in numbers]
    return messages.insert(tx, batch.account, batch_id, new, Times(tx.now, tx.now + lifetime_ms))


def accept_now(tx: Tx, batch: Batch, number: str) -> Call | None:
    """Accept one message that is submitted at once, with the intent; None (and a record) where consent forbids it."""
    batch_id = batches.insert(tx, batch)
    times = Times(tx.now, tx.now + LIFETIME_MS)
    if opt_outs.in_force(tx, batch.account, number, consent.named(batch.sender)):
        messages.insert(tx, batch.account, batch_id, [New(number, State.BLOCKED, OPTED_OUT)], times)
        return None
    ids = messages.insert(tx, batch.account, batch_id, [New(number, State.SENDING)], times)
    call = calls.begin(tx, batch.account, [(ids[0], number)], LEASE_MS)
    outgoing = wire.Outgoing((number,), batch.text, wire.Mode(batch.mode), batch.sender, batch.link_id, batch.keyword)
    return Call(call, batch.account, outgoing, tuple(ids))


def claim(tx: Tx, account: int, most_calls: int, most_numbers: int = LOOK_AHEAD) -> list[Call]:
    """Take up what is due, as at most `most_calls` calls of equal text, sender and options, and write the intent.

    What is late or opted out by now is set aside instead.
    """
    messages.fall_due(tx, account)
    rows = messages.due(tx, account, min(LOOK_AHEAD, most_numbers))
    late = [each.id for each in rows if each.expires_at <= tx.now]
    messages.set_aside(tx, late, State.EXPIRED, EXPIRED)
    forbidden = [each.id for each in rows if each.opted_out and each.expires_at > tx.now]
    messages.set_aside(tx, forbidden, State.BLOCKED, OPTED_OUT)
    groups: dict[tuple[object, ...], list[messages.Due]] = {}
    seen: dict[tuple[object, ...], int] = {}
    for each in rows:
        if each.opted_out or each.expires_at <= tx.now:
            continue
        content = (each.mode, each.sender, each.text, each.link_id, each.keyword)
        # AT's reply is told apart by number, so that the same text twice to one number takes two calls.
        turn = seen[(*content, each.number)] = seen.get((*content, each.number), 0) + 1
        groups.setdefault((*content, turn), []).append(each)
    chosen = [rows[: wire.MOST_RECIPIENTS] for rows in list(groups.values())[:most_calls]]
    taken = messages.take(tx, [each.id for rows in chosen for each in rows]) if chosen else set()
    kept = ([each for each in rows if each.id in taken] for rows in chosen)
    return [_begin(tx, account, rows) for rows in kept if rows]


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


async def submit(db: Database, client: AfricasTalking, call: Call) -> replies.SendReply:
    """Make the call and record what came of it. Returns AT's reply; raises the `ProviderError` after recording it.

    What goes wrong in a way that nobody foresaw may have happened after the request left, and counts as such. Must not
    be cancelled once begun: run it as a task of its own where the caller may go away. It ends only when the outcome is
    recorded, however long the database refuses, because the outcome is known nowhere else.
    """
    result: replies.SendReply | ProviderError
    try:
        result = await client.send(call.outgoing)
    except ProviderError as error:
        result = error
    except Exception:
        log.exception("a call broke in an unforeseen way", call=call.id)
        result = MaybeTakenError("the call broke on our side; Africa's Talking may have taken it")
    if isinstance(result, ProviderError):
        log.warning("call failed", call=call.id, recipients=len(call.messages), taken=result.taken, why=str(result))
    while True:
        try:
            await db.write(record, call, result)
        except StoreUnavailableError as error:
            log.warning("a result could not be recorded yet", call=call.id, why=str(error))
            await asyncio.sleep(RECORD_AGAIN_SECONDS)
        else:
            break
    if isinstance(result, ProviderError):
        raise result
    return result


def record(tx: Tx, call: Call, result: replies.SendReply | ProviderError) -> None:
    """Record what came of a call."""
    if isinstance(result, ProviderError):
        record_error(tx, call, result)
    else:
        record_reply(tx, call, result)


def record_reply(tx: Tx, call: Call, reply: replies.SendReply) -> None:
    """Record AT's reply, recipient by recipient; apply the reports that came before it."""
    calls.finish(tx, call.id, "answered", summary=reply.summary)
    judged = verdict.judge(call.outgoing.to, reply)
    standings = messages.standings_of_call(tx, call.id)
    results = []
    for message_id, (line, outcome) in zip(call.messages, judged, strict=True):
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
        _apply(tx, call.id, standings[message_id], outcome, facts)
    calls.settle(tx, call.id, results)
    delivery.apply_waiting(tx, call.account, [each.provider_id for each in results if each.provider_id])


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
        _apply(tx, call, standings[message_id], outcome, Facts())


def _outcome_of_error(error: ProviderError) -> Outcome:
    verdict = Verdict.UNCERTAIN
    # With wrong credentials nothing is wrong with the messages: they wait until the key is mended.
    if isinstance(error, NotTakenError | CredentialsError):
        verdict = Verdict.NOT_TAKEN
    elif isinstance(error, RefusedError):
        verdict = Verdict.REFUSED
    return Outcome(error.http_status, "", verdict, Actor.PROVIDER, str(error))


_EVENTS: Final = {
    Verdict.TAKEN: Event.TAKEN,
    Verdict.REFUSED: Event.REFUSED,
    Verdict.OPTED_OUT: Event.OPTED_OUT,
    Verdict.NOT_TAKEN: Event.NOT_TAKEN,
    Verdict.UNCERTAIN: Event.LOST,
}


def _apply(tx: Tx, call: int, was: Standing, outcome: Outcome, facts: Facts) -> None:
    """Move one message as its outcome in a call says, unless a report has moved it further already."""
    event = _EVENTS[outcome.verdict]
    if event in (Event.NOT_TAKEN, Event.LOST) and calls.latest(tx, was.id) != call:
        # A late word on an earlier attempt says nothing about the one that is under way now.
        messages.annotate(tx, was.id, facts)
        return
    due = None
    if event is Event.NOT_TAKEN:
        due = tx.now + round(1000 * retry.delay(max(was.tries, 1), random.random()))
        # Who asked through an invoke route was told that it failed, and may have tried again: it is not queued.
        if was.source is Source.INVOKE or due >= was.expires_at:
            event, due = Event.GAVE_UP, None
    if event is Event.OPTED_OUT:
        sender = consent.named(was.sender)
        opt_outs.insert(tx, was.account, was.number, sender, opt_outs.Source.REFUSAL, "406 UserInBlacklist at send")
    if event is Event.LOST and was.source is not Source.INVOKE:
        event, due = _policy(tx, was)
    # What settles a doubt at once passes through it: the table knows no other way.
    start = State.UNCERTAIN if event in (Event.REPEATED, Event.WRITTEN_OFF) else was.state
    state = message.after(start, event, assumed=was.assumed)
    if state is None:
        messages.annotate(tx, was.id, facts)
        return
    reason = "" if event is Event.TAKEN else outcome.meaning
    assumed = message.still_assumed(event, assumed=was.assumed)
    messages.move(tx, was, state, reason, facts, due=due, assumed=assumed)


def _policy(tx: Tx, was: Standing) -> tuple[Event, int | None]:
    """What its own `on_uncertain` makes of a message that may have been taken: by default it is held for a person."""
    if was.state is not State.SENDING or was.on_uncertain == "hold":
        return Event.LOST, None
    # Not before the old call's lease is over: its late answer must find nothing new under way.
    due = tx.now + LEASE_MS
    if was.on_uncertain == "resend" and due < was.expires_at:
        return Event.REPEATED, due
    return Event.WRITTEN_OFF, None
