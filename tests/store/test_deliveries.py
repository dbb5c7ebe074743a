"""Deliveries: made once, taken by one process at a time, recorded under their lease, forgotten in time."""

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, PostgresPlace
from ujumbe.domain.event import Type
from ujumbe.domain.webhook import DeliveryState
from ujumbe.store import deliveries, webhooks
from ujumbe.store.database import Tx
from ujumbe.store.deliveries import Attempt, Leased
from ujumbe.store.events import Event

GOOD = Attempt(1, 5, 200, "thanks", "")
BAD = Attempt(2, 7, None, "", "no answer")
S = DeliveryState


def event(seq: int) -> Event:
    return Event(seq, Type.SENT, 1_000 + seq, 10 + seq)


@pytest.fixture
def hook(store: Opened, ours: int) -> int:
    made = store.write(webhooks.create, ours, "https://example.org/x", [])
    assert made is not None
    return made.id


def count(tx: Tx, table: str) -> int:
    return len(tx.select(f"SELECT id FROM {table}", {}))


def lease(store: Opened, hook: int, most: int = 10) -> list[Leased]:
    return store.write(deliveries.lease, hook, most, 30_000)


def states(store: Opened, hook: int) -> dict[int, DeliveryState]:
    return {each.seq: each.state for each in store.read(deliveries.page, hook, before=None, limit=100).items}


def test_each_event_is_made_once_and_taken_once(store: Opened, hook: int) -> None:
    store.write(deliveries.insert, hook, [event(1), event(2)])
    store.write(deliveries.insert, hook, [event(2), event(3)])
    assert store.read(deliveries.waiting, hook, 100) == 3
    assert store.read(deliveries.waiting, hook, 2) == 2
    taken = lease(store, hook, 2)
    assert [(each.event, each.tries) for each in taken] == [(event(1), 1), (event(2), 1)]
    assert [each.event.seq for each in lease(store, hook)] == [3]
    assert lease(store, hook) == []
    assert store.read(deliveries.waiting, hook, 100) == 0


def test_recorded_with_what_was_answered(store: Opened, hook: int, clock: Clock) -> None:
    store.write(deliveries.insert, hook, [event(1), event(2)])
    first, second = lease(store, hook)
    assert store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    assert store.write(deliveries.record, second, BAD, S.PENDING, clock.now + 5_000)
    [later, done] = store.read(deliveries.page, hook, before=None, limit=100).items
    assert (done.seq, done.state, done.finished_at, done.attempts) == (1, S.DELIVERED, clock.now, (GOOD,))
    assert (later.seq, later.state, later.finished_at, later.attempts) == (2, S.PENDING, None, (BAD,))
    assert later.due_at == clock.now + 5_000
    assert lease(store, hook) == []
    clock.forward(5_000)
    [again] = lease(store, hook)
    assert (again.event.seq, again.tries) == (2, 2)
    assert store.read(deliveries.page, hook, before=2, limit=100).items == [done]
    for state, seqs in ((S.PENDING, [2]), (S.DELIVERED, [1]), (S.FAILED, [])):
        found = store.read(deliveries.page, hook, state=state, before=None, limit=100).items
        assert [each.seq for each in found] == seqs


def test_a_lease_that_ran_out(store: Opened, hook: int, clock: Clock) -> None:
    """Whoever had it may have delivered it: it is delivered again, and the late result counts for nothing."""
    store.write(deliveries.insert, hook, [event(1)])
    [late] = lease(store, hook)
    clock.forward(29_999)
    assert lease(store, hook) == []
    clock.forward(1)
    [ours] = lease(store, hook)
    assert not store.write(deliveries.record, late, BAD, S.FAILED, None)
    assert states(store, hook) == {1: S.PENDING}
    assert store.write(deliveries.record, ours, GOOD, S.DELIVERED, None)
    assert states(store, hook) == {1: S.DELIVERED}
    [shown] = store.read(deliveries.page, hook, before=None, limit=100).items
    assert shown.attempts == (BAD, GOOD), "both were requests that a receiver may have seen"


def test_at_the_start_every_lease_of_a_dead_owner_ends(store: Opened, ours: int, other: int, hook: int) -> None:
    store.write(deliveries.insert, hook, [event(1), event(2)])
    [first, _] = lease(store, hook)
    store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    assert store.write(deliveries.release, other) == 0
    assert store.write(deliveries.release, ours) == 1
    assert [each.event.seq for each in lease(store, hook)] == [2]


def test_again(store: Opened, hook: int, clock: Clock) -> None:
    store.write(deliveries.insert, hook, [event(1), event(2), event(3)])
    first, second, _under_way = lease(store, hook)
    store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    store.write(deliveries.record, second, BAD, S.PENDING, clock.now + 60_000)
    assert store.write(deliveries.again, hook, [event(1), event(2), event(3), event(9)]) == 3
    taken = lease(store, hook)
    assert [(each.event, each.tries) for each in taken] == [(event(1), 1), (event(2), 1), (event(9), 1)]
    store.write(deliveries.record, taken[0], GOOD, S.DELIVERED, None)
    page = store.read(deliveries.page, hook, before=2, limit=100).items
    assert [each.attempts for each in page] == [(GOOD, GOOD)], "what was seen before stays"


