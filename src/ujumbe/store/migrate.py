"""Numbered SQL files, forward only, one transaction each, with checksums."""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from ujumbe.domain.errors import UjumbeError

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    checksum    TEXT NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT
"""


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


def pending(connection: sqlite3.Connection) -> list[Migration]:
    """The migrations still to come. Raises `MigrationError` where the database is newer, or a file was edited."""
    exists = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    rows = connection.execute("SELECT number, checksum FROM migrations ORDER BY number").fetchall() if exists else []
    applied: dict[int, str] = dict(rows)
    ours = {each.number: each for each in known()}
    newer = sorted(set(applied) - set(ours))
    if newer:
        raise MigrationError(f"the database has migration {newer[-1]}, which this version of ujumbe does not know")
    for number, checksum in applied.items():
        if ours[number].checksum != checksum:
            raise MigrationError(f"migration {number} was changed after it had been applied to this database")
    return [each for number, each in sorted(ours.items()) if number not in applied]


def upgrade(connection: sqlite3.Connection) -> list[Migration]:
    """Apply what is pending and return it. Safe while others do the same: the write lock is taken first."""
    done = []
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_TABLE)
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


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    for statement in _statements(migration.sql):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO migrations VALUES (?, ?, ?, unixepoch() * 1000)",
        (migration.number, migration.name, migration.checksum),
    )


def _statements(script: str) -> Iterator[str]:
    """The single statements: sqlite3's executescript would commit before and between them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
