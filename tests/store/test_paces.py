from tests.store.opened import Opened
from ujumbe.domain import pace
from ujumbe.store import paces
from ujumbe.store.database import Tx

RATE = 4.0


def test_a_sender_begins_free_and_keeps_what_is_noted(store: Opened, ours: int, other: int) -> None:
    assert store.write(paces.free_at, ours, "ujumbe") == 0
    store.write(paces.set_free_at, ours, "ujumbe", 1 << 52)
    assert store.write(paces.free_at, ours, "ujumbe") == 1 << 52
    assert store.write(paces.free_at, ours, "12345") == 0
    assert store.write(paces.free_at, other, "ujumbe") == 0


def test_those_who_take_at_once_share_one_pace(store: Opened, ours: int) -> None:
    def take(tx: Tx) -> int:
        allowed = pace.allowance(paces.free_at(tx, ours, "ujumbe"), 1_000, RATE)
        if allowed:
            paces.set_free_at(tx, ours, "ujumbe", pace.after(0, 1_000, RATE, allowed))
        return allowed

    assert sum(store.together([take] * 8)) == pace.quantum(RATE)
