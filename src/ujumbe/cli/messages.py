"""`ujumbe messages`: what was sent, and what became of it."""

import asyncio
from typing import Annotated, Any

import typer

from ujumbe.cli.database import find_account, open_database
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import MEANING, State
from ujumbe.domain.moment import show as show_moment
from ujumbe.flows.timeline import Explained, explain
from ujumbe.settings import Settings
from ujumbe.store import messages
from ujumbe.store.messages import Filters, Message

app = typer.Typer(help="List messages, and have one explained.", no_args_is_help=True)


@app.command("list")
def list_messages(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    to: Annotated[str | None, typer.Option(help="Only those to this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=messages.LARGEST_PAGE, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List messages, newest first."""
    settings = Settings.load()
    number = None if to is None else phone.parse_query(to, field="--to", default_country=settings.default_country)

    async def run() -> list[Message]:
        async with open_database(settings) as db:
            account = await find_account(db, settings)
            return await db.read(messages.list_page, account, Filters(state=state, number=number, limit=limit))

    found = [document(each) for each in asyncio.run(run())]
    if as_json:
        print_json(found)
    elif not found:
        out.print("No messages.")
    else:
        print_messages(found)


@app.command()
def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="As `ujumbe messages list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Explain one message: every attempt, every report, and why it stands where it stands."""
    number = ids.read(Kind.MESSAGE, message_id, field="ID")
    settings = Settings.load()

    async def run() -> Explained | None:
        async with open_database(settings) as db:
            account = await find_account(db, settings)
            return await db.read(explain, account, number)

    found = asyncio.run(run())
    if found is None:
        raise InvalidInputError("ID", f"no message has the id {message_id}")
    if as_json:
        steps = [{"at": show_moment(step.at), "what": step.what, "detail": step.detail} for step in found.timeline]
        print_json({**document(found.message), "timeline": steps})
        return
    message = found.message
    out.print(f"{ids.show(Kind.MESSAGE, message.id)} to {message.number} is {message.state}: {MEANING[message.state]}")
    if message.reason:
        out.print(f"Because: {message.reason}", markup=False)
    out.print()
    rows = []
    for step in found.timeline:
        detail = "  ".join(f"{name}={_flat(value)}" for name, value in step.detail.items())
        rows.append((show_moment(step.at), step.what, detail))
    print_table(("when", "what", "detail"), rows)


def document(message: Message) -> dict[str, Any]:
    """A message as `--json` prints it; the API's fields, shorter."""
    return {
        "id": ids.show(Kind.MESSAGE, message.id),
        "to": message.number,
        "from": message.sender,
        "text": message.text,
        "state": message.state,
        "reason": message.reason,
        "cost": None if message.cost is None else str(message.cost),
        "segments": message.segments,
        "provider_message_id": message.provider_id,
        "created_at": show_moment(message.created_at),
    }


def print_messages(found: list[dict[str, Any]]) -> None:
    """Print messages as a table."""
    print_table(
        ("id", "to", "state", "cost", "created", "why"),
        [
            (
                each["id"],
                each["to"],
                each["state"],
                each["cost"] or "",
                each["created_at"][5:16].replace("T", " "),
                each["reason"],
            )
            for each in found
        ],
    )


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}={inner}" for name, inner in value.items())
    return str(value)