def test_bodies_are_bounded(store: Opened, hook: int) -> None:
    store.write(deliveries.insert, hook, [event(1)])
    [taken] = lease(store, hook)
    store.write(deliveries.record, taken, Attempt(1, 1, 500, "é" * 5_000, "it answered 500"), S.FAILED, None)
    [shown] = store.read(deliveries.page, hook, before=None, limit=1).items
    assert shown.attempts[0].body == "é" * 1_000


def test_what_waits_longest(store: Opened, hook: int) -> None:
    assert store.read(deliveries.oldest, hook) is None
    store.write(deliveries.insert, hook, [event(1), event(2)])
    first, _ = lease(store, hook)
    assert store.read(deliveries.oldest, hook) == 11
    store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    assert store.read(deliveries.oldest, hook) == 12


def test_forgotten_with_their_attempts(store: Opened, ours: int, hook: int) -> None:
    def rows() -> list[int]:
        tables = ("webhooks", "deliveries", "delivery_attempts")
        return [store.read(count, table) for table in tables]

    store.write(deliveries.insert, hook, [event(1), event(2)])
    first, _ = lease(store, hook)
    store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    assert store.write(deliveries.forget, first.id) == 0
    assert store.write(deliveries.forget, store.write(lambda tx: tx.new_id())) == 3
    assert rows() == [1, 0, 0]
    store.write(deliveries.insert, hook, [event(3)])
    [third] = lease(store, hook)
    store.write(deliveries.record, third, GOOD, S.DELIVERED, None)
    assert store.write(deliveries.forget_orphans) == store.write(webhooks.forget) == 0
    store.write(webhooks.delete, ours, hook)
    assert store.write(webhooks.forget) == 0, "its deliveries go first"
    assert store.write(deliveries.forget_orphans) == 1
    assert store.write(webhooks.forget) == 1
    assert rows() == [0, 0, 0]


def test_two_processes_take_different_ones(postgres_place: PostgresPlace) -> None:
    """On PostgreSQL at the same time: what one has under lock the other passes over."""
    from tests.flows.places import during
    from tests.store.opened import account

    with postgres_place.open() as store:
        made = store.write(webhooks.create, store.write(account), "https://example.org/x", [])
        assert made is not None
        store.write(deliveries.insert, made.id, [event(1), event(2), event(3)])
        firsts: list[Leased] = []
        second = during(
            store,
            lambda tx: firsts.extend(deliveries.lease(tx, made.id, 2, 30_000)),
            lambda tx: deliveries.lease(tx, made.id, 2, 30_000),
        )
        assert [each.event.seq for each in firsts] == [1, 2]
        assert [each.event.seq for each in second] == [3]


def failed(store: Opened, hook: int, count: int) -> None:
    """So many deliveries that failed, of the events 1 and upward, and one that waits."""
    store.write(deliveries.insert, hook, [event(each) for each in range(1, count + 2)])
    for each in lease(store, hook, count):
        store.write(deliveries.record, each, BAD, S.FAILED, None)


def test_those_that_failed_are_tried_again_newest_first_as_far_back_as_asked(store: Opened, hook: int) -> None:
    failed(store, hook, 5)
    assert store.read(deliveries.counts, hook) == (1, 5)
    assert store.write(deliveries.retry, hook, 12, 1 << 60, 2) == (2, 4), "events 5 and 4; there may be more"
    assert store.write(deliveries.retry, hook, 12, 4, 2) == (2, 2)
    assert store.write(deliveries.retry, hook, 12, 2, 2) == (0, None), "event 1 is of 11"
    assert states(store, hook) == {1: S.FAILED, **dict.fromkeys(range(2, 7), S.PENDING)}
    assert {each.tries for each in lease(store, hook)} == {1}, "from the start of their schedule"
    assert store.read(deliveries.counts, hook) == (5, 1)


def test_counts_end_at_a_hundred(store: Opened, hook: int) -> None:
    failed(store, hook, 101)
    assert store.read(deliveries.counts, hook) == (1, 100)


@pytest.mark.parametrize("state", [None, S.PENDING, S.DELIVERED])
def test_pages_follow_each_other(store: Opened, hook: int, state: S | None) -> None:
    store.write(deliveries.insert, hook, [event(each) for each in range(1, 6)])
    if state is S.DELIVERED:
        for each in lease(store, hook):
            store.write(deliveries.record, each, GOOD, state, None)
    before, seqs = None, list[list[int]]()
    while not seqs or before is not None:
        found, before, cut = store.read(deliveries.page, hook, state=state, before=before, limit=2)
        assert not cut
        seqs.append([each.seq for each in found])
    assert seqs == [[5, 4], [3, 2], [1]]


def test_delivered_ones_are_looked_for_so_far_and_no_further(
    store: Opened, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "WINDOW", 3)
    store.write(deliveries.insert, hook, [event(each) for each in range(1, 9)])
    first, *_ = lease(store, hook)
    store.write(deliveries.record, first, GOOD, S.DELIVERED, None)
    before, looks = None, 0
    while True:
        found, before, cut = store.read(deliveries.page, hook, state=S.DELIVERED, before=before, limit=10)
        looks += 1
        assert cut == (before is not None)
        if not cut:
            break
        assert found == []
    assert ([each.seq for each in found], looks) == ([1], 3)
    assert found[0].subject == 1_001
    assert found[0].attempts == (GOOD,)
