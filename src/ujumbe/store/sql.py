"""Named SQL: `sql/messages.sql` holds `messages.claim` and its like, each under a `-- name:` line.

It is written once, as PostgreSQL reads it but with `:name` for values; what SQLite reads otherwise is put into its
words here. A statement that needs a form of its own for one of them stands a second time as `-- name: x (postgres)`.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final


class Dialect(StrEnum):
    """Whose SQL."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


_HEADER = re.compile(r"^-- name: (\w+)(?: \((postgres)\))?$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_VALUE = re.compile(r"(?<!:):([a-z_]+)")
_ANY = re.compile(r"= ANY \((:\w+)\)")
_ROW_LOCK = re.compile(r"\s+FOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?")
"""SQLite's one writer locks everything."""


def for_sqlite(sql: str) -> str:
    """Lists arrive as JSON; there are no row locks."""
    return _ROW_LOCK.sub("", _ANY.sub(r"IN (SELECT value FROM json_each(\1))", sql))


def for_postgres(sql: str) -> str:
    """Values as psycopg writes them."""
    return _VALUE.sub(r"%(\1)s", sql.replace("%", "%%"))


_WORDS: Final[dict[Dialect, Callable[[str], str]]] = {Dialect.SQLITE: for_sqlite, Dialect.POSTGRES: for_postgres}


@cache
def statements(dialect: Dialect) -> dict[str, str]:
    """All statements by `file.name`. Raises `ValueError` for a name given twice."""
    found: dict[str, str] = {}
    own: dict[str, str] = {}
    for file in sorted(resources.files("ujumbe.store").joinpath("sql").iterdir(), key=lambda each: each.name):
        noun = file.name.removesuffix(".sql")
        _, *parts = _HEADER.split(file.read_text(encoding="utf-8"))
        for name, only, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            key = f"{noun}.{name}"
            target = own if only else found
            if key in target:
                raise ValueError(f"the SQL statement {key} stands twice")
            target[key] = _COMMENT.sub("", text).strip().rstrip(";")
    if dialect is Dialect.POSTGRES:
        found |= own
    return {key: _WORDS[dialect](text) for key, text in found.items()}


@cache
def numbered(name: str, columns: tuple[str, ...]) -> str:
    """A named statement for SQLite with `?1`, `?2` … for `columns`: rows as tuples bind faster than as dicts."""
    places = {column: f"?{place}" for place, column in enumerate(columns, start=1)}
    return _VALUE.sub(lambda found: places[found.group(1)], statements(Dialect.SQLITE)[name])
