"""Taking a request to send into the outbox: verdicts, messages and the answer in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.recipients import Verdict
from ujumbe.domain.segments import measure
from ujumbe.flows.sending import OPTED_OUT
from ujumbe.store import answers, batches, messages, opt_outs
from ujumbe.store.batches import Batch
from ujumbe.store.messages import New, Times
from ujumbe.store.sqlite import Tx

LIFETIMES_MS: Final = {"otp": 10 * 60 * 1000, "transactional": 24 * 3600 * 1000, "promotional": 24 * 3600 * 1000}
"""How long a text may wait in our queue by its category: a login code is worth nothing after ten minutes."""
FURTHEST_MS: Final = 366 * 24 * 3600 * 1000


class ConflictError(UjumbeError):
    """The Idempotency-Key was used before, for another body."""


@dataclass(frozen=True, slots=True)
class Order:
    """A request to send: what, to whom, when (epoch ms; None for now and for the category's lifetime)."""

    batch: Batch
    verdicts: Sequence[Verdict]
    send_at: int | None = None
    expires_at: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request, as JSON, and whether it is an earlier one given again."""

    document: dict[str, Any]
    replayed: bool


def accept(tx: Tx, order: Order, request: answers.Request | None) -> Accepted:
    """Store what can be sent and answer with a verdict for each number.

    With `request`, one that came before gets its answer again and nothing is stored. Raises `ConflictError`, or
    `InvalidInputError` where a time cannot be or no number can be texted.
    """
    if request is not None:
        earlier = answers.find(tx, request)
        if earlier is not None:
            if not earlier.same_body:
                raise ConflictError("this Idempotency-Key was used for a request with another body")
            return Accepted(earlier.document, replayed=True)
    times = _times(tx, order)
    sendable = [each.number for each in order.verdicts if each.number is not None]
    if not sendable:
        raise InvalidInputError("to", f"none of the numbers can be texted: {order.verdicts[0].reason}")
    out = opt_outs.in_force_among(tx, order.batch.account, sendable, order.batch.sender)
    begin = State.SCHEDULED if times.due > tx.now else State.QUEUED
    new = [New(each, State.BLOCKED, OPTED_OUT) if each in out else New(each, begin) for each in sendable]
    batch_id = batches.insert(tx, order.batch)
    message_ids = messages.insert(tx, order.batch.account, batch_id, new, times)
    document = _answer(order, batch_id, dict(zip(sendable, zip(message_ids, new, strict=True), strict=True)))
    if request is not None:
        answers.keep(tx, request, document)
    return Accepted(document, replayed=False)


def quote(tx: Tx, order: Order) -> dict[str, Any]:
    """What sending would cost and do, without storing or sending anything. Raises as `accept` does."""
    _times(tx, order)
    sendable = [each.number for each in order.verdicts if each.number is not None]
    out = opt_outs.in_force_among(tx, order.batch.account, sendable, order.batch.sender)
    weight = measure(order.batch.text)
    recipients = []
    for each in order.verdicts:
        verdict = {"to": each.number or each.given, "state": "accepted" if each.number else "rejected"}
        if each.number in out:
            verdict |= {"state": State.BLOCKED, "reason": OPTED_OUT}
        elif each.reason:
            verdict["reason"] = each.reason
        recipients.append(verdict)
    return {
        "encoding": weight.encoding,
        "segments": weight.segments,
        "units": weight.units,
        "remaining": weight.remaining,
        "costly": [
            {"index": each.index, "character": each.character, "forces_ucs2": each.forces_ucs2}
            for each in weight.costly
        ],
        "messages": recipients,
        "accepted": len(sendable),
        "rejected": len(order.verdicts) - len(sendable),
        "total_segments": weight.segments * (len(sendable) - len(out)),
    }


def _times(tx: Tx, order: Order) -> Times:
    due = tx.now if order.send_at is None else order.send_at
    expires = due + LIFETIMES_MS[order.batch.category] if order.expires_at is None else order.expires_at
    if order.send_at is not None and order.send_at <= tx.now:
        raise InvalidInputError("send_at", "send_at is in the past; leave it out to send now")
    if order.expires_at is not None and order.expires_at <= due:
        raise InvalidInputError("expires_at", "expires_at must be after send_at, or after now without one")
    if max(due, expires) > tx.now + FURTHEST_MS:
        raise InvalidInputError("expires_at" if due <= tx.now + FURTHEST_MS else "send_at", "at most a year ahead")
    return Times(due, expires, order.priority)


def _answer(order: Order, batch_id: int, stored: dict[str, tuple[int, New]]) -> dict[str, Any]:
    rows: list[dict[str, str | None]] = []
    for each in order.verdicts:
        if each.number is None:
            rows.append({"id": None, "to": each.given, "state": "rejected", "reason": each.reason})
            continue
        message_id, new = stored[each.number]
        row: dict[str, str | None] = {"id": ids.show(Kind.MESSAGE, message_id), "to": each.number, "state": new.state}
        rows.append(row | {"reason": new.reason} if new.reason else row)
    return {
        "id": ids.show(Kind.BATCH, batch_id),
        "messages": rows,
        "segments": measure(order.batch.text).segments,
        "accepted": len(stored),
        "rejected": len(rows) - len(stored),
    }
