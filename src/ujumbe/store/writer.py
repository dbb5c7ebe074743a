"""SQLite's one writer: a thread that takes whole units of work and commits them in groups.

Two writers on one file are slower than one, and a commit with `synchronous=FULL` costs an fsync: so all units of work
go through one thread, and what piled up during the last commit shares the next. Nobody is answered before it.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from ujumbe import faults
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import nodes
from ujumbe.store.checkpoints import Checkpoints
from ujumbe.store.database import DataRefusedError
from ujumbe.store.ids import LEASE_MS, Ids
from ujumbe.store.sqlite_tx import SqliteTx

T = TypeVar("T")

LARGEST_GROUP: Final = 500
"""Units of work in one commit: bounds how long the first of them waits."""


class Writer:
    """The thread, its queue, and the node number under which it makes ids."""

    def __init__(self, path: Path, role: str) -> None:
        self.trouble = ""
        """Why the latest write failed; empty while the database takes them."""
        self._path = path
        self._role = role
        self._work: SimpleQueue[_Unit | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ids: Ids | None = None
        self._file: tuple[int, int] | None = None
        self._wake: Callable[[], None] = lambda: None
        self._checkpoints: Checkpoints | None = None

    def start(
        self, connection: sqlite3.Connection, wake: Callable[[], None], checkpoints: Checkpoints | None = None
    ) -> None:
        """Begin to take work; `wake` is called on the loop of whoever put something into the outbox."""
        self._wake = wake
        self._checkpoints = checkpoints
        opened = self._path.stat()
        self._file = (opened.st_dev, opened.st_ino)
        self._thread = threading.Thread(target=self._run_forever, args=(connection,), name="ujumbe-writer", daemon=True)
        self._thread.start()

    async def stop(self, executor: Executor) -> None:
        """Finish what was handed over, give the node number back, and end the thread."""
        if self._thread is None:
            return
        loop = asyncio.get_running_loop()
        released: asyncio.Future[None] = loop.create_future()
        self._work.put(_Unit(self._release_node, loop, released))
        self._work.put(None)
        await loop.run_in_executor(executor, self._thread.join)
        with suppress(StoreUnavailableError):  # then the lease runs out by itself
            await released

    async def hand_over(self, work: Callable[[SqliteTx], T]) -> T:
        """Have `work` done in the next group, and wait for its commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._work.put(_Unit(work, loop, future))
        return await future

    def _release_node(self, tx: SqliteTx) -> None:
        if self._ids is not None:
            nodes.release(tx, self._ids.lease, self._ids.last_ms)

    def _run_forever(self, connection: sqlite3.Connection) -> None:
        while (unit := self._work.get()) is not None:
            group = [unit]
            stop = False
            while len(group) < LARGEST_GROUP and not self._work.empty():
                following = self._work.get()
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._commit(connection, group)
            if self._checkpoints is not None:
                self._checkpoints.written(connection)
            if stop:
                return

    def _commit(self, connection: sqlite3.Connection, group: Sequence["_Unit"]) -> None:
        """Each unit in its own savepoint, one commit for all; the trouble of one is not the others'."""
        held = self._ids.lease if self._ids is not None else None
        woken = False
        try:
            self._still_there()
            connection.execute("BEGIN IMMEDIATE")
            tx = SqliteTx(connection, self._ids_for(SqliteTx(connection, None)))
            for unit in group:
                _run(connection, tx, unit)
            faults.point("before commit")
            connection.execute("COMMIT")
            faults.point("after commit")
            self.trouble, woken = "", tx.woken
        except Exception as error:  # whatever it is, the thread must live: nobody else writes
            self.trouble = str(error)
            # Locked, full, or a failing disk: nothing of the group is stored, nor what it did about our node number.
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if held is None:
                self._ids = None
            elif self._ids is not None:
                self._ids.renew(held)
            for unit in group:
                unit.error = StoreUnavailableError(f"the database cannot be written now ({error})")
        for loop in {unit.loop for unit in group}:
            with suppress(RuntimeError):  # the loop has closed: nobody waits for the answer any more
                loop.call_soon_threadsafe(_settle, [unit for unit in group if unit.loop is loop])
                if woken:
                    loop.call_soon_threadsafe(self._wake)

    def _still_there(self) -> None:
        """A file that was deleted or replaced takes writes as before, and all of them are lost with it."""
        try:
            found = self._path.stat()
        except OSError:
            raise StoreUnavailableError("the database file is gone") from None
        if self._file != (found.st_dev, found.st_ino):
            raise StoreUnavailableError("another file took the place of the database")

    def _ids_for(self, tx: SqliteTx) -> Ids:
        """The source of ids: its lease is taken with the first write, and lengthened when half of it is over.

        Looked at by the wall clock before each group: a laptop that slept finds its lease gone and takes a new one.
        """
        if self._ids is None:
            self._ids = Ids(nodes.lease(tx, None, self._role))
        elif self._ids.lease.until_ms - tx.now < LEASE_MS // 2:
            self._ids.renew(nodes.lease(tx, self._ids.lease, self._role))
        return self._ids


class _Unit:
    """One unit of work on its way through the writer."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(
        self, work: Callable[[SqliteTx], Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]
    ) -> None:
        self.work = work
        self.loop = loop
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return  # the caller has gone; the work is done all the same
        if self.error is None:
            self.future.set_result(self.result)
        elif isinstance(self.error, StopIteration):  # no future takes it, and the rest of the group must not wait
            self.future.set_exception(RuntimeError("the work raised StopIteration"))
        else:
            self.future.set_exception(self.error)


def _run(connection: sqlite3.Connection, tx: SqliteTx, unit: _Unit) -> None:
    connection.execute("SAVEPOINT unit")
    try:
        unit.result = unit.work(tx)
    except sqlite3.DatabaseError as error:
        # The data's own fault stays with its unit; a locked, full or damaged database is everybody's.
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError):
            raise
        unit.error = DataRefusedError(f"the database refused it ({error})")
        connection.execute("ROLLBACK TO unit")
    except BaseException as error:
        unit.error = error
        connection.execute("ROLLBACK TO unit")
    connection.execute("RELEASE unit")


def _settle(units: Sequence[_Unit]) -> None:
    for unit in units:
        unit.settle()
