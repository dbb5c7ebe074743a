"""Messages counted by the hour that they were made in, so that a page never counts them itself.

An hour that changed is counted anew from its messages: whatever went wrong before, the next count puts right. Which
hours changed is read from the event log: ids alone tell it, since they carry their moment (ids.py). Counting is a read,
off the writer; what it found is written in a short transaction of its own, guarded by a turn (see `begin`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain import delivery_time
from ujumbe.domain.message import State
from ujumbe.store import ids
from ujumbe.store.database import Row, Tx

HOUR_MS: Final = 3_600_000
LEASE_MS: Final = 120_000
"""How long a turn is held without a sign of life: far longer than an hour of a million messages takes to count."""
BACK_HOURS: Final = 31 * 24
"""Of a past that nobody has counted yet, so much is."""
KEPT_HOURS: Final = 400 * 24
MOST_UNSETTLED: Final = 200


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
    """What one hour holds. `hour` is in whole hours since 1970."""

    hour: int
    messages: Mapping[tuple[State, str], int]
    """By state and network code."""
    times: Mapping[tuple[str, int], int]
    """Of those that arrived: by network code and step (see delivery_time)."""
    spent: Mapping[str, int]
    """Millionths by currency."""


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


def count(tx: Tx, account: int, hour: int) -> Hour:
    """Count an hour from its messages: a walk over a piece of the table, about 2 µs a message."""
    span = {"account": account, "first": ids.floor(hour * HOUR_MS), "following": ids.floor((hour + 1) * HOUR_MS)}
    messages: dict[tuple[State, str], int] = defaultdict(int)
    times: dict[tuple[str, int], int] = defaultdict(int)
    for state, network, took, number in tx.tuples("tallies.messages", **span):
        messages[State(state), network] += number
        if took >= 0:
            times[network, delivery_time.step(took)] += number
    return Hour(hour, messages, times, dict(tx.tuples("tallies.spending", **span)))


def keep(tx: Tx, account: int, turn: Turn, hour: Hour) -> bool:
    """Put this in the place of what was known of its hour; False where the turn is over, and nothing is changed."""
    if not tx.run("tallies.hold", account=account, turn=turn.turn, until=tx.now + LEASE_MS):
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
