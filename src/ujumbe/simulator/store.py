"""The simulator's own SQLite file: opened, written in transactions, emptied."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
TABLES = (
    "settings", "requests", "extras", "lines", "phones", "texts", "opt_outs", "subscriptions", "tokens", "callbacks",
)  # fmt: skip


def now_ms() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """Write epoch milliseconds as `2026-03-04T10:30:00.250Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


BUSY_SECONDS = 0.5
"""For somebody else's lock on the file: the event loop waits too, so not long."""


class Store:
    """One connection, used from the event loop's own thread.

    A write of one line takes about 0.1 ms and of 1,000 lines a few, so a second thread would cost more than
    it frees. Writes outside `transaction()` commit by themselves.
    """

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        # 128 statements are cached by default; the code has fewer.
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        # The file has to outlive this process, not a power cut: what SQLite hands to the system before
        # `kill -9` stays, so waiting for the disk (synchronous NORMAL or FULL) would buy nothing here.
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; SQLite folds the log back into it."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes inside together, or none if an exception passes."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run one statement for each row and return how many rows changed."""
        return self._connection.executemany(sql, rows).rowcount

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return found

    def setting(self, name: str) -> str | None:
        """Return a kept setting, or None."""
        found = self.row("SELECT value FROM settings WHERE name = ?", name)
        return None if found is None else str(found[0])

    def keep(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value)

    def empty(self) -> None:
        """Forget everything; callbacks' ids go on rising."""
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - the names are constants
