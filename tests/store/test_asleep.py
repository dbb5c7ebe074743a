"""A process that slept past its node lease (a laptop's lid, a stopped container) goes on, and makes no id twice."""

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place, due, number, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store.database import Tx

ASLEEP = 20 * 60_000


def made(store: Opened, count: int = 5) -> list[int]:
    return store.write(lambda tx: [tx.new_id() for _ in range(count)])


def node(made_id: int) -> int:
    return made_id >> 12 & 1023


def test_after_twenty_minutes_its_next_write_goes_through(clock: Clock, store: Opened, ours: int) -> None:
    before = store.write(queued, ours, number(1))
    clock.forward(ASLEEP)
    after = store.write(queued, ours, number(2), number(3))
    assert before < after
    assert [each.id for each in store.write(due, ours)] == before + after


def test_it_falls_asleep_in_the_middle_of_a_unit(clock: Clock, store: Opened) -> None:
    """No id is made under a lease that has run out: PostgreSQL takes a new one at once, SQLite with the next unit."""

    def sleeps(tx: Tx) -> list[int]:
        first = tx.new_id()
        clock.forward(ASLEEP)
        return [first, tx.new_id()]

    seen = made(store)
    if store.db.several:
        seen += store.write(sleeps)
    else:
        with pytest.raises(StoreUnavailableError, match="lease ran out"):
            store.write(sleeps)
    seen += made(store)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("many", [5, 4096, 3 * 4096], ids=["a few", "a whole millisecond", "borrowed ahead"])
def test_who_had_its_node_meanwhile_and_gave_it_back_shares_no_id(clock: Clock, database: Place, many: int) -> None:
    with database.open() as sleeper:
        before = made(sleeper)
        clock.forward(ASLEEP)
        with database.open() as guest:
            theirs = made(guest, many)
        after = made(sleeper, many)
    assert {node(each) for each in (*before, *theirs, *after)} == {0}, "one node after the other"
    assert not set(theirs) & set(after), "no id twice"
    assert max(before) < min(theirs)
    assert max(theirs) < min(after)
