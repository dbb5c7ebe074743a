"""Messages counted by the hour that they were made in, so that a page never counts them itself.

An hour that changed is counted anew from its messages: whatever went wrong before, the next count puts right. Which
hours changed is read from the event log: ids alone tell it, since they carry their moment (ids.py). Counting is a read,
off the writer; what it found is written in a short transaction of its own, guarded by a turn (see `begin`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ujumbe.domain import delivery_time
from ujumbe.domain.message import State
from ujumbe.store import events, ids
from ujumbe.store.database import Row, Tx

HOUR_MS: Final = 3_600_000
LEASE_MS: Final = 120_000
"""How long a turn is held without a sign of life: far longer than a piece takes to count, and the rest after it."""
BACK_HOURS: Final = 31 * 24
"""Of a past that nobody has counted yet, so much is."""
KEPT_HOURS: Final = 400 * 24
MOST_UNSETTLED: Final = 200
PIECE: Final = 10_000
"""Messages that are counted at one go: some 20 ms of a core that others may be waiting for."""
MOST_ROWS: Final = 200
"""Rows of the event log that one look goes through: 200,000 ids at most, some 100 ms."""
HOUR_OF_IDS: Final = ids.floor(ids.EPOCH_MS + HOUR_MS)
"""How many ids lie between the first of an hour and the first of the next."""


class Turn(NamedTuple):
    """Somebody's turn to count. Changes up to the event `position` are counted; of the past, the hours from `back_to`.

    `counted_at` (epoch ms) is when that was so, or will have been once the turn is finished; None before the first.
    """

    position: int
    back_to: int
    turn: int
    counted_at: int | None


@dataclass(frozen=True, slots=True)
class Hour:
    """What one hour holds, or a piece of it. `hour` is in whole hours since 1970."""

    hour: int
    messages: Counter[tuple[State, str]] = field(default_factory=Counter)
    """By state and network code."""
    times: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Of those that arrived: by network code and step (see delivery_time)."""
    spent: Counter[str] = field(default_factory=Counter)
    """Millionths by currency."""

    def add(self, piece: "Hour") -> None:
        """Count a further piece of it in."""
        self.messages.update(piece.messages)
        self.times.update(piece.times)
        self.spent.update(piece.spent)


def hour_of(moment_ms: int) -> int:
    """The hour of a moment (epoch milliseconds)."""
    return moment_ms // HOUR_MS


def hour_of_id(message: int) -> int:
    """The hour that a message was made in."""
    return hour_of(ids.moment(message))


def standing(tx: Tx, account: int) -> Turn | None:
    """How far the counting is; None before it has begun."""
    row = tx.one("tallies.standing", account=account)
    return None if row is None else _turn(row)


def begin(tx: Tx, account: int, position: int, *, alone: bool) -> Turn | None:
    """Take the turn to count; None while another process has it. It ends with `finish`, or some time after its death.

    The first one ever counts changes from the event `position` on. `alone` says that no other process counts here, so
    that a turn which nobody ended is over. What is written in a turn that was taken over is refused: it might be older
    than what stands there.
    """
    if tx.one("tallies.standing", account=account) is None:
        tx.run("tallies.enter", account=account, position=position, back_to=hour_of(tx.now) + 1)
    free = tx.now + LEASE_MS if alone else tx.now
    row = tx.one("tallies.begin", account=account, free=free, until=tx.now + LEASE_MS, far=tx.now + 2 * LEASE_MS)
    return None if row is None else _turn(row)._replace(counted_at=tx.now)


def oldest(tx: Tx) -> int:
    """The first hour of the past that is worth counting."""
    first = tx.all("tallies.first_message")[0]["id"]
    earliest = hour_of(tx.now) - BACK_HOURS
    return hour_of(tx.now) + 1 if first is None else max(earliest, hour_of_id(first))


def lost(tx: Tx, position: int, last: int) -> bool:
    """Whether events after `position` were deleted before they were looked at; `last` is the latest number there is."""
    first = tx.all("tallies.first_event")[0]["seq"]
    return position < last if first is None else first > position + 1


