"""A real database of either kind as plain calls, with a loop of its own; other connections and processes beside it."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, cast
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import Server
from ujumbe.domain.message import State
from ujumbe.store import accounts
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Database, Tx
from ujumbe.store.opening import SQLITE, open_database

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds until a test that waits for nothing fails; no test waits as long when all is well."""

Connection = sqlite3.Connection | psycopg.Connection[Any]


def number(index: int) -> str:
    """A number that nobody has: +254711000000 and upward."""
    return f"+{254_711_000_000 + index}"


class Opened:
    """An open database. `write` and `read` return when their future has resolved."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._closed = False
        try:
            self.db: Database = self.run(open_database, url, upgrade=True)
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.run(self.db.close)
            self._runner.close()

    def run(self, main: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(main(*args, **kwargs))

    def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(self.db.write(work, *args, **kwargs))

    def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(self.db.read(work, *args, **kwargs))

    def together(self, units: Sequence[Callable[[Tx], T]]) -> list[T]:
        """What `units` return that are handed over at once: to one commit, or to several threads."""

        async def main() -> list[T]:
            return await asyncio.gather(*map(self.db.write, units))

        return self.run(main)


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


def python(code: str, *args: object) -> subprocess.Popen[str]:
    """Another process of this Python, with pipes."""
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    """What a process printed; it must have ended well."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


def account(tx: Tx, name: str = "sandbox") -> int:
    return accounts.ensure(tx, name, "local")


def batch(account_id: int, **fields: Any) -> Batch:
    given: dict[str, Any] = {"source": Source.API, "mode": "bulk", "sender": "UJUMBE", "text": "Habari"}
    return Batch(account_id, **(given | fields))


def counts(tx: Tx, account_id: int) -> dict[State, int]:
    """How many messages are in each state."""
    sql = "SELECT state, count(*) AS number FROM messages WHERE account_id = :account GROUP BY state"
    return {State(row["state"]): row["number"] for row in tx.select(sql, {"account": account_id})}
