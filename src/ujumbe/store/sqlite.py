"""SQLite as the store: one writer thread that commits in groups (writer.py), readers beside it."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Self, TypeVar

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import migrate
from ujumbe.store.checkpoints import Checkpoints
from ujumbe.store.sql import Dialect, statements
from ujumbe.store.sqlite_tx import SqliteTx
from ujumbe.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process's short transaction (a command beside the service)."""
READERS: Final = 4


class SqliteDatabase:
    """An open SQLite database (see database.Database)."""

    several = False

    def __init__(self, path: Path, role: str) -> None:
        self.path = path
        self.name = str(path)
        self.migrated: list[migrate.Migration] = []
        self.on_wake: Callable[[], None] | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ujumbe-reader")
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._writer = Writer(path, role)
        self._closing = False
        self._checkpoints: Checkpoints | None = None

    @classmethod
    async def open(cls, path: Path, *, upgrade: bool = False, sole: bool = False, role: str = "command") -> Self:
        """Open `path`, with its tables up to date. Raises `MigrationError`, or `StoreUnavailableError`.

        Without `upgrade` a database that is missing or behind is refused with what to run. `sole` says that this
        is the one process that serves the file: only it folds the log into it (checkpoints) while others write too.
        """
        self = cls(path, role)
        loop = asyncio.get_running_loop()
        try:
            connection = await loop.run_in_executor(self._readers, self._prepare, upgrade)
        except BaseException:
            await self.close()
            raise
        if sole:
            self._checkpoints = Checkpoints(self._connect)
            self._checkpoints.start()
        self._writer.start(connection, self._wake, self._checkpoints)
        return self

    @property
    def trouble(self) -> str:
        """Why the latest write failed; empty while the database takes them."""
        return self._writer.trouble

    async def close(self) -> None:
        """Finish what was handed over, then close: the last connection folds the log into the file."""
        self._closing = True
        await self._writer.stop(self._readers)
        if self._checkpoints is not None:
            self._checkpoints.stop()
        self._readers.shutdown()
        for connection in self._open:
            connection.close()
        self._open.clear()

    async def write(self, work: Callable[Concatenate[SqliteTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` as one atomic unit and return its result after the commit."""
        if self._closing:
            raise StoreUnavailableError("the database is closing")
        return await self._writer.hand_over(lambda tx: work(tx, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[SqliteTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` on a reader's snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._read(lambda tx: work(tx, *args, **kwargs)))

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()

    def _prepare(self, upgrade: bool) -> sqlite3.Connection:
        try:
            if upgrade:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            elif not self.path.exists():
                raise migrate.MigrationError(f"there is no database at {self.path} yet: run `ujumbe db upgrade`")
            connection = self._connect()
            _to_wal(connection)
            migrate.refuse_moved(connection)
            if upgrade:
                self.migrated = migrate.upgrade(connection)
            else:
                migrate.refuse_pending(connection)
            for name, sql in statements(Dialect.SQLITE).items():
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
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # see checkpoints.py
        self._open.append(connection)
        return connection

    def _read(self, work: Callable[[SqliteTx], T]) -> T:
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            try:
                return work(SqliteTx(connection, None))
            finally:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise StoreUnavailableError(f"the database cannot be read now ({error})") from error
        except StopIteration as error:  # no future takes it, and its caller would wait forever
            raise RuntimeError("the work raised StopIteration") from error


def _to_wal(connection: sqlite3.Connection) -> None:
    """Use a log, for good. The one thing that SQLite does not wait for by itself while another process looks."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _check(connection: sqlite3.Connection, name: str, sql: str) -> None:
    """A statement that does not fit the tables is found at start, not by the first customer who needs it."""
    try:
        connection.execute(f"EXPLAIN {sql}", _Anything())
    except sqlite3.Error as error:
        raise migrate.MigrationError(f"the statement {name} does not fit this database: {error}") from error


class _Anything(dict[str, None]):
    def __missing__(self, key: str) -> None:
        return None
