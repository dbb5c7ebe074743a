"""SQLite as the store: one writer thread that commits in groups, readers beside it.

Two writers on one file are slower than one, and a commit with `synchronous=FULL` costs an fsync: so all units of work
go through one thread, and what piled up during the last commit shares the next. Nobody is answered before it.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import migrate
from ujumbe.store.ids import EPOCH_MS, LEASE_MS, NODES, SLACK_MS, Ids, Lease
from ujumbe.store.sql import statements

P = ParamSpec("P")
T = TypeVar("T")
Row = sqlite3.Row
Parameters = Mapping[str, Any]

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process's short transaction (a command beside the service)."""
READERS: Final = 4
LARGEST_GROUP: Final = 500
"""Units of work in one commit: bounds how long the first of them waits."""


class Tx:
    """One unit of work: statements by name, the moment (epoch ms) it happens at, and new ids."""

    def __init__(self, connection: sqlite3.Connection, ids: Ids | None) -> None:
        self._connection = connection
        self._ids = ids
        self.now = time.time_ns() // 1_000_000

    def new_id(self) -> int:
        """Make an id (see ids.py); only where the database was opened for writing."""
        assert self._ids is not None, "a reader makes no ids"
        return self._ids.new()

    def all(self, name: str, /, **values: Any) -> list[Row]:
        """Every row of the named statement."""
        return self._connection.execute(statements()[name], values).fetchall()

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row of the named statement, or None."""
        row: Row | None = self._connection.execute(statements()[name], values).fetchone()
        return row

    def run(self, name: str, /, **values: Any) -> int:
        """Run the named statement; the number of rows it changed."""
        return self._connection.execute(statements()[name], values).rowcount

    def many(self, name: str, rows: Iterable[Parameters]) -> int:
        """Run the named statement once a row; the number of rows changed in all."""
        return self._connection.executemany(statements()[name], rows).rowcount

    def select(self, sql: str, values: Parameters) -> list[Row]:
        """Every row of a statement that the store put together from its own fixed parts (filters)."""
        return self._connection.execute(sql, values).fetchall()


class Database:
    """An open SQLite database. `await db.write(fn, …)` and `await db.read(fn, …)` call `fn(tx, …)`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.migrated: list[migrate.Migration] = []
        """What opening it has upgraded."""
        self._ids: Ids | None = None
        self._work: SimpleQueue[_Unit | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ujumbe-reader")
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self.trouble = ""
        """Why the latest write failed; empty while the database takes them."""
        self._file: tuple[int, int] | None = None
        self._closing = False
        self._sole = False

    @classmethod
    async def open(cls, path: Path, *, upgrade: bool = False, sole: bool = False) -> Self:
        """Open `path`, with its tables up to date. Raises `MigrationError`, or `StoreUnavailableError`.

        Without `upgrade` a database that is missing or behind is refused with what to run. `sole` says that this
        is the one process that serves the file: only it folds the log into it (checkpoints) while others write too.
        """
        self = cls(path)
        self._sole = sole
        loop = asyncio.get_running_loop()
        try:
            connection = await loop.run_in_executor(self._readers, self._prepare, upgrade)
        except BaseException:
            await self.close()
            raise
        self._writer = threading.Thread(
            target=self._write_forever, args=(connection,), name="ujumbe-writer", daemon=True
        )
        self._writer.start()
        return self

    async def close(self) -> None:
        """Finish what was handed over, then close: the last connection folds the log into the file."""
        self._closing = True
        if self._writer is not None:
            loop = asyncio.get_running_loop()
            released: asyncio.Future[None] = loop.create_future()
            self._work.put(_Unit(self._release_node, loop, released))
            self._work.put(None)
            await loop.run_in_executor(self._readers, self._writer.join)
            with suppress(StoreUnavailableError):  # then the lease runs out by itself
                await released
        self._readers.shutdown()
        for connection in self._open:
            connection.close()
        self._open.clear()

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` as one atomic unit and return its result after the commit.

        Raises what `work` raised (nothing of it is stored then), or `StoreUnavailableError` where the database
        cannot take it: locked, full, or closing.
        """
        if self._closing:
            raise StoreUnavailableError("the database is closing")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._work.put(_Unit(lambda tx: work(tx, *args, **kwargs), loop, future))
        return await future

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` on a reader's snapshot. Raises `StoreUnavailableError` as `write` does."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._read(lambda tx: work(tx, *args, **kwargs)))

    def _release_node(self, tx: Tx) -> None:
        if self._ids is not None:
            lease = self._ids.lease
            tx.run("nodes.release", node=lease.node, held=lease.until_ms, high=self._ids.last_ms)

    def _prepare(self, upgrade: bool) -> sqlite3.Connection:
        try:
            if upgrade:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            elif not self.path.exists():
                raise migrate.MigrationError(f"there is no database at {self.path} yet: run `ujumbe db upgrade`")
            connection = self._connect()
            connection.execute("PRAGMA journal_mode = WAL")
            if upgrade:
                self.migrated = migrate.upgrade(connection)
            elif waiting := migrate.pending(connection):
                names = ", ".join(f"{each.number:04d}_{each.name}" for each in waiting)
                raise migrate.MigrationError(f"the database needs {names}: run `ujumbe db upgrade`")
            opened = self.path.stat()
            self._file = (opened.st_dev, opened.st_ino)
            for name, sql in statements().items():
                _check(connection, name, sql)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailableError(f"the database {self.path} cannot be opened ({error})") from error
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.row_factory = sqlite3.Row
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY", "cache_size = -32000"):
            connection.execute(f"PRAGMA {pragma}")
        if not self._sole:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._open.append(connection)
        return connection

    def _read(self, work: Callable[[Tx], T]) -> T:
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            try:
                return work(Tx(connection, None))
            finally:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise StoreUnavailableError(f"the database cannot be read now ({error})") from error

    def _write_forever(self, connection: sqlite3.Connection) -> None:
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
            if stop:
                return

    def _commit(self, connection: sqlite3.Connection, group: Sequence["_Unit"]) -> None:
        """Each unit in its own savepoint, one commit for all; the trouble of one is not the others'."""
        held = self._ids.lease if self._ids is not None else None
        try:
            self._still_there()
            connection.execute("BEGIN IMMEDIATE")
            tx = Tx(connection, self._ids_for(Tx(connection, None)))
            for unit in group:
                _run(connection, tx, unit)
            connection.execute("COMMIT")
            self.trouble = ""
        except (sqlite3.Error, StoreUnavailableError) as error:
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

    def _still_there(self) -> None:
        """A file that was deleted or replaced takes writes as before, and all of them are lost with it."""
        try:
            found = self.path.stat()
        except OSError:
            raise StoreUnavailableError("the database file is gone") from None
        if self._file != (found.st_dev, found.st_ino):
            raise StoreUnavailableError("another file took the place of the database")

    def _ids_for(self, tx: Tx) -> Ids:
        """The source of ids: its lease is taken with the first write, and lengthened when half of it is over.

        Looked at by the wall clock before each group: a laptop that slept finds its lease gone and takes a new one.
        """
        if self._ids is None:
            self._ids = Ids(_lease_node(tx, None))
        elif self._ids.lease.until_ms - tx.now < LEASE_MS // 2:
            self._ids.renew(_lease_node(tx, self._ids.lease))
        return self._ids


class _Unit:
    """One unit of work on its way through the writer."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Callable[[Tx], Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
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


def _run(connection: sqlite3.Connection, tx: Tx, unit: _Unit) -> None:
    connection.execute("SAVEPOINT unit")
    try:
        unit.result = unit.work(tx)
    except sqlite3.DatabaseError as error:
        # The data's own fault stays with its unit; a locked, full or damaged database is everybody's.
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError):
            raise
        unit.error = error
        connection.execute("ROLLBACK TO unit")
    except BaseException as error:
        unit.error = error
        connection.execute("ROLLBACK TO unit")
    connection.execute("RELEASE unit")


def _settle(units: Sequence[_Unit]) -> None:
    for unit in units:
        unit.settle()


def _check(connection: sqlite3.Connection, name: str, sql: str) -> None:
    """A statement that does not fit the tables is found at start, not by the first customer who needs it."""
    try:
        connection.execute(f"EXPLAIN {sql}", _Anything())
    except sqlite3.Error as error:
        raise migrate.MigrationError(f"the statement {name} does not fit this database: {error}") from error


class _Anything(dict[str, None]):
    def __missing__(self, key: str) -> None:
        return None


def _lease_node(tx: Tx, held: Lease | None) -> Lease:
    """Take a free node number, or lengthen the one we hold."""
    wanted = tx.now - EPOCH_MS + LEASE_MS + SLACK_MS
    until = tx.now + LEASE_MS
    if held is not None:
        renewed = tx.one("nodes.renew", node=held.node, held=held.until_ms, until=until, high=wanted)
        if renewed is not None:
            return Lease(held.node, until, held.low_ms, renewed["high_ms"])
    free = tx.one("nodes.free", now=tx.now)
    node = free["node"] if free is not None else tx.all("nodes.next")[0]["node"]
    if node >= NODES:
        raise StoreUnavailableError(f"all {NODES} node numbers are taken; one is free again within ten minutes")
    low = free["high_ms"] if free is not None else 0
    taken = tx.all("nodes.take", node=node, until=until, high=max(wanted, low + LEASE_MS))[0]
    return Lease(node, until, low, taken["high_ms"])
