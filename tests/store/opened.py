"""A real database of either kind as plain calls, with a loop of its own; other processes beside it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, Self, TypeVar

import psycopg

from ujumbe.domain.message import State
from ujumbe.store import accounts, batches, outbox, standings
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Database, Tx
from ujumbe.store.opening import open_database
from ujumbe.store.outbox import Due, Lot, New, Times

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds until a test that waits for nothing fails; no test waits as long when all is well."""


def number(index: int) -> str:
    """A number that nobody has: +254711000000 and upward."""
    return f"+{254_711_000_000 + index}"


class Opened:
    """An open database. `write` and `read` return when their future has resolved."""

    def __init__(self, url: str, *, upgrade: bool = True, role: str = "command") -> None:
        self._runner = asyncio.Runner()
        self.closed = False
        """Set by a test that has closed the database itself."""
        try:
            self.db: Database = self.run(open_database, url, upgrade=upgrade, role=role)
        except BaseException:
            self._runner.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            if not self.closed:
                self.closed = True
                self.run(self.db.close)
        finally:
            self._runner.close()

    def run(self, main: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(main(*args, **kwargs))

    def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(self.db.write(work, *args, **kwargs))

    def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(self.db.read(work, *args, **kwargs))

    def wakes(self, work: Callable[[], object]) -> bool:
        """Whether `work` tells this process's worker that there may be something to send."""
        heard: list[None] = []
        self.db.on_wake = lambda: heard.append(None)
        work()
        self.write(lambda _: None)  # SQLite's writer tells the loop after the results of a group, before the next
        return bool(heard)

    def together(self, units: Sequence[Callable[[Tx], Any]]) -> list[Any]:
        """What became of each of `units` (a result or an exception): on SQLite in one group commit, else at once.

        Where nothing can be written they only come at once.
        """
        seen: list[Tx] = []

        def noted(unit: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
            def work(tx: Tx) -> Any:
                seen.append(tx)
                return unit(tx)

            return work

        async def main() -> list[Any]:
            held, gate = asyncio.Event(), threading.Event()
            loop = asyncio.get_running_loop()

            def hold(_: Tx) -> bool:
                loop.call_soon_threadsafe(held.set)
                return gate.wait(PATIENCE)

            async with asyncio.timeout(PATIENCE):
                first = asyncio.create_task(self.db.write(hold))
                first.add_done_callback(lambda _: held.set())
                await held.wait()  # SQLite's writer is inside this unit: what follows piles up behind it
                tasks = [asyncio.create_task(self.db.write(noted(unit))) for unit in units]
                await asyncio.sleep(0)
                gate.set()
                _, *results = await asyncio.gather(first, *tasks, return_exceptions=True)
                return results

        results = self.run(main)
        assert self.db.several or all(each is seen[0] for each in seen), "they shared a commit"
        return results


class Somebody(Protocol):
    """A connection of somebody else's, in autocommit. Values stand as `?`."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        """The driver's own cursor."""


class Place(ABC):
    """Where a database is to be."""

    url: str

    def open(self, *, upgrade: bool = True, role: str = "command") -> Opened:
        return Opened(self.url, upgrade=upgrade, role=role)

    @abstractmethod
    def beside(self, timeout: float = 5.0) -> AbstractContextManager[Somebody]:
        """A connection of somebody else's."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody else reads."""
        with self.beside() as somebody:
            found: list[tuple[Any, ...]] = somebody.execute(sql).fetchall()
            return found


class SqlitePlace(Place):
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    @contextmanager
    def beside(self, timeout: float = 5.0) -> Iterator[Somebody]:
        with closing(sqlite3.connect(self.path, timeout=timeout, isolation_level=None)) as connection:
            yield connection


class PostgresPlace(Place):
    """A database on a server."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def beside(self, timeout: float = 5.0) -> Iterator[Somebody]:
        options = f"-c lock_timeout={max(int(timeout * 1000), 1)}"
        with closing(psycopg.connect(self.url, autocommit=True, options=options)) as connection:
            yield _Percents(connection)

    def empty(self) -> None:
        """Delete all rows but those that say which migrations it has."""
        with self.beside() as somebody:
            # A table refers only to those that were there before it.
            [[statements]] = somebody.execute(
                """SELECT string_agg('DELETE FROM ' || relname, '; ' ORDER BY oid DESC) FROM pg_class
                    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'"""
            ).fetchall()
            somebody.execute(statements)


@dataclass(frozen=True)
class _Percents:
    """Writes values as psycopg does."""

    connection: psycopg.Connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        return self.connection.execute(sql.replace("?", "%s").encode(), values or None)


def python(code: str, *args: object) -> subprocess.Popen[str]:
    """Another process of this Python, with pipes."""
    command = [sys.executable, "-c", code, *map(str, args)]
    pipe = subprocess.PIPE
    # It finds these tests too, wherever it was started.
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)


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


def queued(
    tx: Tx, /, account_id: int, *numbers: str, state: State = State.QUEUED, ttl_ms: int = 60_000, **fields: Any
) -> list[int]:
    """Messages in the outbox, one a number; their ids. `priority` and `wait_ms` are theirs, more fields the batch's."""
    due = tx.now + fields.pop("wait_ms", 0)
    times = Times(due, due + ttl_ms, fields.pop("priority", 0))
    given = batch(account_id, **fields)
    lot = Lot(batches.insert(tx, given), batches.scope_of(given), times, [New(each, state) for each in numbers])
    [made] = outbox.insert(tx, account_id, [lot])
    return made


def due(tx: Tx, account_id: int, most: int = 100) -> list[Due]:
    """What is due, sender by sender."""
    return [each for lane in outbox.lanes(tx, account_id) for each in outbox.due(tx, account_id, lane, most)]


def counts(tx: Tx, account_id: int) -> dict[State, int]:
    """How many messages are in each state."""
    sql = "SELECT state, count(*) AS number FROM messages WHERE account_id = :account GROUP BY state"
    return {State(row["state"]): row["number"] for row in tx.select(sql, {"account": account_id})}


def found_message(store: Opened, account_id: int, provider_id: str, to: str) -> int | None:
    """The message that a report with this id, about this number, is about."""
    found = store.write(standings.reported, account_id, [provider_id])
    return standings.choose(found[provider_id], to) if found else None
