"""PostgreSQL as the store: pooled threads, each with a connection of its own; one transaction a unit of work.

Many processes may work on one database. What SQLite's one writer gives for nothing is done here by row locks (in the
order of ids), by advisory locks that are taken in a statement before the one they protect (whose snapshot would else be
older than the lock), and by units that run again after a deadlock.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import zip_longest
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict

from ujumbe import faults
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import migrate, nodes
from ujumbe.store.database import DataRefusedError
from ujumbe.store.ids import LEASE_MS, Ids
from ujumbe.store.listener import Listener
from ujumbe.store.postgres_tx import Clock, Connection, PostgresTx, connect
from ujumbe.store.sql import Dialect, statements

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS: Final = 8
"""Threads of a process, each with a connection: more only wait for each other's row locks and for Python."""
REPEATS: Final = 5
"""How often a unit runs again that lost a deadlock, or its connection before the commit."""
FATE_SECONDS: Final = 5.0
"""How long we ask what became of a commit whose answer was lost."""
UNKNOWN: Final = "the connection was lost while it committed, and its fate is unknown"
UNREADABLE: Final = "postgresql://…"
LIFE: Final = "SELECT stats_reset FROM pg_stat_bgwriter"
"""Changes whenever the server begins anew after a crash, and not when it was ended in order."""

