"""From SQLite to PostgreSQL: every row, in one transaction, compared on both sides before it is committed."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import psycopg

from ujumbe.domain.errors import StoreUnavailableError, UjumbeError
from ujumbe.store import migrate
from ujumbe.store.postgres import shown, told
from ujumbe.store.postgres_tx import Connection, connect

TABLES: Final = (
    "accounts", "nodes", "api_keys", "batches", "messages", "calls", "attempts", "callbacks", "inbound", "opt_outs",
    "subscriptions", "answers", "paces", "decisions", "report_times", "events", "event_numbers",
    "reviews", "rules", "conversations", "contacts", "webhooks", "deliveries", "delivery_attempts",
    "drifts", "erasure", "users", "sessions", "sign_in_links", "sign_in_tries", "audit",
    "tallies", "delivery_times", "spending", "tallying",
)  # fmt: skip
"""Those that others refer to first."""
ROWS_AT_A_TIME: Final = 5_000

Row = Sequence[Any]


class MoveError(UjumbeError):
    """The rows cannot be moved, or did not arrive as they were; the target is as before."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One table: how many rows it has on both sides, and the checksum that both have."""

    table: str
    rows: int
    checksum: str


def move(path: Path, url: str, progress: Callable[[str, int, int], None]) -> list[Moved]:
    """Copy the SQLite file at `path` to the empty PostgreSQL database at `url`, and compare what arrived.

    Nobody else may use the file meanwhile (see lock.py). `progress` is told a table, how many of its rows are copied,
    and how many it has. The file's rows are only read, and then it is marked: a service that started on it again
    would send what waits there a second time. Raises `MoveError`, `MigrationError` or `StoreUnavailableError`.
    """
    if not path.exists():
        raise MoveError(f"there is no SQLite database at {path}")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as source:
            migrate.refuse_pending(source)
            with connect(url) as target:
                migrate.upgrade(target)
                target.execute("BEGIN")
                _refuse_rows(target, url)
                source.execute("BEGIN")
                moved = [_copy(source, target, table, progress) for table in TABLES]
                source.execute("COMMIT")
                _mark(path, shown(url))
                try:
                    target.execute("COMMIT")
                except psycopg.Error:
                    _mark(path, "")
                    raise
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"{path} cannot be read ({error})") from None
    except psycopg.Error as error:
        raise StoreUnavailableError(f"{shown(url)} cannot be written ({told(error)})") from None
    return moved


def _mark(path: Path, where: str) -> None:
    """Note in the file where its rows went, so that nothing is sent from it again; an empty `where` takes it back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"DROP TABLE IF EXISTS {migrate.MOVED}")
        if where:
            file.execute(f"CREATE TABLE {migrate.MOVED} (place TEXT NOT NULL) STRICT")
            file.execute(f"INSERT INTO {migrate.MOVED} VALUES (?)", (where,))  # noqa: S608 - our own name


def _refuse_rows(target: Connection, url: str) -> None:
    filled = [table for table in TABLES if _one(target, f"SELECT EXISTS (SELECT 1 FROM {table})")]  # noqa: S608 - ours
    if filled:
        raise MoveError(f"{shown(url)} has rows in {', '.join(filled)} already; move into an empty database")


def _copy(
    source: sqlite3.Connection, target: Connection, table: str, progress: Callable[[str, int, int], None]
) -> Moved:
    columns = [row[1] for row in source.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(columns)
    total = source.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own tables
    select = f"SELECT {names} FROM {table}"  # noqa: S608
    sent = _Checksum()
    with target.cursor() as cursor, cursor.copy(cast("Any", f"COPY {table} ({names}) FROM STDIN")) as stream:
        for row in sent.over(_batches(source.execute(select), lambda done: progress(table, done, total))):
            stream.write_row(row)
    arrived = _Checksum()
    with target.cursor(name="arrived") as rows:  # fetched piece by piece
        rows.itersize = ROWS_AT_A_TIME
        for _ in arrived.over(rows.execute(cast("Any", select))):
            pass
    if (sent.rows, sent.text) != (arrived.rows, arrived.text):
        raise MoveError(f"{table}: {sent.rows:,} rows were sent and {arrived.rows:,} arrived, or some of them differ")
    return Moved(table, sent.rows, sent.text)


def _batches(cursor: sqlite3.Cursor, tell: Callable[[int], None]) -> Iterator[Row]:
    done = 0
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows
        done += len(rows)
        tell(done)


class _Checksum:
    """Counts rows and adds up their hashes: the same in whatever order they come."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    @property
    def text(self) -> str:
        return f"{self._sum % (1 << 64):016x}"

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            digest = hashlib.sha256(repr(tuple(row)).encode()).digest()
            self._sum += int.from_bytes(digest[:16])
            yield row


def _one(connection: Connection, sql: str) -> Any:
    row = connection.execute(cast("Any", sql)).fetchone()
    assert row is not None
    return row[0]
