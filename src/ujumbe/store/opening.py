"""Which database a URL names."""

from pathlib import Path
from typing import Final

from ujumbe.store.database import Database
from ujumbe.store.sqlite import SqliteDatabase

SQLITE: Final = "sqlite:///"


async def open_database(url: str, *, upgrade: bool = False, role: str = "command") -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`, with its tables up to date.

    `role` (see nodes.py) is how the process shows among those that live; one that is no `command` hears of new work.
    Raises `MigrationError`, or `StoreUnavailableError`.
    """
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE))
        return await SqliteDatabase.open(path, upgrade=upgrade, sole=role != "command", role=role)
    from ujumbe.store.postgres import PostgresDatabase  # noqa: PLC0415 - psycopg takes long to load, and few need it

    return await PostgresDatabase.open(url, upgrade=upgrade, role=role)