BEGIN: Final = (
    "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
"""Units find their rows by keys. Until statistics are there (a minute after the first thousands of messages) the
planner would read whole tables for them, at a quarter of the speed."""

log = structlog.get_logger()


class PostgresDatabase:
    """An open PostgreSQL database (see database.Database)."""

    several = True

    def __init__(self, url: str, role: str) -> None:
        self.name = shown(url)
        self.migrated: list[migrate.Migration] = []
        self.trouble = ""
        self.on_wake: Callable[[], None] | None = None
        self._url = url
        self._role = role
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="ujumbe-postgres")
        self._local = threading.local()
        self._open: set[Connection] = set()
        self._clock = Clock()
        self._ids: Ids | None = None
        self._ids_lock = threading.Lock()
        self._listener: Listener | None = None
        self._closing = False

    @classmethod
    async def open(cls, url: str, *, upgrade: bool = False, role: str = "command") -> Self:
        """Open the database at `url`, with its tables up to date. Raises as `SqliteDatabase.open` does."""
        self = cls(url, role)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._pool, self._prepare, upgrade)
        except BaseException:
            await self.close()
            raise
        if role != "command":
            self._listener = Listener(url, loop, self._wake)
        return self

    async def close(self) -> None:
        """Finish what was handed over, give the node number back, and close."""
        self._closing = True
        loop = asyncio.get_running_loop()
        if self._listener is not None:
            await loop.run_in_executor(None, self._listener.close)
        await loop.run_in_executor(None, self._pool.shutdown)
        if self._ids is not None:  # only now: what was handed over may have made ids to its end
            with suppress(StoreUnavailableError):  # then the lease runs out by itself
                await loop.run_in_executor(None, self._write, self._release_node)
        for connection in self._open:
            connection.close()
        self._open.clear()

    async def write(self, work: Callable[Concatenate[PostgresTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` as one atomic unit and return its result after the commit."""
        if self._closing:
            raise StoreUnavailableError("the database is closing")
        loop = asyncio.get_running_loop()
        result, woken = await loop.run_in_executor(
            self._pool, lambda: self._write(lambda tx: work(tx, *args, **kwargs))
        )
        if woken:
            self._wake()
        return result

    async def read(self, work: Callable[Concatenate[PostgresTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(tx, …)` on a reader's snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self._read(lambda tx: work(tx, *args, **kwargs)))

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()

    def _prepare(self, upgrade: bool) -> None:
        if self.name == UNREADABLE:  # the driver's words would quote it
            why = "its address cannot be read; what is special in a password is written as %2F and the like"
            raise StoreUnavailableError(f"the database {self.name} cannot be opened ({why})")
        try:
            connection = self._connection()
            if upgrade:
                self.migrated = migrate.upgrade(connection)
            else:
                migrate.refuse_pending(connection)
            for name, sql in statements(Dialect.POSTGRES).items():
                _check(connection, name, sql)
        except psycopg.Error as error:
            raise StoreUnavailableError(f"the database {self.name} cannot be opened ({told(error)})") from None

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            if connection is not None:
                self._open.discard(connection)
            connection = connect(self._url)
            self._open.add(connection)
            self._clock.set_by(connection)
            self._local.life = connection.execute(LIFE).fetchone()
            self._local.connection = connection
        return connection

    def _drop(self) -> None:
        """Give up this thread's connection: the next unit gets a new one."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._open.discard(connection)
            self._local.connection = None
            with suppress(psycopg.Error):
                connection.close()

    def _write(self, work: Callable[[PostgresTx], T]) -> tuple[T, bool]:
        """Run a unit until it is committed, or must not be run again."""
        for repeat in range(1, REPEATS + 1):
            try:
                result = self._attempt(work)
            except _AgainError as error:
                self.trouble = str(error)
                if repeat == REPEATS or (error.lost and repeat > 1):
                    raise StoreUnavailableError(f"the database cannot be written now ({error})") from None
            except StoreUnavailableError as error:
                self.trouble = str(error)
                raise
            else:
                self.trouble = ""
                return result
        raise AssertionError("the last repeat returns or raises")

    def _attempt(self, work: Callable[[PostgresTx], T]) -> tuple[T, bool]:
        """One transaction. Raises `_AgainError` where nothing of it was committed, and running it again may help."""
        transaction = None
        try:
            connection = self._connection()
            self._clock.keep(connection)
            tx = PostgresTx(connection, self._ids_in_force, self._clock)
            connection.execute(BEGIN)
            result = work(tx)
            tx.announce()
            transaction = tx.number()
            faults.point("before commit")
            connection.execute("COMMIT")
            faults.point("after commit")
        except psycopg.Error as error:
            # Our own timeouts, a server that ends or is full, a lost connection: everything but the data's own fault.
            lost = _lost(error)
            if lost and transaction is not None and self._was_committed(transaction):
                return result, tx.woken
            self._roll_back(lost)
            if lost or isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
                raise _AgainError(told(error), lost=lost) from None
            too_large = (error.sqlstate or "").startswith("54")  # for an index or a statement: the data's own fault
            if isinstance(error, psycopg.OperationalError | psycopg.InternalError) and not too_large:
                raise StoreUnavailableError(f"the database cannot be written now ({told(error)})") from None
            # Its own words may quote the row: numbers and texts.
            raise DataRefusedError(f"the database refused it ({told(error)})") from None
        except StopIteration as error:  # no future takes it, and its caller would wait forever
            self._roll_back(lost=False)
            raise RuntimeError("the work raised StopIteration") from error
        except BaseException:
            self._roll_back(lost=False)
            raise
        return result, tx.woken

    def _read(self, work: Callable[[PostgresTx], T]) -> T:
        for repeat in (1, 2):
            try:
                connection = self._connection()
                self._clock.keep(connection)
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                try:
                    return work(PostgresTx(connection, _no_ids, self._clock))
                finally:
                    connection.execute("ROLLBACK")
            except psycopg.Error as error:
                lost = _lost(error)
                self._roll_back(lost)
                if repeat == 2 or not lost:
                    raise StoreUnavailableError(f"the database cannot be read now ({told(error)})") from None
            except StopIteration as error:
                raise RuntimeError("the work raised StopIteration") from error
        raise AssertionError("the second repeat returns or raises")

    def _roll_back(self, lost: bool) -> None:
        if lost:
            self._drop()
            return
        try:
            connection = self._connection()
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _was_committed(self, transaction: int) -> bool:
        """Whether a transaction was committed whose COMMIT got no answer. Raises `StoreUnavailableError` if unknown."""
        deadline = time.monotonic() + FATE_SECONDS
        life = self._local.life
        self._drop()
        while True:
            try:
                fate, why = self._fate(transaction, life), "the server does not tell yet"
            except psycopg.Error as error:
                self._drop()
                fate, why = None, told(error)
            if fate is not None:
                log.warning("a commit's answer was lost; its fate was read back", fate=fate)
                return fate == "committed"
            if time.monotonic() > deadline:
                raise StoreUnavailableError(f"{UNKNOWN} ({why})")
            time.sleep(0.05)

    def _fate(self, transaction: int, life: Any) -> str | None:
        """What became of a transaction that began in this `life` of the server; None while that is open."""
        try:
            sql = "SELECT pg_xact_status(%s::text::xid8)"
            row = self._connection().execute(sql, (str(transaction),)).fetchone()
        except psycopg.errors.InvalidParameterValue:
            return "lost in a crash"  # with its number, which nobody else has got yet
        fate: str | None = row[0] if row is not None else None
        if self._local.life == life:
            return fate if fate != "in progress" else None
        if fate == "committed":
            # After a crash the numbers of lost transactions are given out again: it may be somebody else's commit.
            raise StoreUnavailableError(f"{UNKNOWN} (the server crashed meanwhile)")
        return "lost in a crash"

    def _ids_in_force(self) -> Ids:
        """The source of ids, whose lease is kept in transactions of their own: no unit that fails takes it along."""
        with self._ids_lock:
            now = self._clock.now_ms()
            if self._ids is None or self._ids.lease.until_ms - now < LEASE_MS // 2:
                held = None if self._ids is None else self._ids.lease
                with connect(self._url) as connection:
                    connection.execute("BEGIN")
                    lease = nodes.lease(PostgresTx(connection, _no_ids, self._clock), held, self._role)
                    connection.execute("COMMIT")
                if self._ids is None:
                    self._ids = Ids(lease, lambda: self._clock.now_ms())  # noqa: PLW0108 - tests rule the clock later
                else:
                    self._ids.renew(lease)
            return self._ids

    def _release_node(self, tx: PostgresTx) -> None:
        if self._ids is not None:
            nodes.release(tx, self._ids.lease, self._ids.last_ms)


class _AgainError(Exception):
    """Nothing was committed, and running the unit again may help."""

    def __init__(self, why: str, *, lost: bool) -> None:
        super().__init__(why)
        self.lost = lost


def shown(url: str) -> str:
    """A database's address without its password, for people: read as the driver reads it, or not at all."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return UNREADABLE
    hosts, ports, name = (str(parts.get(key) or "") for key in ("host", "port", "dbname"))
    if re.search("[^0-9,]", ports) or re.search("[@/]", name):
        return UNREADABLE  # it is likely a password with a slash in it
    places = [
        f"{f'[{host}]' if ':' in host else host or 'localhost'}{f':{port}' if port else ''}"
        for host, port in zip_longest(hosts.split(","), ports.split(","), fillvalue="")
    ]
    return f"postgresql://{','.join(places)}/{name}"


def _no_ids() -> Ids:
    raise AssertionError("a reader makes no ids")


def _lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone: the server went away, was told to end, or the network broke."""
    ends = psycopg.errors.AdminShutdown | psycopg.errors.CrashShutdown | psycopg.errors.CannotConnectNow
    if isinstance(error, ends | psycopg.InterfaceError):
        return True
    return isinstance(error, psycopg.OperationalError) and error.sqlstate is None


def told(error: psycopg.Error) -> str:
    """What a driver's error may tell: the server's main sentence, never its detail, which quotes rows."""
    sentence = error.diag.message_primary if error.sqlstate else str(error).strip().partition("\n")[0]
    if error.sqlstate and isinstance(error, psycopg.DataError):  # the one kind whose main sentence quotes values
        sentence = "a value does not fit its column"
    return f"{type(error).__name__}: {sentence}"


def _check(connection: Connection, name: str, sql: str) -> None:
    """A statement that does not fit the tables is found at start, not by the first customer who needs it."""
    try:
        connection.execute(f"EXPLAIN {sql}", _Anything())
    except psycopg.Error as error:
        connection.rollback()
        raise migrate.MigrationError(f"the statement {name} does not fit this database: {told(error)}") from None


class _Anything(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        return None
