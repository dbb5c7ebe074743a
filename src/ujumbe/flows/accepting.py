"""Taking a request to send into the outbox: verdicts, messages and the answer in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ujumbe.domain import consent, ids, recipients
from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.recipients import Verdict
from ujumbe.domain.segments import measure
from ujumbe.flows.claiming import OPTED_OUT
from ujumbe.store import answers, api_keys, batches, gathering, opt_outs, outbox, subscriptions
from ujumbe.store.batches import Batch
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, New, Times
from ujumbe.store.subscriptions import Product

LIFETIMES_MS: Final = {"otp": 10 * 60 * 1000, "transactional": 24 * 3600 * 1000, "promotional": 24 * 3600 * 1000}
"""How long a text may wait in our queue by its category: a login code is worth nothing after ten minutes."""
BUSY: Final = "a request with this Idempotency-Key is being answered"
FURTHEST_MS: Final = 366 * 24 * 3600 * 1000
MOST_SUBSCRIBERS: Final = 100_000
"""Subscribers in one request: one transaction stores them all, and others wait for it for a second or two."""


class ConflictError(UjumbeError):
    """The Idempotency-Key was used before, for another body."""


class RevokedError(UjumbeError):
    """The API key has been revoked since it was found good."""


class BusyError(UjumbeError):
    """Another process is answering a request with this Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Order:
    """A request to send: what, to whom, when (epoch ms; None for now and for the category's lifetime)."""

    batch: Batch
    verdicts: Sequence[Verdict]
    send_at: int | None = None
    expires_at: int | None = None
    priority: int = 0
    subscribers: bool = False
    """Whether it goes to whoever is subscribed to its sender and keyword when it is stored; no verdicts until then."""

    @property
    def numbers(self) -> list[str]:
        """The numbers that can be texted."""
        return [each.number for each in self.verdicts if each.number is not None]


