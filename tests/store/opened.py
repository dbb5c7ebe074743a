"""A real database as plain calls, with a loop of its own; other processes beside it."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ujumbe.domain.message import State
from ujumbe.store import accounts, batches, messages
from ujumbe.store.batches import Batch, Source
from ujumbe.store.messages import New, Times
from ujumbe.store.database import Database, Tx

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds until a test that waits for nothing fails; no test waits as long when all is well."""


def number(index: int) -> str:
    """A number that nobody has: +254711000000 and upward."""
    return f"+{254_711_000_000 + index}"


class Opened:
    """An open database. `write` and `read` return when their future has resolved."""

    def __init__(self, path: Path, *, upgrade: bool = True) -> None:
        self._runner = asyncio.Runner()
        self.closed = False
        """Set by a test that has closed the database itself."""
        try:
            self.db: Database = self.run(Database.open, path, upgrade=upgrade)
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

    def together(self, units: Sequence[Callable[[Tx], Any]]) -> list[Any]:
        """What became of each of `units` (a result or an exception), all of them in one group commit.

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
                await held.wait()  # the writer is inside this unit: what follows piles up behind it
                tasks = [asyncio.create_task(self.db.write(noted(unit))) for unit in units]
                await asyncio.sleep(0)
                gate.set()
                await asyncio.wait([first])
                return await asyncio.gather(*tasks, return_exceptions=True)

        results = self.run(main)
        assert all(each is seen[0] for each in seen), "they shared a commit"
        return results


@dataclass(frozen=True)
class Place:
    """Where a database is to be. The second kind of database gets the same methods."""

    path: Path

    def open(self, *, upgrade: bool = True) -> Opened:
        return Opened(self.path, upgrade=upgrade)

    @contextmanager
    def beside(self, timeout: float = 0.0) -> Iterator[sqlite3.Connection]:
        """A connection of somebody else's."""
        with closing(sqlite3.connect(self.path, timeout=timeout, isolation_level=None)) as connection:
            yield connection

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody else reads."""
        with self.beside() as connection:
            return connection.execute(sql).fetchall()


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


def queued(
    tx: Tx, /, account_id: int, *numbers: str, state: State = State.QUEUED, ttl_ms: int = 60_000, **fields: Any
) -> list[int]:
    """Messages in the outbox, one a number; their ids."""
    batch_id = batches.insert(tx, batch(account_id, **fields))
    return messages.insert(
        tx, account_id, batch_id, [New(each, state) for each in numbers], Times(tx.now, tx.now + ttl_ms)
    )


def counts(tx: Tx, account_id: int) -> dict[State, int]:
    """How many messages are in each state."""
    sql = "SELECT state, count(*) AS number FROM messages WHERE account_id = :account GROUP BY state"
    return {State(row["state"]): row["number"] for row in tx.select(sql, {"account": account_id})}
