"""Databases of both kinds for the flows: PostgreSQL is emptied rather than made anew; two transactions at once."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import Server
from tests.store.opened import PATIENCE, Opened
from ujumbe.store.database import Database, Tx
from ujumbe.store.opening import SQLITE

T = TypeVar("T")

Connection = sqlite3.Connection | psycopg.Connection[Any]


@dataclass(frozen=True)
class Place:
    """Where a database is."""

    url: str

    @property
    def several(self) -> bool:
        """Whether many may work on it at a time."""
        return not self.url.startswith(SQLITE)

    def open(self) -> Opened:
        return Opened(self.url)

    @contextmanager
    def beside(self) -> Iterator[Connection]:
        """A connection of somebody else's, in autocommit."""
        if self.several:
            with psycopg.connect(self.url, autocommit=True) as theirs:
                yield theirs
        else:
            path = self.url.removeprefix(SQLITE)
            with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
                yield connection

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody else reads, or changes."""
        with self.beside() as connection:
            cursor = connection.execute(cast("Any", sql))
            return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def away(self) -> Iterator[None]:
        """For so long it takes nothing: SQLite is locked, PostgreSQL gone."""
        if not self.several:
            with self.beside() as somebody:
                somebody.execute("BEGIN IMMEDIATE")
                yield
                somebody.execute("ROLLBACK")
            return
        parts = urlsplit(self.url)
        name = parts.path.removeprefix("/")
        with Place(parts._replace(path="/postgres").geturl()).beside() as somebody:
            somebody.execute(cast("Any", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            try:
                ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                somebody.execute(cast("Any", ended))
                yield
            finally:
                somebody.execute(cast("Any", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))

    def empty(self) -> None:
        """Make it as good as new: on PostgreSQL, quicker than a new one."""
        with self.beside() as somebody:
            # A table refers only to those that were there before it.
            sql = """SELECT string_agg('DELETE FROM ' || relname, '; ' ORDER BY oid DESC) FROM pg_class
                      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'"""
            [[statements]] = somebody.execute(sql).fetchall()
            somebody.execute(statements)


@pytest.fixture(scope="session")
def one_postgres(postgres: Server) -> Place:
    """A database that tests have one after the other: emptying it is quicker than making one."""
    place = Place(postgres.create("flows"))
    place.open().close()
    return place


def during(store: Opened, first: Callable[[Tx], object], second: Callable[[Tx], T]) -> T:
    """What `second` returns, a transaction that runs while `first` has done everything but commit (PostgreSQL)."""
    return store.run(_at_once, store.db, first, second, None)


def overlapped(store: Opened, first: Callable[[Tx], object], second: Callable[[Tx], T]) -> T:
    """The same where `second` has to wait for that commit, which only comes once it waits."""
    return store.run(_at_once, store.db, first, second, lambda: store.db.read(_somebody_waits))


async def _at_once(
    db: Database,
    first: Callable[[Tx], object],
    second: Callable[[Tx], T],
    before_commit: Callable[[], Coroutine[Any, Any, bool]] | None,
) -> T:
    loop, held, gate = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def inside(tx: Tx) -> None:
        first(tx)
        loop.call_soon_threadsafe(held.set)
        assert gate.wait(PATIENCE)

    async with asyncio.timeout(PATIENCE):
        one = asyncio.create_task(db.write(inside))
        await held.wait()
        other = asyncio.create_task(db.write(second))
        if before_commit is None:
            await other
        else:
            while not await before_commit():
                assert not other.done(), "it did not wait"
        gate.set()
        await one
        return await other


def _somebody_waits(tx: Tx) -> bool:
    sql = "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
    return bool(tx.select(sql, {}))
