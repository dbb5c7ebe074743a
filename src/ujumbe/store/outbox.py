"""The outbox: the queue side of the messages table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.store import events
from ujumbe.store.database import Tx

MOST_LANES: Final = 200
"""Senders looked at in one claim. An account registers a handful."""
WITHDRAWN: Final = "the opt-out that it confirms has ended"
MOST_MOVED: Final = 10_000
"""Messages that fall due or expire in one transaction: bounds how long it holds them."""


class New(NamedTuple):
    """A message to store: where it goes, in which state it begins, and why."""

    number: str
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """When messages may leave (epoch ms), and which go first: the higher priority."""

    due: int
    expires: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """The messages of one batch that are to be stored. `scope` is its sender as opt-outs compare it."""

    batch: int
    scope: str
    times: Times
    new: Sequence[New]


class Lane(NamedTuple):
    """A sender (as opt-outs compare it) with something queued, and its highest priority."""

    scope: str
    top: int


class Due(NamedTuple):
    """A message whose time has come."""

    id: int
    number: str
    batch: int
    priority: int
    due_at: int
    expires_at: int
    opted_out: bool
    exempt: bool = False
    """Whether it is the one confirmation of an opt-out."""


def insert(tx: Tx, account: int, lots: Sequence[Lot]) -> list[list[int]]:
    """Store the messages of some batches; their ids, a list for each lot.

    One that is `sending` has its first try behind it; where one is queued, the workers are told.
    """
    ids = iter(tx.new_ids(sum(len(lot.new) for lot in lots)))
    made = [[next(ids) for _ in lot.new] for lot in lots]
    rows = [
        (message, lot.batch, each.number, lot.scope, each.state, each.reason, lot.times.priority, lot.times.due,
         lot.times.expires, int(each.state is State.SENDING))
        for lot, lot_ids in zip(lots, made, strict=True)
        for message, each in zip(lot_ids, lot.new, strict=True)
    ]  # fmt: skip
    if rows:
        names = ("id", "batch", "number", "scope", "state", "reason", "priority", "due", "expires", "tries")
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        tx.many("outbox.insert", columns, account=account, now=tx.now)
        events.add(tx, account, Type.ACCEPTED, columns["id"])
        events.moved(tx, account, zip(columns["id"], columns["state"], strict=True))
        if State.QUEUED in columns["state"]:
            tx.wake()
    return made


def fall_due(tx: Tx, account: int) -> int:
    """Queue what was scheduled and whose time has come; how many messages that was."""
    return tx.run("outbox.fall_due", account=account, now=tx.now, most=MOST_MOVED)


def expire(tx: Tx, account: int, reason: str) -> int:
    """Expire what waited too long; how many messages that was."""
    expired = tx.tuples("outbox.expire", account=account, reason=reason, now=tx.now, most=MOST_MOVED)
    events.add(tx, account, Type.EXPIRED, sorted(row[0] for row in expired))
    return len(expired)


def lanes(tx: Tx, account: int) -> list[Lane]:
    """The senders with something queued, in the order of their names."""
    return [Lane(*row) for row in tx.tuples("outbox.lanes", account=account, most=MOST_LANES)]


def due(tx: Tx, account: int, lane: Lane, most: int) -> list[Due]:
    """The first `most` queued messages of a sender whose time has come, by priority and age.

    Nobody else gets them until the transaction ends.
    """
    found: list[Due] = []
    for priority in _priorities(tx, account, lane):
        place = {"account": account, "scope": lane.scope, "priority": priority}
        found += map(Due._make, tx.tuples("outbox.due", now=tx.now, most=most - len(found), **place))
        if len(found) >= most:
            break
    return found


def _priorities(tx: Tx, account: int, lane: Lane) -> Iterator[int]:
    """The priorities of what a sender has queued, highest first; the next is asked for only when it is wanted."""
    priority: int | None = lane.top
    while priority is not None:
        yield priority
        below = tx.one("outbox.below", account=account, scope=lane.scope, priority=priority)
        priority = None if below is None else below["priority"]


def exempt(tx: Tx, message: int) -> None:
    """Let a message go out although its recipient has opted out: only the one confirmation of an opt-out may."""
    tx.run("outbox.exempt", id=message)


def confirmed(tx: Tx, account: int, number: str, since: int) -> bool:
    """Whether an opt-out of `number` was confirmed by a message with an id above `since`."""
    return tx.one("outbox.confirmed", account=account, number=number, since=since) is not None


def withdraw(tx: Tx, account: int, number: str) -> None:
    """Cancel a confirmation that has not left: its number wants to hear from us again."""
    gone = tx.tuples("outbox.withdraw", account=account, number=number, reason=WITHDRAWN, now=tx.now)
    events.add(tx, account, Type.CANCELED, sorted(row[0] for row in gone))


def set_aside(tx: Tx, account: int, message_ids: Sequence[int], state: State, reason: str) -> None:
    """Bring those of `message_ids` that are still queued into `state`: they are not sent."""
    if message_ids:
        moved = tx.tuples("outbox.set_aside", ids=list(message_ids), state=state, reason=reason, now=tx.now)
        events.moved(tx, account, [(each, state) for each in sorted(row[0] for row in moved)])


def take(tx: Tx, message_ids: Sequence[int]) -> int:
    """Bring those of `message_ids` that are still queued into `sending`; how many they were."""
    return tx.run("outbox.take", ids=list(message_ids), now=tx.now) if message_ids else 0


def next_due(tx: Tx, account: int) -> int | None:
    """When the next waiting message is due (epoch ms), or None where nothing waits."""
    moments = [tx.all("outbox.first_scheduled", account=account)[0]["due"], oldest_due(tx, account)]
    return min((each for each in moments if each is not None), default=None)


def oldest_due(tx: Tx, account: int) -> int | None:
    """When the first queued message is or was due (epoch ms), or None where none is queued."""
    moments = []
    for lane in lanes(tx, account):
        for priority in _priorities(tx, account, lane):
            place = {"account": account, "scope": lane.scope, "priority": priority}
            moments.append(tx.all("outbox.first_due", **place)[0]["due"])
    return min((each for each in moments if each is not None), default=None)


def depth(tx: Tx, account: int) -> dict[State, tuple[int, int]]:
    """How many messages are queued and scheduled, and since when (epoch ms) the first of them has been due."""
    rows = tx.all("outbox.depth", account=account)
    return {State(row["state"]): (row["number"], row["oldest"]) for row in rows if row["number"]}
