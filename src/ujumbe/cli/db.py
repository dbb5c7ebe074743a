"""`ujumbe db`: the database itself."""

import asyncio

import typer

from ujumbe.cli.output import AsJson, out, print_json
from ujumbe.settings import Settings
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
