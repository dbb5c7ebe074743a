import os

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place
from ujumbe.store import nodes
from ujumbe.store.ids import LEASE_MS


def roles(store: Opened) -> list[str]:
    return [each.role for each in store.read(nodes.living)]


@pytest.mark.parametrize("role", ["service", "worker", "command"])
def test_a_process_that_writes_shows_that_it_lives(clock: Clock, database: Place, role: str) -> None:
    with database.open(role=role) as store:
        assert store.read(nodes.living) == [], "who only reads is not there"
        store.write(lambda tx: tx.new_id())
        [found] = store.read(nodes.living)
        assert (found.node, found.role, found.leased_until) == (0, role, clock.now + LEASE_MS)
        assert found.name.endswith(f":{os.getpid()}")
    with database.open() as store:
        assert store.read(nodes.living) == [], "it has ended"


def test_those_whose_lease_ran_out_are_gone(clock: Clock, database: Place) -> None:
    with database.open(role="service") as killed, database.open(role="command") as store:
        killed.write(lambda tx: tx.new_id())
        store.write(lambda tx: tx.new_id())
        assert roles(store) == ["service", "command"]
        clock.forward(LEASE_MS // 2 + 1)
        store.write(lambda tx: tx.new_id())
        assert roles(store) == ["service", "command"]
        clock.forward(LEASE_MS // 2 - 1)
        assert roles(store) == ["command"], "a moment at which a lease ends is not in it"


def test_a_worker_that_finds_nothing_to_do_still_lives(clock: Clock, database: Place) -> None:
    with database.open(role="worker") as store:
        for _ in range(3):
            store.write(lambda tx: tx.new_ids(0))
            clock.forward(LEASE_MS // 2 + 1)
            assert roles(store) == ["worker"]