def unsettled(tx: Tx, account: int) -> list[int]:
    """Hours with messages that wait or are uncertain, newest first: they may change without an event."""
    return [row[0] for row in tx.tuples("tallies.unsettled", account=account, most=MOST_UNSETTLED)]


def changed(tx: Tx, account: int, position: int) -> tuple[set[int], int]:
    """Hours with messages that something happened to after the event `position`, and where to read on from.

    It looks at `MOST_ROWS` rows at most: read on from there, until it stays as it was.
    """
    end = events.last(tx)  # asked first: what is numbered by now will be found below
    values = {"types": sorted(events.OF_MESSAGES), "width": HOUR_OF_IDS, "seq": position, "most": MOST_ROWS}
    rows = tx.tuples("tallies.changed", account=account, **values)
    hours = {hour_of(ids.EPOCH_MS) + hour for hour, _ in rows if hour is not None}
    return hours, max((seen for _, seen in rows), default=max(position, end))


def count(tx: Tx, account: int, hour: int, first: int | None = None) -> tuple[Hour, int | None]:
    """Count a piece of an hour, from the id `first` on or from the beginning; and where the next piece begins, if any.

    Each message is in one piece, as it is when that is counted; about 2 µs a message.
    """
    span = {"first": ids.floor(hour * HOUR_MS) if first is None else first}
    span["following"] = ids.floor((hour + 1) * HOUR_MS)
    edge = tx.one("tallies.edge", piece=PIECE, **span)
    if edge is not None:
        span["following"] = edge["id"]
    piece = Hour(hour)
    for state, network, took, number in tx.tuples("tallies.messages", account=account, **span):
        piece.messages[State(state), network] += number
        if took >= 0:
            piece.times[network, delivery_time.step(took)] += number
    piece.spent.update(dict(tx.tuples("tallies.spending", account=account, **span)))
    return piece, None if edge is None else edge["id"]


def hold(tx: Tx, account: int, turn: Turn) -> bool:
    """Show that a turn goes on; False where another process has taken over."""
    return tx.run("tallies.hold", account=account, turn=turn.turn, until=tx.now + LEASE_MS) > 0


def keep(tx: Tx, account: int, turn: Turn, hour: Hour) -> bool:
    """Put this in the place of what was known of its hour; False where the turn is over, and nothing is changed."""
    if not hold(tx, account, turn):
        return False
    _clear(tx, account, hour.hour, hour.hour + 1)
    rows = [(state, network, number) for (state, network), number in hour.messages.items()]
    _add(tx, "tallies.add_tallies", ("state", "network_code", "messages"), rows, account, hour.hour)
    took = [(network, seconds, number) for (network, seconds), number in hour.times.items()]
    _add(tx, "tallies.add_delivery_times", ("network_code", "seconds", "messages"), took, account, hour.hour)
    _add(tx, "tallies.add_spending", ("currency", "micros"), list(hour.spent.items()), account, hour.hour)
    return True


def finish(tx: Tx, account: int, turn: Turn) -> bool:
    """End a turn: what `turn` now says is counted. False where it was taken over.

    Hours that are older than anybody looks at are deleted.
    """
    _clear(tx, account, 0, hour_of(tx.now) - KEPT_HOURS)
    values = turn._asdict()
    return tx.run("tallies.finish", account=account, **values) > 0


def _clear(tx: Tx, account: int, first: int, following: int) -> None:
    for name in ("tallies.clear_tallies", "tallies.clear_delivery_times", "tallies.clear_spending"):
        tx.run(name, account=account, first=first, following=following)


def _add(
    tx: Tx, name: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], account: int, hour: int
) -> None:
    if rows:
        tx.many(name, dict(zip(columns, zip(*rows, strict=True), strict=True)), account=account, hour=hour)


def _turn(row: Row) -> Turn:
    return Turn(row["position"], row["back_to"], row["turn"], row["counted_at"])
