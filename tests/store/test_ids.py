"""Ids: unique and rising in a process whatever the clock does, never twice across processes."""

import sqlite3
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place, SqlitePlace, finished, python
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import ids
from ujumbe.store.database import Tx
from ujumbe.store.ids import EPOCH_MS, LEASE_MS, SLACK_MS, Ids, Lease

NOW = EPOCH_MS + 1_000_000_000
LATER = 1 << 41

TAKE = """
import asyncio, sys
from ujumbe.store.opening import open_database

async def main():
    db = await open_database(sys.argv[1])
    await db.write(lambda tx: tx.new_id())  # takes the lease
    print("open", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        made = await db.write(lambda tx: [tx.new_id() for _ in range(500)])
        print(*made, sep="\\n")
    await db.close()

asyncio.run(main())
"""


@pytest.fixture
def clock(clock: Clock) -> Clock:
    clock.set(NOW)
    return clock


def moment(made: int) -> int:
    return (made >> 22) + EPOCH_MS


def node(made: int) -> int:
    return made >> 12 & 1023


@given(st.lists(st.integers(-SLACK_MS, SLACK_MS), max_size=30), st.integers(0, 1023))
def test_ids_rise_whatever_the_clock_does(steps: list[int], own: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        source = Ids(Lease(own, 0, 0, LATER))
        made = []
        for step in [0, *steps]:
            patched.setattr(time, "time_ns", lambda step=step: (NOW + step) * 1_000_000)
            made += [source.new() for _ in range(3)]
    assert made == sorted(set(made))
    assert {node(each) for each in made} == {own}
    assert all(0 < each < 1 << 63 for each in made)
    assert all(moment(each) == NOW + max(0, *steps[:index]) for index, each in enumerate(made[::3]) if index > 1)


def test_a_burst_borrows_the_next_millisecond(clock: Clock) -> None:
    source = Ids(Lease(7, 0, 0, LATER))
    made = [source.new() for _ in range(4096 * 3)]
    assert made == sorted(set(made))
    assert [moment(each) - NOW for each in made[::4096]] == [0, 1, 2]
    assert ids.floor(NOW) <= made[0] < ids.floor(NOW + 1)
    assert ids.floor(0) == 0


def test_ids_stop_where_the_lease_ends(clock: Clock) -> None:
    high = NOW - EPOCH_MS
    source = Ids(Lease(7, 0, 0, high))
    source.new()
    clock.set(NOW + 1)
    with pytest.raises(StoreUnavailableError, match="lease"):
        source.new()
    source.renew(Lease(7, 0, 0, high + 10))
    assert moment(source.new()) >= NOW + 1


def test_a_new_node_starts_above_its_last_holder(clock: Clock) -> None:
    low = NOW - EPOCH_MS + 5_000
    assert moment(Ids(Lease(7, 0, low, LATER)).new()) == NOW + 5_001
    source = Ids(Lease(8, 0, 0, LATER))
    before = source.new()
    source.renew(Lease(7, 0, low, LATER))
    assert moment(source.new()) == NOW + 5_001
    assert before < source.new()


def test_ids_across_threads_are_unique_and_rise_in_each() -> None:
    source = Ids(Lease(7, 0, 0, LATER))
    found: list[list[int]] = [[] for _ in range(4)]

    def take(mine: list[int]) -> None:
        mine.extend(source.new() for _ in range(5_000))

    threads = [threading.Thread(target=take, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in found)
    assert len({each for mine in found for each in mine}) == 20_000


def test_ids_across_processes_are_unique(database: Place) -> None:
    database.open().close()
    processes = [python(TAKE, database.url) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    made = [[int(line) for line in finished_after(process, "go\n")] for process in processes]
    assert [len(each) for each in made] == [10_000, 10_000]
    assert all(each == sorted(each) for each in made)
    assert not set(made[0]) & set(made[1])
    assert len({node(one) for each in made for one in each}) == 2


def finished_after(process: Any, word: str) -> list[str]:
    process.stdin.write(word)
    process.stdin.flush()
    return finished(process).split()


def nodes(place: Place) -> dict[int, tuple[int, int]]:
    return {row[0]: (row[1], row[2]) for row in place.ask("SELECT node, leased_until, high_ms FROM nodes")}


def new_id(store: Opened) -> int:
    return store.write(lambda tx: tx.new_id())


def test_a_node_is_taken_with_the_first_write_and_given_back(clock: Clock, database: Place) -> None:
    with database.open() as store:
        assert nodes(database) == {}, "who only reads needs none"
        last = new_id(store)
        assert nodes(database) == {0: (NOW + LEASE_MS, NOW - EPOCH_MS + LEASE_MS + SLACK_MS)}
        assert node(last) == 0
    assert nodes(database) == {0: (0, moment(last) - EPOCH_MS)}, "the next holder may begin right above"


def test_two_at_a_time_have_two_nodes(clock: Clock, database: Place) -> None:
    with database.open() as first, database.open() as second:
        assert (node(new_id(first)), node(new_id(second))) == (0, 1)
    with database.open() as third:
        assert node(new_id(third)) == 0


def test_a_clock_set_back_between_two_runs_makes_no_id_twice(clock: Clock, database: Place) -> None:
    made = []
    for shift in (0, -3_600_000, -86_400_000, -1, 60_000):
        clock.set(NOW + shift)
        with database.open() as store:
            made += [new_id(store) for _ in range(5)]
    assert made == sorted(set(made))


def test_after_a_kill_the_node_is_free_once_its_lease_has_run_out(clock: Clock, database: Place) -> None:
    with database.open() as store:
        before = [new_id(store) for _ in range(5)]
        held = nodes(database)[0]
    with database.beside(5) as somebody:  # as if it had not given the node back
        somebody.execute("UPDATE nodes SET leased_until = ?, high_ms = ?", held)
    with database.open() as store:
        assert node(new_id(store)) == 1, "the lease still runs"
    clock.set(NOW + LEASE_MS)
    with database.open() as store:
        after = new_id(store)
        assert node(after) == 0
        assert after > max(before)


def test_writing_renews_the_lease_when_half_of_it_is_over(clock: Clock, database: Place) -> None:
    with database.open() as store:
        new_id(store)
        for passed, until in ((LEASE_MS // 2, LEASE_MS), (LEASE_MS // 2 + 1, LEASE_MS + LEASE_MS // 2 + 1)):
            clock.set(NOW + passed)
            assert node(new_id(store)) == 0
            assert nodes(database)[0][0] == NOW + until


def test_who_lost_the_node_takes_another(clock: Clock, database: Place) -> None:
    with database.open() as first:
        before = new_id(first)
        clock.set(NOW + LEASE_MS)
        with database.open() as second:
            theirs = new_id(second)
            mine = new_id(first)
            assert (node(before), node(theirs), node(mine)) == (0, 0, 1)
            assert before < theirs
            assert before < mine


@pytest.mark.parametrize("slept", [LEASE_MS + SLACK_MS + 1, 30 * 86_400_000], ids=["a while", "a month"])
def test_a_laptop_that_slept_goes_on(clock: Clock, store: Opened, slept: int) -> None:
    before = new_id(store)
    clock.set(NOW + slept)
    after = new_id(store)
    assert moment(after) == NOW + slept
    assert after > before


def test_a_lease_that_was_rolled_back_is_taken_again(clock: Clock, sqlite_place: SqlitePlace) -> None:
    def refused(tx: Tx) -> None:
        tx.new_id()
        raise sqlite3.OperationalError("database or disk is full")

    with sqlite_place.open() as store:
        with pytest.raises(StoreUnavailableError):
            store.write(refused)
        assert nodes(sqlite_place) == {}
        with sqlite_place.open() as other:
            theirs = new_id(other)
            mine = new_id(store)
            assert (node(theirs), node(mine)) == (0, 1)
        clock.set(NOW + LEASE_MS // 2 + 1)
        with pytest.raises(StoreUnavailableError):
            store.write(refused)
        assert nodes(sqlite_place)[1][0] == NOW + LEASE_MS, "nor was it lengthened"
        assert node(new_id(store)) == 1


def test_there_are_as_many_nodes_as_ids_have_room_for(database: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "NODES", 1)
    with database.open() as first, database.open() as second:
        new_id(first)
        with pytest.raises(StoreUnavailableError, match="all 1 node numbers"):
            new_id(second)
        first.close()
        assert node(new_id(second)) == 0
