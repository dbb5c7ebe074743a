"""`ujumbe db`: the database itself."""

import asyncio

import typer

from ujumbe.cli.output import AsJson, out, print_json
from ujumbe.settings import Settings
from ujumbe.store.sqlite import Database

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@app.callback()
def _db() -> None:
    """Look after the database."""


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Make the database, or bring it up to this version. Safe to run again, and beside a running service."""
    settings = Settings.load()

    async def run() -> list[str]:
        db = await Database.open(settings.database_path, upgrade=True)
        await db.close()
        return [f"{each.number:04d}_{each.name}" for each in db.migrated]

    applied = asyncio.run(run())
    if as_json:
        print_json({"database": str(settings.database_path), "applied": applied})
    elif applied:
        out.print(f"{settings.database_path}: applied {', '.join(applied)}")
    else:
        out.print(f"{settings.database_path}: up to date")
