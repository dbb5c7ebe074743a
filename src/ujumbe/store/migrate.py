"""Numbered SQL files, forward only, one transaction each, with checksums.

They are written in SQLite's words. PostgreSQL's differ in three types and two table options, so one file serves both;
what only PostgreSQL has stands behind `-- postgres:`.
"""

import hashlib
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ujumbe.domain.errors import UjumbeError
from ujumbe.store.sql import Dialect

if TYPE_CHECKING:  # it imports this module
    from ujumbe.store.database import Tx

Connection = Any
"""Of sqlite3 or psycopg, in autocommit: both have `execute(sql).fetchall()`, but no type in common."""

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    checksum    TEXT NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT;
"""


_EXISTS: Final = {
    Dialect.SQLITE: "SELECT 1 FROM sqlite_master WHERE name = 'migrations'",
    Dialect.POSTGRES: "SELECT 1 WHERE to_regclass('migrations') IS NOT NULL",
}
_BEGIN: Final = {
    Dialect.SQLITE: ("BEGIN IMMEDIATE",),
    Dialect.POSTGRES: ("BEGIN", "SELECT pg_advisory_xact_lock(hashtextextended('ujumbe migrations', 0))"),
}
_POSTGRES: Final = (
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"\) STRICT(?:, WITHOUT ROWID)?;"), ");"),
    (re.compile(r"\b(\w+) COLLATE NOCASE"), r"lower(\1)"),
    (re.compile(r"^-- postgres: ", re.MULTILINE), ""),
)


MOVED: Final = "moved"
"""The table in a SQLite file whose rows live elsewhere now: its one row says where."""


class MigrationError(UjumbeError):
    """The database is of another version than this program."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`: `0001_initial.sql`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, so that an edited old file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """The migrations of this program, in order."""
    found = []
    for file in resources.files("ujumbe.store").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda each: each.number)


def pending(connection: Connection) -> list[Migration]:
    """The migrations still to come. Raises `MigrationError` where the database is newer, or a file was edited."""
    exists = connection.execute(_EXISTS[_dialect(connection)]).fetchone()
    rows = connection.execute("SELECT number, checksum FROM migrations ORDER BY number").fetchall() if exists else []
    applied: dict[int, str] = dict(tuple(row) for row in rows)
    ours = {each.number: each for each in known()}
    newer = sorted(set(applied) - set(ours))
    if newer:
        raise MigrationError(f"the database has migration {newer[-1]}, which this version of ujumbe does not know")
    for number, checksum in applied.items():
        if ours[number].checksum != checksum:
            raise MigrationError(f"migration {number} was changed after it had been applied to this database")
    return [each for number, each in sorted(ours.items()) if number not in applied]


class Applied(NamedTuple):
    """A migration of a database. `at` is epoch milliseconds."""

    number: int
    name: str
    at: int


def latest(tx: "Tx") -> Applied:
    """The latest migration that this database has."""
    row = tx.all("migrations.latest")[0]
    return Applied(row["number"], row["name"], row["applied_at"])


def refuse_moved(connection: sqlite3.Connection) -> None:
    """Raise `MigrationError` where the rows of this file were moved: what waits in it would be sent twice."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MOVED,)).fetchone():
        place = connection.execute(f"SELECT place FROM {MOVED}").fetchone()[0]  # noqa: S608 - our own name
        raise MigrationError(f"moved to {place}: set UJUMBE_DATABASE_URL; nothing is sent from here")


def refuse_pending(connection: Connection) -> None:
    """Raise `MigrationError`, with what to run, where migrations are still to come."""
    if waiting := pending(connection):
        names = ", ".join(f"{each.number:04d}_{each.name}" for each in waiting)
        raise MigrationError(f"the database needs {names}: run `ujumbe db upgrade`")


def upgrade(connection: Connection) -> list[Migration]:
    """Apply what is pending and return it. Safe while others do the same: the write lock is taken first."""
    dialect = _dialect(connection)
    done = []
    while True:
        for statement in _BEGIN[dialect]:
            connection.execute(statement)
        try:
            connection.execute(_words(_TABLE, dialect))
            waiting = pending(connection)
            if waiting:
                _apply(connection, waiting[0])
                done.append(waiting[0])
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        if len(waiting) <= 1:
            return done


def _apply(connection: Connection, migration: Migration) -> None:
    dialect = _dialect(connection)
    for statement in _statements(_words(migration.sql, dialect)):
        connection.execute(statement)
    # The values are ours alone: a number, a file's name, a checksum.
    connection.execute(
        f"INSERT INTO migrations VALUES ({migration.number}, '{migration.name}', '{migration.checksum}', "  # noqa: S608
        f"{time.time_ns() // 1_000_000})"
    )


def _statements(script: str) -> Iterator[str]:
    """The single statements: sqlite3's executescript would commit before and between them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _dialect(connection: Connection) -> Dialect:
    return Dialect.SQLITE if isinstance(connection, sqlite3.Connection) else Dialect.POSTGRES


def _words(statement: str, dialect: Dialect) -> str:
    if dialect is Dialect.POSTGRES:
        for ours, theirs in _POSTGRES:
            statement = ours.sub(theirs, statement)
    return statement
