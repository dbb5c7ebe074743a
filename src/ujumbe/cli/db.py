"""`ujumbe db`: the database itself."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ujumbe.cli.output import AsJson, err, out, print_json, print_table
from ujumbe.domain.errors import InvalidInputError
from ujumbe.settings import POSTGRES, Settings
from ujumbe.store.lock import FileLock, Holder
from ujumbe.store.opening import open_database

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@app.callback()
def _db() -> None:
    """Look after the database."""


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Make the database, or bring it up to this version. Safe to run again, and beside a running service."""
    settings = Settings.load()

    async def run() -> tuple[str, list[str]]:
        db = await open_database(settings.store_url, upgrade=True)
        await db.close()
        return db.name, [f"{each.number:04d}_{each.name}" for each in db.migrated]

    name, applied = asyncio.run(run())
    if as_json:
        print_json({"database": name, "applied": applied})
    else:
        told = f"applied {', '.join(applied)}" if applied else "up to date"
        out.print(f"{name}: {told}")


@app.command()
def move(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The SQLite file. [default: that of UJUMBE_DATABASE_URL or UJUMBE_DATA]"),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="An empty PostgreSQL database. [default: UJUMBE_DATABASE_URL]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy everything from SQLite to PostgreSQL, and compare counts and checksums before it counts.

    Stop the service first; afterwards set UJUMBE_DATABASE_URL and start again. The file is kept, marked as moved: a
    service that started on it again would send what waits there a second time, so none does.
    """
    settings = Settings.load()
    path = source or settings.database_path or settings.data / "ujumbe.sqlite3"
    url = (Settings.load(database_url=target) if target else settings).database_url.get_secret_value()
    if not url.startswith(POSTGRES):
        raise InvalidInputError("--to", "give --to postgresql://… (or set UJUMBE_DATABASE_URL to it)")
    from ujumbe.store import moving  # noqa: PLC0415 - psycopg takes long to load, and few commands need it

    lock = FileLock(path)
    if path.exists():
        lock.acquire(Holder(os.getpid(), "", settings.at_username, "", "", ""))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
            bar = progress.add_task("")
            moved = moving.move(
                path,
                url,
                lambda table, done, total: progress.update(bar, description=table, completed=done, total=total),
            )
    finally:
        lock.release()
    if as_json:
        print_json([{"table": each.table, "rows": each.rows, "checksum": each.checksum} for each in moved])
        return
    print_table(("table", "rows", "checksum"), [(each.table, f"{each.rows:,}", each.checksum) for each in moved])
    out.print(f"Moved {sum(each.rows for each in moved):,} rows. Both sides have the same counts and checksums.")
    out.print("Now set UJUMBE_DATABASE_URL to the new database; nothing starts on the old file any more.")
