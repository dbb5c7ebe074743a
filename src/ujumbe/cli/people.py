"""`ujumbe people`: what is done for a person who asks for it."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ujumbe.cli.database import open_database
from ujumbe.cli.output import AsJson, out, print_json
from ujumbe.domain import phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.flows import erasing
from ujumbe.flows.erasing import Erased
from ujumbe.settings import Settings

app = typer.Typer(help="Erase a person on request.", no_args_is_help=True)


@app.callback()
def _people() -> None:
    """Erase a person on request."""


@app.command()
def erase(
    number: Annotated[str, typer.Argument(metavar="PHONE", help="As in +254711000111.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a person's number and texts out of every table. It cannot be undone.

    What waits for the number is canceled. Records that must stay (that something was sent, at what price; that they
    opted out) stay under a keyed mark: an opt-out goes on being honoured. Safe beside a running service, and to repeat.
    """
    settings = Settings.load()
    parsed = phone.parse_query(number, field="PHONE", default_country=settings.default_country)
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInputError("--yes", "nobody can be asked here: give --yes to erase for good")
        typer.confirm(f"Erase {parsed} for good?", abort=True, err=True)

    async def run() -> Erased:
        async with open_database(settings) as db:
            return await erasing.erase(db, parsed)

    found = asyncio.run(run())
    if as_json:
        print_json(asdict(found))
        return
    out.print(
        f"Erased from {found.messages:,} messages ({found.canceled:,} of them canceled), {found.inbound:,} incoming "
        f"texts, {found.callbacks:,} callbacks and {found.subscriptions:,} subscriptions."
    )
