"""`ujumbe opt-outs`: who said stop, how we know, and what people decide about it."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import typer

from ujumbe.cli import database, opt_out_files
from ujumbe.cli.database import ensure_account, open_database
from ujumbe.cli.opt_out_files import document
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids, phone, text
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show as show_moment
from ujumbe.flows import consent
from ujumbe.settings import Settings
from ujumbe.store import opt_outs, reviews
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import OptOut, Source
from ujumbe.store.reviews import Decision, Review

T = TypeVar("T")

BY: Final = "command line"
LONGEST_REASON: Final = 500

app = typer.Typer(help="Who said stop: list, record, end, import, export, decide about doubts.", no_args_is_help=True)

Phone = Annotated[str, typer.Argument(metavar="PHONE", help="As in +254711000111.")]
Most = Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest first.")]


@app.command("list")
def list_opt_outs(limit: Most = 20, as_json: AsJson = False) -> None:
    """List the opt-outs in force, newest first."""
    found = database.read(lambda tx, account: opt_outs.list_page(tx, account, before=None, limit=limit))
    if as_json:
        print_json([document(each) for each in found])
    elif not found:
        out.print("No opt-outs.")
    else:
        print_table(
            ("id", "phone", "from", "source", "since", "reason"),
            [
                (
                    ids.show(Kind.OPT_OUT, each.id),
                    each.number,
                    each.sender or "all senders",
                    each.source,
                    show_moment(each.started_at)[:16].replace("T", " "),
                    each.reason,
                )
                for each in found
            ],
        )


@app.command()
def show(number: Phone, as_json: AsJson = False) -> None:
    """Show all that one number ever said, newest first, each with its proof."""
    parsed = _parsed(number)
    _show(parsed, database.read(lambda tx, account: opt_outs.history(tx, account, parsed)), as_json=as_json)


@app.command()
def add(
    number: Phone,
    sender: Annotated[str, typer.Option("--from", help="The sender it is about. [default: all of them]")] = "",
    reason: Annotated[str, typer.Option(help="Kept with it: how you know.")] = "",
    as_json: AsJson = False,
) -> None:
    """Opt a number out of one sender, or of all. Holds for what waits in the outbox too; again is no error."""
    parsed, origin = _parsed(number), senders.check(sender, field="--from")
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError("--reason", f"a reason has at most {LONGEST_REASON} characters")

    def work(tx: Tx, account: int) -> list[OptOut]:
        opt_outs.insert(tx, account, parsed, origin, Source.OPERATOR, text.storable(reason), BY)
        return opt_outs.history(tx, account, parsed)

    _show(parsed, _write(work), as_json=as_json)


@app.command()
def remove(
    number: Phone,
    sender: Annotated[
        str | None,
        typer.Option("--from", help="Only the one from this sender; '' for the one from all. [default: every one]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """End the opt-outs of a number, for somebody who asked to hear from you again. The history stays."""
    parsed = _parsed(number)

    def work(tx: Tx, account: int) -> list[OptOut]:
        given = None if sender is None else text.storable(sender)
        if not opt_outs.end(tx, account, parsed, given, consent.OPERATOR, BY):
            raise InvalidInputError("PHONE", f"no such opt-out of {parsed} is in force")
        return opt_outs.history(tx, account, parsed)

    _show(parsed, _write(work), as_json=as_json)


app.command("import")(opt_out_files.import_file)
app.command("export")(opt_out_files.export)


@app.command()
def review(
    opt_out: Annotated[str | None, typer.Option(metavar="ID", help="Opt this one's sender out of everything.")] = None,
    dismiss: Annotated[
        str | None, typer.Option(metavar="ID", help="Take this one off the list, and do nothing.")
    ] = None,
    limit: Most = 20,
    as_json: AsJson = False,
) -> None:
    """List texts that may ask to stop in words of their own, or decide about one."""
    if opt_out is not None and dismiss is not None:
        raise InvalidInputError("--dismiss", "give one decision at a time")
    given = opt_out if opt_out is not None else dismiss
    if given is not None:
        _decide(given, Decision.OPT_OUT if opt_out is not None else Decision.DISMISS, as_json=as_json)
        return
    found = database.read(lambda tx, account: reviews.open_page(tx, account, before=None, limit=limit))
    if as_json:
        print_json([_review(each) for each in found])
    elif not found:
        out.print("Nothing waits for a decision.")
    else:
        rows = [_review(each) for each in found]
        columns = ("id", "phone", "received_at", "why", "text")
        print_table(columns, [tuple(each[name] for name in columns) for each in rows])


def _decide(given: str, decision: Decision, *, as_json: bool) -> None:
    number = ids.read(Kind.REVIEW, given, field="ID")
    found = _write(lambda tx, account: consent.decide(tx, account, number, decision, BY))
    if found is None:
        raise InvalidInputError("ID", f"no review {given} waits for a decision")
    if as_json:
        print_json({**_review(found), "decision": decision})
    elif decision is Decision.OPT_OUT:
        out.print(f"{found.number} is opted out of all senders.", markup=False)
    else:
        out.print(f"{given} is off the list.", markup=False)


def _review(stored: Review) -> dict[str, Any]:
    return {
        "id": ids.show(Kind.REVIEW, stored.id),
        "inbound": ids.show(Kind.INBOUND, stored.inbound),
        "phone": stored.number,
        "text": stored.text,
        "why": stored.why,
        "received_at": show_moment(stored.made_at),
    }


def _show(parsed: str, found: list[OptOut], *, as_json: bool) -> None:
    opted_out = any(each.ended_at is None for each in found)
    if as_json:
        print_json({"phone": parsed, "opted_out": opted_out, "history": [document(each) for each in found]})
        return
    whose = ", ".join(each.sender or "all senders" for each in found if each.ended_at is None)
    out.print(f"{parsed} is {f'opted out of {whose}' if opted_out else 'not opted out'}.", markup=False)
    if found:
        out.print()
        columns = ("from", "source", "since", "until", "reason", "proof", "ended_by", "ended_proof")
        documents = [document(each) | {"from": each.sender or "all senders"} for each in found]
        print_table(columns, [tuple(each[name] or "" for name in columns) for each in documents])


def _parsed(number: str) -> str:
    return phone.parse_query(number, field="PHONE", default_country=Settings.load().default_country)


def _write(work: Callable[[Tx, int], T]) -> T:
    settings = Settings.load()

    async def run() -> T:
        async with open_database(settings) as db:
            return await db.write(work, await ensure_account(db, settings))

    return asyncio.run(run())
