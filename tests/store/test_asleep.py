"""A process that slept past its node lease (a laptop's lid, a stopped container) goes on, and makes no id twice."""

import time
from collections.abc import Callable

import pytest

from tests.store.opened import Opened, Place, account, number, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import messages
from ujumbe.store.ids import EPOCH_MS
from ujumbe.store.database import Tx

NOW = EPOCH_MS + 1_000_000_000
ASLEEP = 20 * 60_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the clock (milliseconds from the start of the test); it stands still until it is set again."""

    def set_clock(passed: int) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: (NOW + passed) * 1_000_000)

    set_clock(0)
    return set_clock


def made(store: Opened, count: int = 5) -> list[int]:
    return store.write(lambda tx: [tx.new_id() for _ in range(count)])


def node(made_id: int) -> int:
    return made_id >> 12 & 1023


def test_after_twenty_minutes_its_next_write_goes_through(clock: Callable[[int], None], store: Opened) -> None:
    ours = store.write(account)
    before = store.write(queued, ours, number(1))
    clock(ASLEEP)
    after = store.write(queued, ours, number(2), number(3))
    assert before < after
    assert [each.id for each in store.read(messages.due, ours, 9)] == before + after


def test_it_falls_asleep_in_the_middle_of_a_unit(clock: Callable[[int], None], store: Opened) -> None:
    """That unit made no id under a lease that had run out, and the next one has a new lease."""

    def sleeps(tx: Tx) -> int:
        first = tx.new_id()
        clock(ASLEEP)
        assert tx.new_id() > first
        return first

    with pytest.raises(StoreUnavailableError, match="lease ran out"):
        store.write(sleeps)
    after = made(store)
    assert after == sorted(set(after))


@pytest.mark.parametrize("many", [5, 4096, 3 * 4096], ids=["a few", "a whole millisecond", "borrowed ahead"])
def test_who_had_its_node_meanwhile_and_gave_it_back_shares_no_id(
    clock: Callable[[int], None], database: Place, many: int
) -> None:
    with database.open() as sleeper:
        before = made(sleeper)
        clock(ASLEEP)
        with database.open() as guest:
            theirs = made(guest, many)
        after = made(sleeper, many)
    assert {node(each) for each in (*before, *theirs, *after)} == {0}, "one node after the other"
    assert not set(theirs) & set(after), "no id twice"
    assert max(before) < min(theirs)
    assert max(theirs) < min(after)
