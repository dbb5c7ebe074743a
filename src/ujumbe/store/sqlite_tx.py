"""One unit of work on SQLite."""

import json
import sqlite3
import time
from itertools import repeat
from typing import Any

from ujumbe import faults
from ujumbe.store.database import Columns, Parameters, Row
from ujumbe.store.ids import Ids
from ujumbe.store.sql import Dialect, numbered, statements

_ROWS = "json_each(:rows)"


class SqliteTx:
    """A unit of work on a SQLite connection (see database.Tx)."""

    def __init__(self, connection: sqlite3.Connection, ids: Ids | None) -> None:
        self._connection = connection
        self._ids = ids
        self.now = time.time_ns() // 1_000_000
        self.woken = False

    def new_id(self) -> int:
        """Make an id (see ids.py); only where the database was opened for writing."""
        assert self._ids is not None, "a reader makes no ids"
        return self._ids.new()

    def new_ids(self, count: int) -> list[int]:
        """Make `count` ids, each above the one before it."""
        assert self._ids is not None, "a reader makes no ids"
        return self._ids.several(count)

    def all(self, name: str, /, **values: Any) -> list[Row]:
        """Every row of the named statement."""
        return self._execute(name, values).fetchall()

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row of the named statement, or None."""
        row: Row | None = self._execute(name, values).fetchone()
        return row

    def tuples(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """Every row of the named statement, in the order of its columns."""
        self._point(name)
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor.execute(statements(Dialect.SQLITE)[name], _bound(values)).fetchall()

    def run(self, name: str, /, **values: Any) -> int:
        """Run the named statement; the number of rows it changed."""
        return self._execute(name, values).rowcount

    def many(self, name: str, columns: Columns, /, **common: Any) -> int:
        """Run the named statement for each row of `columns`; the number of rows changed in all."""
        self._point(name)
        sql = statements(Dialect.SQLITE)[name]
        if _ROWS in sql:  # a few narrow columns: one statement over JSON costs less than one a row
            rows = list(zip(*columns.values(), strict=True))
            return self._connection.execute(sql, {"rows": json.dumps(rows), **common}).rowcount
        sql = numbered(name, (*columns, *common))
        repeated = zip(*columns.values(), *map(repeat, common.values()), strict=False)
        return self._connection.executemany(sql, repeated).rowcount

    def select(self, sql: str, values: Parameters) -> list[Row]:
        """Every row of a statement that the store put together from its own fixed parts (filters)."""
        return self._connection.execute(sql, values).fetchall()

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Nothing to wait for: there is one writer."""

    def try_lock(self, name: str) -> bool:  # noqa: ARG002 - the one writer has them all
        """Always: there is one writer."""
        return True

    def wake(self) -> None:
        """After the commit, tell the worker of this process. Other processes have none (see lock.py)."""
        self.woken = True

    def _execute(self, name: str, values: Parameters) -> sqlite3.Cursor:
        self._point(name)
        return self._connection.execute(statements(Dialect.SQLITE)[name], _bound(values))

    def _point(self, name: str) -> None:
        if self._ids is not None:  # it writes
            faults.point(name)


def _bound(values: Parameters) -> Parameters:
    """Lists as JSON, which is how statements for SQLite take them."""
    if any(isinstance(value, list) for value in values.values()):
        return {name: json.dumps(value) if isinstance(value, list) else value for name, value in values.items()}
    return values
