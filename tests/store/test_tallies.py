from collections import Counter

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, batch, number
from ujumbe.domain.delivery_time import Median
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import batches, events, ids, outbox, overview, tallies
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, New, Times
from ujumbe.store.tallies import HOUR_MS, Hour, Turn

HOUR = 500_000
EMPTY = Hour(HOUR)


def held(
    hour: int,
    messages: dict[tuple[State, str], int],
    times: dict[tuple[str, int], int] | None = None,
    spent: dict[str, int] | None = None,
) -> Hour:
    return Hour(hour, Counter(messages), Counter(times), Counter(spent))


def stored(tx: Tx, ours: int, states: list[State]) -> list[int]:
    """Messages in these states, made now."""
    given = batch(ours)
    new = [New(number(index), state) for index, state in enumerate(states)]
    times = Times(tx.now, tx.now + 86_400_000)
    [made] = outbox.insert(tx, ours, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])
    return made


def begun(store: Opened, ours: int, *, alone: bool = False) -> Turn | None:
    return store.write(lambda tx: tallies.begin(tx, ours, events.last(tx), alone=alone))


def test_an_hour_holds_what_its_ids_say(store: Opened, ours: int, other: int, clock: Clock) -> None:
    clock.set(HOUR * HOUR_MS + 1_000)
    before = store.write(stored, ours, [State.SCHEDULED])
    clock.set((HOUR + 1) * HOUR_MS)
    store.write(stored, ours, [State.SCHEDULED, State.QUEUED, State.QUEUED])
    store.write(stored, other, [State.QUEUED])
    assert [tallies.hour_of_id(each) for each in before] == [HOUR]
    assert store.read(tallies.count, ours, HOUR) == (held(HOUR, {(State.SCHEDULED, ""): 1}), None)
    later = held(HOUR + 1, {(State.SCHEDULED, ""): 1, (State.QUEUED, ""): 2})
    assert store.read(tallies.count, ours, HOUR + 1) == (later, None)
    assert store.read(tallies.count, ours, HOUR + 2) == (Hour(HOUR + 2), None)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_a_large_hour_is_counted_in_pieces(
    store: Opened, ours: int, other: int, clock: Clock, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(tallies, "PIECE", size)
    clock.set(HOUR * HOUR_MS)
    store.write(stored, ours, [State.SCHEDULED, State.QUEUED, State.QUEUED])
    store.write(stored, other, [State.QUEUED])
    store.write(stored, ours, [State.QUEUED, State.SCHEDULED])
    whole, first, pieces = Hour(HOUR), None, 0
    while not pieces or first is not None:
        piece, first = store.read(tallies.count, ours, HOUR, first)
        whole.add(piece)
        pieces += 1
    assert whole.messages == {(State.SCHEDULED, ""): 2, (State.QUEUED, ""): 3}
    assert pieces == -(-6 // size)


def test_what_is_kept_takes_the_place_of_what_was(store: Opened, ours: int, other: int) -> None:
    turn = begun(store, ours)
    assert turn is not None
    first = held(
        HOUR,
        {(State.DELIVERED, "63902"): 3, (State.UNDELIVERED, "63902"): 1, (State.QUEUED, ""): 1},
        {("63902", 3): 2, ("63902", 10): 1},
        {"KES": 2_400_000, "UGX": 35_000_000},
    )
    assert store.write(tallies.keep, ours, turn, first)
    assert store.read(overview.spent, ours, HOUR, HOUR + 1) == [Money(2_400_000, "KES"), Money(35_000_000, "UGX")]
    assert store.read(tallies.unsettled, ours) == [HOUR]
    then = held(HOUR, {(State.DELIVERED, "63902"): 4, (State.DELIVERED, "64110"): 9}, {("63902", 3): 4}, {"KES": 1})
    later = held(HOUR + 1, {(State.UNDELIVERED, "63902"): 2}, spent={"KES": 2})
    assert store.write(tallies.keep, ours, turn, then)
    assert store.write(tallies.keep, ours, turn, later)
    assert store.read(tallies.unsettled, ours) == []
    assert store.read(overview.spent, ours, HOUR, HOUR + 2) == [Money(3, "KES")]
    assert sorted(store.read(overview.by_hour, ours, HOUR, HOUR + 2)) == [
        (HOUR, State.DELIVERED, 13),
        (HOUR + 1, State.UNDELIVERED, 2),
    ]
    assert [tuple(each) for each in store.read(overview.networks, ours, HOUR, HOUR + 2)] == [
        ("64110", 9, 0, None),
        ("63902", 4, 2, Median(2.5)),
    ]
    assert store.read(overview.by_hour, other, HOUR, HOUR + 2) == []
    assert store.read(overview.anything, ours)
    assert not store.read(overview.anything, other)


def test_one_counts_at_a_time(store: Opened, ours: int, clock: Clock) -> None:
    turn = begun(store, ours)
    assert turn is not None
    assert begun(store, ours) is None
    clock.forward(tallies.LEASE_MS - 1)
    assert store.write(tallies.keep, ours, turn, EMPTY), "which is a sign of life"
    clock.forward(tallies.LEASE_MS - 1)
    assert begun(store, ours) is None
    assert store.write(tallies.finish, ours, turn)
    assert begun(store, ours) is not None


def test_what_a_turn_writes_that_was_taken_over_is_refused(store: Opened, ours: int, clock: Clock) -> None:
    stale = begun(store, ours)
    assert stale is not None
    clock.forward(tallies.LEASE_MS)
    fresh = begun(store, ours)
    assert fresh is not None
    told = held(HOUR, {(State.DELIVERED, ""): 1})
    assert store.write(tallies.keep, ours, fresh, told)
    assert not store.write(tallies.keep, ours, stale, EMPTY)
    assert not store.write(tallies.finish, ours, stale._replace(position=99))
    assert store.read(overview.by_hour, ours, HOUR, HOUR + 1) == [(HOUR, State.DELIVERED, 1)]
    assert store.write(tallies.finish, ours, fresh._replace(position=7))
    standing = store.read(tallies.standing, ours)
    assert standing is not None
    assert standing.position == 7


def test_who_counts_alone_waits_for_nobody(store: Opened, ours: int) -> None:
    assert begun(store, ours, alone=True) is not None
    assert begun(store, ours, alone=True) is not None


def test_a_clock_that_was_set_back_holds_nobody_up(store: Opened, ours: int, clock: Clock) -> None:
    assert begun(store, ours) is not None
    clock.forward(-86_400_000)
    assert begun(store, ours) is not None


def test_what_nobody_looks_at_any_more_is_deleted(store: Opened, ours: int, clock: Clock) -> None:
    turn = begun(store, ours)
    assert turn is not None
    last = tallies.hour_of(clock.now) - tallies.KEPT_HOURS
    for hour in (last - 1, last):
        store.write(tallies.keep, ours, turn, held(hour, {(State.SENT, ""): 1}, {("", 1): 1}, {"KES": 1}))
    store.write(tallies.finish, ours, turn)
    assert store.read(overview.by_hour, ours, 0, 1 << 40) == [(last, State.SENT, 1)]
    assert store.read(overview.spent, ours, 0, 1 << 40) == [Money(1, "KES")]


@pytest.mark.parametrize("age_hours", [0, 5, tallies.BACK_HOURS + 100])
def test_the_past_goes_back_to_the_first_message_or_a_month(
    store: Opened, ours: int, clock: Clock, age_hours: int
) -> None:
    assert store.read(tallies.oldest) == tallies.hour_of(clock.now) + 1
    store.write(stored, ours, [State.SCHEDULED])
    clock.forward(age_hours * HOUR_MS)
    now = tallies.hour_of(clock.now)
    assert store.read(tallies.oldest) == now - min(age_hours, tallies.BACK_HOURS)


def test_events_that_were_deleted_unseen_are_noticed(store: Opened, ours: int, clock: Clock) -> None:
    def lost(position: int) -> bool:
        return store.read(lambda tx: tallies.lost(tx, position, events.last(tx)))

    assert not lost(0)
    store.write(stored, ours, [State.QUEUED, State.QUEUED])
    store.write(events.number)
    assert not lost(0)
    clock.forward(1_000)
    store.write(events.forget, ids.floor(clock.now), events.EVER)
    assert lost(0)
    assert lost(1)
    assert not lost(2)
    store.write(stored, ours, [State.QUEUED])
    store.write(events.number)
    assert lost(1)
    assert not lost(2)
