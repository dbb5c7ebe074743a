"""From accepted to recorded: accept, claim, submit, record.

The intent to call AT is committed before a byte leaves, and what AT said is committed after. Whatever dies in between
leaves an open call behind, which upkeep settles as uncertain: a text is never submitted again unless AT surely did not
take it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from ujumbe import faults
from ujumbe.africastalking import replies
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import MaybeTakenError, ProviderError
from ujumbe.domain import consent
from ujumbe.domain.errors import StoreUnavailableError, UjumbeError
from ujumbe.domain.message import State
from ujumbe.domain.pause import Pause
from ujumbe.flows import claiming, pausing
from ujumbe.flows.claiming import OPTED_OUT, Call, Limits
from ujumbe.flows.recording import Finished, NotStartedError
from ujumbe.store import accounts, batches, opt_outs, outbox
from ujumbe.store.batches import Batch, Content
from ujumbe.store.clock import steady
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, New, Times

LIFETIME_MS: Final = 24 * 3600 * 1000
START_SECONDS: Final = 1.0
"""A call begins within a second of its claim's commit, or not at all: an opt-out may have come since."""
RECORD_AGAIN_SECONDS: Final = 0.5

Record = Callable[[Finished], Awaitable[object]]

log = structlog.get_logger()


class UnrecordableError(MaybeTakenError):
    """There was an answer, and it could not be recorded."""


class PausedError(UjumbeError):
    """The account is paused in a way that also holds for what is to be sent at once; nothing was sent."""


def accept(tx: Tx, batch: Batch, numbers: Sequence[str], *, lifetime_ms: int = LIFETIME_MS) -> list[int]:
    """Put one message a number into the outbox; their ids. Consent is judged when they are claimed."""
    return _store(tx, batch, [New(number, State.QUEUED) for number in numbers], lifetime_ms)


def accept_now(tx: Tx, batch: Batch, number: str, limits: Limits) -> Call | PausedError | None:
    """Accept one message that is submitted at once, with the intent.

    None (and a record) where consent forbids it; an error (and a record) where the account is paused by a person or
    for its credentials. Other pauses are about the queue: one text that a person asks for is no crowd.
    """
    opt_outs.hold_still(tx, batch.account)
    if opt_outs.in_force(tx, batch.account, number, consent.named(batch.sender)):
        _store(tx, batch, [New(number, State.BLOCKED, OPTED_OUT)])
        return None
    health = accounts.health(tx, batch.account)
    # With wrong credentials one text now and then is the probe; a person's pause has none.
    if health.pause is Pause.OPERATOR or (
        health.pause is Pause.CREDENTIALS and pausing.take_probe(tx, batch.account) is None
    ):
        _store(tx, batch, [New(number, State.FAILED, f"sending is paused: {health.note}")])
        return PausedError(f"Sending is paused ({health.note}); nothing was sent")
    [message] = _store(tx, batch, [New(number, State.SENDING)])
    content = Content(batch.mode, batch.sender, batch.text, batch.link_id, batch.keyword, batch.retry_hours)
    return claiming.begin_one(tx, batch.account, content, message, number, limits)


def _store(tx: Tx, batch: Batch, new: Sequence[New], lifetime_ms: int = LIFETIME_MS) -> list[int]:
    lot = Lot(batches.insert(tx, batch), batches.scope_of(batch), Times(tx.now, tx.now + lifetime_ms), new)
    return outbox.insert(tx, batch.account, [lot])[0]


async def submit(record: Record, client: AfricasTalking, call: Call) -> replies.SendReply:
    """Make the call and record what came of it. Returns AT's reply; raises the `ProviderError` after recording it.

    What goes wrong in a way that nobody foresaw may have happened after the request left, and counts as such. Must not
    be cancelled once begun: run it as a task of its own where the caller may go away. It ends only when the outcome is
    recorded, however long the database refuses, because the outcome is known nowhere else.
    """
    begun = time.monotonic()
    result = await _call(client, call)
    finished = Finished(call, result, time.monotonic() - begun)
    if isinstance(result, ProviderError):
        log.warning("call failed", call=call.id, recipients=len(call.messages), taken=result.taken, why=str(result))
    faults.point("after call")
    await _record(record, finished)
    if isinstance(result, ProviderError):
        raise result
    return result


async def _record(record: Record, finished: Finished) -> None:
    """Record a call, however long the database refuses.

    What cannot be recorded as it is (a reply that the tables refuse, a mistake of ours) is recorded as unanswered.
    """
    while True:
        try:
            await record(finished)
        except StoreUnavailableError as error:
            log.warning("a result could not be recorded yet", call=finished.call.id, why=str(error))
            await asyncio.sleep(RECORD_AGAIN_SECONDS)
        except Exception:
            if isinstance(finished.result, UnrecordableError):
                raise
            log.exception("a result cannot be recorded as it is", call=finished.call.id)
            why = "Africa's Talking answered in a way that could not be recorded; it may have taken the request"
            finished = replace(finished, result=UnrecordableError(why))
        else:
            return


async def _call(client: AfricasTalking, call: Call) -> replies.SendReply | ProviderError:
    if steady() - call.claimed_at > START_SECONDS:
        return NotStartedError("the call began too late after its messages were taken up; it did not leave")
    faults.point("before call")
    try:
        return await client.send(call.outgoing)
    except ProviderError as error:
        return error
    except Exception:
        log.exception("a call broke in an unforeseen way", call=call.id)
        return MaybeTakenError("the call broke on our side; Africa's Talking may have taken it")


def wait_ms(tx: Tx, account: int) -> int | None:
    """Milliseconds until the next waiting message is due (0 or less: it is); None where nothing waits."""
    due = outbox.next_due(tx, account)
    return None if due is None else due - tx.now
