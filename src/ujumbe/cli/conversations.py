"""`ujumbe conversations`: who writes to us, and what went either way."""

from typing import Annotated, Any

import typer

from ujumbe.cli import database
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show as show_moment
from ujumbe.settings import Settings
from ujumbe.store import conversations
from ujumbe.store.conversations import Conversation, Line, State

app = typer.Typer(
    help="Read what people write and what they were answered; mark it as done. Answer with `ujumbe send --two-way`.",
    no_args_is_help=True,
)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Who wrote, e.g. +254711000111.")]
Ours = Annotated[str | None, typer.Option("--with", help="Only with this short code of ours.")]


@app.command("list")
def list_conversations(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, the latest heard first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List conversations, the latest heard first."""
    found = database.read(
        lambda tx, account: conversations.list_page(tx, account, state=state, before=None, limit=limit)
    )
    if as_json:
        print_json([_document(each) for each in found])
    elif not found:
        out.print(f"No conversation is {state}." if state else "No conversations: nobody has written yet.")
    else:
        rows = [(each.number, each.ours, each.state, show_moment(each.at)[5:19], each.text) for each in found]
        print_table(("who", "with", "state", "at", "latest text"), rows)


@app.command()
def show(
    number: Number,
    ours: Ours = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many texts, the newest of them.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what went between us and one number, oldest first."""
    parsed = _parsed(number)
    found = database.read(
        lambda tx, account: conversations.lines(tx, account, parsed, ours=ours, before=None, limit=limit)
    )
    lines = [_line(each) for each in reversed(found)]
    if as_json:
        print_json({"phone": parsed, "items": lines})
    elif not lines:
        out.print("Nothing went either way.")
    else:
        rows = [
            (
                each["at"][5:19],
                "→" if each["direction"] == "out" else "←",
                each["with"],
                each["state"] or "",
                each["text"],
            )
            for each in lines
        ]
        print_table(("at", "", "with", "state", "text"), rows)


@app.command()
def done(number: Number, ours: Ours = None, as_json: AsJson = False) -> None:
    """Mark a conversation as done; the next text that comes in opens it again."""
    _mark(number, ours, State.DONE, as_json=as_json)


@app.command()
def reopen(number: Number, ours: Ours = None, as_json: AsJson = False) -> None:
    """Open a conversation again."""
    _mark(number, ours, State.OPEN, as_json=as_json)


def _mark(number: str, ours: str | None, state: State, *, as_json: bool) -> None:
    parsed = _parsed(number)
    if not database.write(lambda tx, account: conversations.mark(tx, account, parsed, ours, state)):
        raise InvalidInputError("NUMBER", "this number never wrote to us")
    if as_json:
        print_json({"phone": parsed, "state": state})
    else:
        out.print(f"{parsed} is {state}.")


def _parsed(number: str) -> str:
    return phone.lenient(number, Settings.load().default_country)


def _document(found: Conversation) -> dict[str, Any]:
    return {
        "phone": found.number,
        "with": found.ours,
        "state": found.state,
        "text": found.text,
        "at": show_moment(found.at),
    }


def _line(found: Line) -> dict[str, Any]:
    return {
        "id": ids.show(Kind.INBOUND if found.state is None else Kind.MESSAGE, found.id),
        "direction": "in" if found.state is None else "out",
        "with": found.ours,
        "text": found.text,
        "at": show_moment(found.at),
        "state": found.state,
        "reason": found.reason,
    }
