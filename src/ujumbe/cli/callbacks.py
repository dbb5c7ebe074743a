"""`ujumbe callbacks`: what AT told us, as it came."""

import asyncio
from typing import Annotated, Any

import typer

from ujumbe.africastalking.callbacks import IN_DASHBOARD, Kind
from ujumbe.africastalking.form import fields
from ujumbe.cli.database import find_account, open_database
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind as IdKind
from ujumbe.domain.moment import show as show_moment
from ujumbe.flows import door
from ujumbe.flows.answering import Answers
from ujumbe.settings import Settings
from ujumbe.store import callbacks
from ujumbe.store.callbacks import Fate, Kept

app = typer.Typer(help="List, explain and replay what AT told us; the addresses to give to AT.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ujumbe callbacks list` shows it.")]


@app.command("list")
def list_callbacks(
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    state: Annotated[Fate | None, typer.Option(help="Only those that came to this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List callbacks with what became of them, newest first."""
    settings = Settings.load()

    async def run() -> list[Kept]:
        async with open_database(settings) as db:
            account = await find_account(db, settings)
            return await db.read(callbacks.list_page, account, kind=kind, fate=state, before=None, limit=limit)

    found = [_document(each) for each in asyncio.run(run())]
    if as_json:
        print_json(found)
    elif not found:
        out.print("No callbacks.")
    else:
        columns = ("id", "received", "kind", "number", "state", "why")
        rows = [(each["id"], each["received_at"][5:19], *(each[name] for name in columns[2:])) for each in found]
        print_table(columns, rows)


@app.command()
def show(callback: Id, as_json: AsJson = False) -> None:
    """Show one callback as it was received, and why it was applied or not."""
    settings, number = Settings.load(), ids.read(IdKind.CALLBACK, callback, field="ID")

    async def run() -> Kept | None:
        async with open_database(settings) as db:
            return await db.read(callbacks.find, await find_account(db, settings), number)

    _show(asyncio.run(run()), callback, as_json=as_json)


@app.command()
def replay(callback: Id, as_json: AsJson = False) -> None:
    """Apply one callback again. Doing it twice changes nothing: each thing that it says is done once."""
    settings, number = Settings.load(), ids.read(IdKind.CALLBACK, callback, field="ID")

    async def run() -> Kept | None:
        async with open_database(settings) as db:
            rules = door.Rules(await find_account(db, settings), _answers(settings), settings.default_country)
            return await db.write(door.replay, rules, number)

    _show(asyncio.run(run()), callback, as_json=as_json)


@app.command()
def fetch(as_json: AsJson = False) -> None:
    """Fetch incoming texts that AT has and no callback brought, as the service does when it starts."""
    settings = Settings.load(required=("at_username", "at_api_key"))
    from ujumbe.africastalking.client import AfricasTalking  # noqa: PLC0415 - it takes long to load, and few need it
    from ujumbe.worker.jobs import fetch_inbox  # noqa: PLC0415 - likewise

    async def run() -> int:
        key = settings.at_api_key.get_secret_value()
        async with (
            open_database(settings) as db,
            AfricasTalking(settings.at_username, key, api_url=settings.at_api_url) as client,
        ):
            return await fetch_inbox(db, client, await find_account(db, settings), _answers(settings))

    new = asyncio.run(run())
    if as_json:
        print_json({"new": new})
    else:
        out.print(f"{new:,} new text{'' if new == 1 else 's'} from Africa's Talking's inbox.")


@app.command()
def urls(
    base: Annotated[
        str,
        typer.Argument(metavar="[URL]", help="Where AT reaches you: https://sms.example.org. [default: UJUMBE_URL]"),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print the addresses to paste into AT's dashboard, with the newest callback token."""
    settings = Settings.load()
    base = base or settings.url
    if not base.startswith(("https://", "http://")):
        raise InvalidInputError("URL", "give the address that AT can reach, as in https://sms.example.org")
    base = base.rstrip("/").removesuffix("/sms")
    tokens = settings.tokens
    end = f"?token={tokens[-1]}" if tokens else ""
    rows = [(name, f"{base.rstrip('/')}/sms/{kind.value}{end}") for kind, name in IN_DASHBOARD.items()]
    if as_json:
        print_json({kind.value: address for kind, (_, address) in zip(IN_DASHBOARD, rows, strict=True)})
        return
    out.print("In AT's dashboard, SMS, SMS Callback URLs:\n")
    print_table(("there", "address"), rows)
    if not tokens:
        out.print(
            "\nUJUMBE_CALLBACK_TOKEN is not set: `ujumbe serve` refuses callbacks that come through a web server. "
            "Set it to a long random word, then run this again.",
            markup=False,
        )


def _answers(settings: Settings) -> Answers:
    from ujumbe.runtime import answers_of  # noqa: PLC0415 - it takes long to load, and few need it

    return answers_of(settings)


def _show(kept: Kept | None, callback: str, *, as_json: bool) -> None:
    if kept is None:
        raise InvalidInputError("ID", f"no callback has the id {callback}")
    document = _document(kept)
    if as_json:
        print_json(document)
        return
    out.print(f"{document['id']}, {document['kind']}, received {document['received_at']}, is {document['state']}")
    if kept.note:
        out.print(f"Because: {kept.note}", markup=False)
    out.print()
    print_table(("field", "value"), list(document["fields"].items()))
    out.print(f"\nAs received ({kept.raw.content_type or 'no content type'}):\n", markup=False)
    out.print(document["body"], markup=False)


def _document(kept: Kept) -> dict[str, Any]:
    raw = kept.raw
    return {
        "id": ids.show(IdKind.CALLBACK, kept.id),
        "received_at": show_moment(kept.received_at),
        "kind": raw.kind,
        "number": kept.number,
        "state": kept.fate,
        "why": kept.note,
        "fields": fields(raw.body, raw.query, raw.content_type),
        "content_type": raw.content_type,
        "query": raw.query.decode("ascii", "replace"),
        "body": raw.body.decode("utf-8", "replace"),
    }
