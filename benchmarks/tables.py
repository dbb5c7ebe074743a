"""The tables from below: a bare insert to compare with, and a long past made quickly.

    python -m benchmarks.tables SOURCE_URL TARGET_URL ROWS    so many of `messages` into a SQLite file, timed

It knows no column by name that it does not change, so that a migration does not break it.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg

GROUP = 1_000
HISTORY = "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000", "PRAGMA foreign_keys = OFF"


def connect(url: str) -> "sqlite3.Connection | psycopg.Connection[Any]":
    """A connection that commits when told."""
    if url.startswith("sqlite:///"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(url, autocommit=True)


def rows_of(url: str, table: str, where: str, values: Sequence[Any] = ()) -> tuple[list[str], list[Sequence[Any]]]:
    """Columns and rows."""
    mark = "?" if url.startswith("sqlite") else "%s"
    with closing(connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {table} {where.replace('?', mark)}", tuple(values))
        assert cursor.description is not None
        return [column[0] for column in cursor.description], list(cursor.fetchall())


def multiply(url: str, table: str, template: Mapping[str, Any], many: int, changed: Mapping[str, str]) -> None:
    """Insert `many` rows like `template`; `changed` are SQL expressions over `n` (1 to `many`) for some columns."""
    columns = [name for name in template if name not in changed]
    names = ", ".join([*columns, *changed])
    if url.startswith("sqlite"):
        counted = "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :many)"
        selected = ", ".join([f":{name}" for name in columns] + list(changed.values()))
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            for pragma in HISTORY:
                file.execute(pragma)
            sql = f"{counted} INSERT INTO {table} ({names}) SELECT {selected} FROM series"
            file.execute(sql, {**template, "many": many})
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    selected = ", ".join([f"%({name})s" for name in columns] + list(changed.values()))
    with psycopg.connect(url, autocommit=True) as server:
        sql = f"INSERT INTO {table} ({names}) SELECT {selected} FROM generate_series(1, %(many)s) AS series (n)"
        server.execute(sql.encode(), {**template, "many": many})
        server.execute(f"VACUUM ANALYZE {table}".encode())


class Pour:
    """Rows poured into a database whose service has stopped, as fast as it takes them. At the end: `close`."""

    def __init__(self, url: str) -> None:
        self._file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) if _is_file(url) else None
        self._server = None if _is_file(url) else psycopg.connect(url, autocommit=True)
        if self._file is not None:
            for pragma in HISTORY:
                self._file.execute(pragma)

    def rows(self, table: str, like: Mapping[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows that are as `like` but for `columns`."""
        kept = [name for name in like if name not in columns]
        same = tuple(like[name] for name in kept)
        names = ", ".join([*columns, *kept])
        if self._file is not None:
            marks = ", ".join("?" * len(like))
            self._file.execute("BEGIN")
            self._file.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", (tuple(row) + same for row in rows)
            )
            self._file.execute("COMMIT")
        if self._server is not None:
            with self._server.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(tuple(row) + same)

    def run(self, sql: str, *values: Any) -> None:
        """A statement, with `?` for values."""
        if self._file is not None:
            self._file.execute(sql, values)
        if self._server is not None:
            self._server.execute(sql.replace("?", "%s").encode(), values)

    def close(self) -> None:
        """End, with nothing left undone that the product would do in time: on SQLite it never analyzes."""
        if self._file is not None:
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._file.close()
        if self._server is not None:
            self._server.execute("VACUUM ANALYZE")
            self._server.close()


def _is_file(url: str) -> bool:
    return url.startswith("sqlite:///")


def insert_bare(path: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> float:
    """Insert rows into `messages` with its indexes, durably, a thousand a commit; the seconds that it took."""
    sql = f"INSERT INTO messages ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
            connection.execute(f"PRAGMA {pragma}")
        begin = time.perf_counter()
        for at in range(0, len(rows), GROUP):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(sql, rows[at : at + GROUP])
            connection.execute("COMMIT")
        return time.perf_counter() - begin


def main(source: str, target: str, most: int) -> None:
    """Read so many rows of one database, insert them into the other, print rows and seconds as JSON."""
    columns, rows = rows_of(source, "messages", "ORDER BY id LIMIT ?", (most,))
    seconds = insert_bare(target.removeprefix("sqlite:///"), columns, rows)
    print(json.dumps({"rows": len(rows), "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
