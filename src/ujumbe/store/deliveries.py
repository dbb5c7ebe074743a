"""Deliveries: an event for an endpoint, and what the receiver answered each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ujumbe.domain.event import Type
from ujumbe.domain.webhook import DeliveryState
from ujumbe.store.database import Tx
from ujumbe.store.events import Event

MOST_FORGOTTEN: Final = 5_000
WINDOW: Final = 10_000
"""Deliveries that a look goes through at most where no index serves it."""
LARGEST_BODY: Final = 1_000
"""Characters of an answer that are kept."""

_LISTS: Final = {
    DeliveryState.PENDING: "deliveries.list_pending",
    DeliveryState.FAILED: "deliveries.list_failed",
    DeliveryState.DELIVERED: "deliveries.list_delivered",
}
"""A state stands in its statement as it is: a partial index is used only where its own words are seen."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is ours until `lease_until` (epoch ms); this is its `tries`-th try."""

    id: int
    webhook: int
    event: Event
    tries: int
    lease_until: int


class Attempt(NamedTuple):
    """One request to a receiver. `started_at` is epoch milliseconds; `status` is None where there was no answer."""

    started_at: int
    took_ms: int
    status: int | None
    body: str
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is shown. Times are epoch milliseconds; `due_at` is when the next try is made."""

    seq: int
    type: str
    subject: int
    """The id of what it is about."""
    made_at: int
    state: DeliveryState
    tries: int
    due_at: int
    finished_at: int | None
    attempts: tuple[Attempt, ...]


def insert(tx: Tx, webhook: int, new: Sequence[Event]) -> None:
    """Make deliveries of events, due at once; those that are there already stay as they are."""
    _each(tx, "deliveries.insert", webhook, new)


def again(tx: Tx, webhook: int, wanted: Sequence[Event]) -> int:
    """Deliver these events, whatever became of them before; how many there are. One that is under way is left alone."""
    return _each(tx, "deliveries.again", webhook, wanted)


def waiting(tx: Tx, webhook: int, most: int) -> int:
    """How many deliveries are due; at most `most` are counted."""
    return len(tx.tuples("deliveries.waiting", webhook=webhook, now=tx.now, most=most))


def lease(tx: Tx, webhook: int, most: int, lease_ms: int) -> list[Leased]:
    """Take up to `most` deliveries that are due, for so long."""
    rows = tx.tuples("deliveries.due", webhook=webhook, now=tx.now, most=most)
    until = tx.now + lease_ms
    if rows:
        tx.run("deliveries.lease", ids=[row[0] for row in rows], until=until)
    return [
        Leased(each, webhook, Event(seq, Type(type_), subject, made_at), tries + 1, until)
        for each, seq, type_, subject, made_at, tries in rows
    ]


def release(tx: Tx, account: int) -> int:
    """End every lease, where whoever held one is dead; how many there were."""
    return tx.run("deliveries.release", account=account, now=tx.now)


def record(tx: Tx, leased: Leased, attempt: Attempt, state: DeliveryState, due_at: int | None) -> bool:
    """Keep what came of a try, and where the delivery stands after it; False where its lease ran out before."""
    finished = None if state is DeliveryState.PENDING else tx.now
    values = {"state": state, "due": due_at, "finished": finished, "lease": leased.lease_until}
    held = tx.run("deliveries.record", id=leased.id, **values) > 0
    tx.run(
        "deliveries.attempt",
        id=tx.new_id(),
        delivery=leased.id,
        started=attempt.started_at,
        took=attempt.took_ms,
        status=attempt.status,
        body=attempt.body[:LARGEST_BODY],
        error=attempt.error,
    )
    return held


class Page(NamedTuple):
    """Deliveries, newest event first, and the `before` of the following page.

    `cut` says that they are short of a page only because a look ended after `WINDOW` deliveries.
    """

    items: list[Delivery]
    next: int | None
    cut: bool


def page(tx: Tx, webhook: int, *, state: DeliveryState | None = None, before: int | None, limit: int) -> Page:
    """Deliveries of one endpoint with every attempt; `before` is an event's number.

    Delivered is nearly everything: no index is kept for it, and where nothing is, nobody shall walk over a million.
    """
    values = {"webhook": webhook, "before": before if before is not None else (1 << 63) - 1}
    edge = None
    if state is DeliveryState.DELIVERED:
        edge = tx.one("deliveries.edge", window=WINDOW, **values)
        values["edge"] = 0 if edge is None else int(edge["seq"])
    rows = tx.tuples("deliveries.list" if state is None else _LISTS[state], limit=limit + 1, **values)
    items = _with_attempts(tx, rows[:limit])
    if len(rows) > limit:
        return Page(items, items[-1].seq, cut=False)
    return Page(items, None if edge is None else values["edge"] + 1, cut=edge is not None)


class Counts(NamedTuple):
    """How many deliveries of an endpoint wait and how many failed, each counted up to a hundred."""

    pending: int
    failed: int


def counts(tx: Tx, webhook: int) -> Counts:
    """How many wait, and how many failed."""
    row = tx.all("deliveries.counts", webhook=webhook)[0]
    return Counts(row["pending"], row["failed"])


def retry(tx: Tx, webhook: int, since: int, before: int, most: int) -> tuple[int, int | None]:
    """Let deliveries that failed be tried again: up to `most`, newest first, below the number `before`.

    Only of events from `since` (epoch ms) on. Returns how many there were, and the `before` to go on with, if any.
    """
    rows = tx.tuples("deliveries.failed", webhook=webhook, before=before, limit=most)
    wanted = [each for each, _, made_at in rows if made_at >= since]
    if wanted:
        tx.run("deliveries.retry", ids=wanted, now=tx.now)
    return len(wanted), rows[-1][1] if wanted and len(rows) == most else None


def oldest(tx: Tx, webhook: int) -> int | None:
    """When (epoch ms) the first event happened that this endpoint still waits for; None where it waits for none."""
    row = tx.one("deliveries.oldest", webhook=webhook)
    return None if row is None else int(row["made_at"])


def forget(tx: Tx, before: int) -> int:
    """Delete up to `MOST_FORGOTTEN` deliveries, and as many attempts, with an id below `before`; how many in all."""
    deliveries = tx.run("deliveries.forget", before=before, most=MOST_FORGOTTEN)
    return deliveries + tx.run("deliveries.forget_attempts", before=before, most=MOST_FORGOTTEN)


def forget_orphans(tx: Tx) -> int:
    """Delete up to `MOST_FORGOTTEN` deliveries of endpoints that were deleted; how many there were."""
    orphans = [row[0] for row in tx.tuples("deliveries.orphans", most=MOST_FORGOTTEN)]
    if orphans:
        tx.run("deliveries.delete_attempts", ids=orphans)
        tx.run("deliveries.delete", ids=orphans)
    return len(orphans)


def _with_attempts(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> list[Delivery]:
    tried: dict[int, list[Attempt]] = {}
    for delivery, *attempt in tx.tuples("deliveries.attempts", ids=[row[0] for row in rows]):
        tried.setdefault(delivery, []).append(Attempt(*attempt))
    return [
        Delivery(seq, type_, subject, made_at, DeliveryState(state), tries, due_at, done, tuple(tried.get(each, ())))
        for each, seq, type_, subject, made_at, state, tries, due_at, done in rows
    ]


def _each(tx: Tx, name: str, webhook: int, wanted: Sequence[Event]) -> int:
    if not wanted:
        return 0
    columns: dict[str, Sequence[Any]] = {
        "id": tx.new_ids(len(wanted)),
        "seq": [each.seq for each in wanted],
        "type": [str(each.type) for each in wanted],
        "subject": [each.subject for each in wanted],
        "made_at": [each.made_at for each in wanted],
    }
    return tx.many(name, columns, webhook=webhook, now=tx.now)