@dataclass(frozen=True, slots=True)
class Request:
    """An order, and what makes it the same as an earlier one where the caller gave an Idempotency-Key."""

    order: Order
    claim: answers.Request | None = None

    @property
    def weight(self) -> int:
        """How many rows it makes; how many subscribers there are is not known yet, and may be very many."""
        return gathering.LARGEST if self.order.subscribers else len(self.order.verdicts)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request, as JSON, and whether it is an earlier one given again."""

    document: dict[str, Any]
    replayed: bool


def accept_all(tx: Tx, requests: Sequence[Request]) -> list[Accepted | Exception]:
    """Store what can be sent and answer each request with a verdict for each number.

    A request whose key came before gets its answer again and nothing is stored. In place of an answer there is a
    `ConflictError`, a `BusyError`, or an `InvalidInputError` where a time cannot be or no number can be texted.
    """
    revoked = api_keys.revoked_among(tx, {each.order.batch.api_key for each in requests} - {None})
    results: list[Accepted | Exception | None] = []
    requests = list(requests)
    keys: set[tuple[int, int, str]] = set()
    for place, each in enumerate(requests):
        result = _already(tx, each, revoked)
        if result is None and each.order.batch.keyword:
            try:
                requests[place] = replace(each, order=_addressed(tx, each.order))
            except InvalidInputError as error:
                result = error
        if result is None and each.claim is not None:
            # Its caller went away and came again before it was stored: two in one transaction hold the same lock.
            key = each.claim.account, each.claim.api_key, each.claim.key
            result = BusyError(BUSY) if key in keys else None
            keys.add(key)
        results.append(result)
    fresh = [index for index, result in enumerate(results) if result is None]
    by_account: dict[int, list[int]] = {}
    for index in fresh:
        by_account.setdefault(requests[index].order.batch.account, []).append(index)
    for account, indices in by_account.items():
        for index, answer in zip(indices, _store(tx, account, [requests[each] for each in indices]), strict=True):
            results[index] = answer
    return [each for each in results if each is not None]


def _already(tx: Tx, request: Request, revoked: Collection[int]) -> Accepted | Exception | None:
    """What can be answered without storing anything; None where the request is new and good."""
    if request.order.batch.api_key in revoked:
        return RevokedError("the API key was revoked")
    claim = request.claim
    if claim is not None:
        if not tx.try_lock(f"key {claim.account} {claim.api_key} {claim.key}"):
            return BusyError(BUSY)
        earlier = answers.find(tx, claim)
        if earlier is not None:
            if not earlier.same_body:
                return ConflictError("this Idempotency-Key was used for a request with another body")
            return Accepted(earlier.document, replayed=True)
    try:
        _times(tx, request.order)
    except InvalidInputError as error:
        return error
    if not request.order.subscribers and not request.order.numbers:
        return InvalidInputError("to", f"none of the numbers can be texted: {request.order.verdicts[0].reason}")
    return None


def _addressed(tx: Tx, order: Order) -> Order:
    """An order with its keyword as AT spells it, and one to subscribers with those that there are now.

    Spelled otherwise, AT may know no such product, and would report that nobody is subscribed to it. Raises
    `InvalidInputError` where there are no subscribers, or too many.
    """
    if not order.batch.keyword:
        return order
    account, given = order.batch.account, Product(order.batch.sender, order.batch.keyword)
    product = given._replace(keyword=subscriptions.spelling(tx, account, given))
    order = replace(order, batch=replace(order.batch, keyword=product.keyword))
    if not order.subscribers:
        return order
    found = subscriptions.live(tx, account, product, MOST_SUBSCRIBERS + 1)
    if len(found) > MOST_SUBSCRIBERS:
        parts = "list them (GET /v1/subscriptions) and send to them in parts"
        raise InvalidInputError("to", f"more than {MOST_SUBSCRIBERS:,} are subscribed: {parts}")
    verdicts = recipients.judge([each.number for each in found])
    if not any(each.number for each in verdicts):
        raise InvalidInputError("to", f"nobody is subscribed to {product.keyword} on {product.short_code}")
    return replace(order, verdicts=verdicts)


def _store(tx: Tx, account: int, requests: Sequence[Request]) -> list[Accepted]:
    orders = [each.order for each in requests]
    out = _opted_out(tx, orders)
    batch_ids = batches.insert_all(tx, [order.batch for order in orders])
    lots = []
    for order, batch_id in zip(orders, batch_ids, strict=True):
        times, scope = _times(tx, order), batches.scope_of(order.batch)
        begin = State.SCHEDULED if times.due > tx.now else State.QUEUED
        new = [
            New(each, State.BLOCKED, OPTED_OUT) if (scope, each) in out else New(each, begin) for each in order.numbers
        ]
        lots.append(Lot(batch_id, scope, times, new))
    made = outbox.insert(tx, account, lots)
    answered = []
    for request, lot, message_ids in zip(requests, lots, made, strict=True):
        document = _answer(request.order, lot, message_ids)
        if request.claim is not None:
            answers.keep(tx, request.claim, document)
        answered.append(Accepted(document, replayed=False))
    return answered


def _opted_out(tx: Tx, orders: Sequence[Order]) -> set[tuple[str, str]]:
    """Who of all these wants nothing from the sender: (sender as opt-outs compare it, number)."""
    by_sender: dict[str, list[str]] = {}
    for order in orders:
        by_sender.setdefault(order.batch.sender, []).extend(order.numbers)
    account = orders[0].batch.account
    return {
        (consent.scope(consent.named(sender)), number)
        for sender, numbers in by_sender.items()
        for number in opt_outs.in_force_among(tx, account, numbers, sender)
    }


def quote(tx: Tx, order: Order) -> dict[str, Any]:
    """What sending would cost and do, without storing or sending anything. Raises as `accept` does."""
    _times(tx, order)
    order = _addressed(tx, order)
    sendable = order.numbers
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


def _answer(order: Order, lot: Lot, message_ids: Sequence[int]) -> dict[str, Any]:
    rows: list[dict[str, str | None]] = []
    stored = zip(message_ids, lot.new, strict=True)
    for each in order.verdicts:
        if each.number is None:
            rows.append({"id": None, "to": each.given, "state": "rejected", "reason": each.reason})
            continue
        message_id, new = next(stored)
        row: dict[str, str | None] = {"id": ids.show(Kind.MESSAGE, message_id), "to": each.number, "state": new.state}
        if new.reason:
            row["reason"] = new.reason
        rows.append(row)
    return {
        "id": ids.show(Kind.BATCH, lot.batch),
        "messages": rows,
        "segments": measure(order.batch.text).segments,
        "accepted": len(message_ids),
        "rejected": len(rows) - len(message_ids),
    }
