"""Another process puts something into the outbox: PostgreSQL's NOTIFY wakes us."""

import asyncio

import psycopg
import pytest

from tests.running import until
from tests.store.opened import PATIENCE, Opened, PostgresPlace, account, number, queued
from tests.store.test_postgres_trouble import END_US
from ujumbe.store import listener
from ujumbe.store.database import Tx
from ujumbe.store.postgres_tx import CHANNEL

LISTENING = f"""SELECT pid FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'ujumbe' AND query = 'LISTEN {CHANNEL}'"""


@pytest.fixture
def database(postgres_place: PostgresPlace) -> PostgresPlace:
    """What is told here is PostgreSQL's alone."""
    return postgres_place


class Ears:
    """Hears how often a worker is woken. One that begins to listen wakes itself: it may have missed something."""

    def __init__(self, store: Opened, database: PostgresPlace) -> None:
        self._store, self._database = store, database
        self._pids: list[tuple[int]] = []
        self.heard = 0
        self._rung = asyncio.Event()
        store.db.on_wake = self._hear
        self.listens()

    def _hear(self) -> None:
        self.heard += 1
        self._rung.set()

    def listens(self) -> None:
        """Wait until it listens, on another connection than before."""
        before = self._pids
        self._pids = until(lambda: [each for each in self._database.ask(LISTENING) if each not in before])

    def hears(self, count: int) -> None:
        """Wait until it was woken so often."""

        async def main() -> None:
            async with asyncio.timeout(PATIENCE):
                while self.heard < count:
                    self._rung.clear()
                    await self._rung.wait()

        self._store.run(main)


@pytest.mark.parametrize("role", ["worker", "service"])
def test_a_worker_is_woken_by_another_process(database: PostgresPlace, role: str) -> None:
    with database.open(role=role) as worker, database.open() as somebody:
        ours = somebody.write(account)
        ears = Ears(worker, database)
        for index in range(5):
            somebody.write(queued, ours, number(index))
            ears.hears(index + 1)
        ears.hears(5)


def test_who_does_not_work_does_not_listen(database: PostgresPlace) -> None:
    with database.open(role="command"):
        assert database.ask(LISTENING) == []


def test_only_what_is_committed_is_told(store: Opened, ours: int, database: PostgresPlace) -> None:
    def work(tx: Tx, how: str) -> None:
        queued(tx, ours, number(1), number(2))
        if how == "broken":
            raise ValueError("after all not")

    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        with pytest.raises(ValueError, match="after all not"):
            store.write(work, "broken")
        store.write(lambda tx: tx.new_id())
        assert list(connection.notifies(timeout=0)) == []
        store.write(work, "whole")
        assert len(list(connection.notifies(timeout=PATIENCE, stop_after=1))) == 1, "once for all of a unit"
        assert list(connection.notifies(timeout=0)) == []


def test_it_listens_again_after_its_connection_was_lost(
    database: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "AGAIN_SECONDS", 0.05)
    with database.open(role="worker") as worker, database.open() as somebody:
        ours = somebody.write(account)
        ears = Ears(worker, database)
        before = ears.heard
        database.ask(END_US)
        ears.listens()
        for index in range(5):
            somebody.write(queued, ours, number(index))
            ears.hears(before + index + 1)
