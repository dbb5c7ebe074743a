"""`ujumbe listen`: events as they happen, on the terminal and at a program of yours."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from ujumbe.cli.database import find_account, open_database
from ujumbe.cli.output import AsJson, err, out
from ujumbe.cli.webhooks import Types, read_types
from ujumbe.domain.address import Reach, check_url
from ujumbe.domain.event import Type
from ujumbe.flows import telling
from ujumbe.settings import Settings
from ujumbe.store import events, webhooks
from ujumbe.store.database import Database

POLL_SECONDS: Final = 0.3
PAGE: Final = 200


def listen(
    types: Types = "",
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin behind this number (`seq`). [default: what happens from now on]")
    ] = None,
    forward: Annotated[
        str | None, typer.Option(metavar="URL", help="Also post each to this address, signed as a webhook is.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="Sign with this one (`whsec_…`). [default: a new one, which is shown]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print events as they happen, until Ctrl-C; with `--json` one document a line.

    It reads the database and needs no webhook. With `--forward` the receiver's answer stands beside each event; it is
    told once, and not again if it fails.
    """
    settings, wanted = Settings.load(), read_types(types)
    # Whoever runs this command names the address: it may be anywhere.
    url = None if forward is None else check_url(forward, Reach.ANY, field="--forward")
    key = webhooks.check_secret(secret, field="--secret") if secret else webhooks.new_secret()
    if url is not None and not secret:
        err.print(Text.assemble("Signed with ", (key, "bold")))
    try:
        asyncio.run(_listen(settings, wanted, after, url, key, as_json=as_json))
    except (KeyboardInterrupt, BrokenPipeError):  # the second where `| head` has seen enough
        return


async def _listen(
    settings: Settings, types: Sequence[Type], after: int | None, url: str | None, secret: str, *, as_json: bool
) -> None:
    from ujumbe.courier import Courier  # noqa: PLC0415 - it takes long to load

    async with open_database(settings) as db, Courier(Reach.ANY) as courier:
        account = await find_account(db, settings)
        await _number(db)
        seen = await db.read(events.last) if after is None else after
        if not as_json:
            err.print(f"Listening behind event {seen}. Ctrl-C ends it.")
        while True:
            await _number(db)
            page = await db.read(telling.page, account, seen, PAGE, types)
            for event in page.items:
                said = ""
                if url is not None:
                    answer = await courier.post(url, [secret], event)
                    said = answer.error or str(answer.status)
                _print(event, said, as_json=as_json)
            if page.seen == seen:
                await asyncio.sleep(POLL_SECONDS)
            seen = page.seen


async def _number(db: Database) -> None:
    """The log is numbered by whoever reads it, so that this works where no service runs."""
    if await db.read(events.unnumbered):
        while await db.write(events.number):
            pass


def _print(event: dict[str, Any], said: str, *, as_json: bool) -> None:
    if as_json:
        document = {**event, "forwarded": said} if said else event
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    data = json.dumps(event["data"], ensure_ascii=False, separators=(", ", ": "))
    out.print(
        Text.assemble(
            (event["timestamp"][11:23], "dim"),
            f"  {event['seq']:>6}  ",
            (f"{event['type']:<22}", "bold"),
            f"  → {said}" if said else "",
            f"  {data}",
        )
    )
