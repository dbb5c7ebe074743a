"""`ujumbe opt-outs import` and `export`: CSV in and out, a piece at a time, however long it is."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ujumbe.cli.database import ensure_account, find_account, open_database
from ujumbe.cli.output import AsJson, err, out, print_json
from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show as show_moment
from ujumbe.flows import exporting, importing
from ujumbe.flows.importing import Sheet
from ujumbe.settings import Settings
from ujumbe.store.opt_outs import OptOut

STDIN: Final = "-"
MOST_TOLD: Final = 1_000
"""Bad rows that `--json` lists; all are counted, and without it all are printed."""


@dataclass
class Summary:
    """What became of the rows of a file."""

    added: int = 0
    already: int = 0
    skipped: int = 0
    bad: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, line: int, why: str) -> None:
        """A bad row, told at once."""
        self.bad += 1
        err.print(f"line {line}: {why}", markup=False)

    def keep(self, line: int, why: str) -> None:
        """A bad row, for `--json`."""
        self.bad += 1
        if len(self.errors) < MOST_TOLD:
            self.errors.append({"line": line, "error": why})


def import_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE.csv", help="Its columns: phone, from, reason. - is standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Opt out every number of a CSV file. Doing it again adds nothing.

    The columns are `phone` and, where you have them, `from` (the sender it is about; empty for all) and `reason`. With
    a heading they may stand in any order beside others; without one they stand in this order. Commas, semicolons and
    tabs are understood, and so is what `ujumbe opt-outs export` wrote. National numbers need UJUMBE_DEFAULT_COUNTRY.

    A bad row is told with its line and does not stop the rest. Exit code 1 when there were any.
    """
    settings = Settings.load()
    with ExitStack() as stack:
        raw = _open(file, stack)
        size = None if file == STDIN else Path(file).stat().st_size
        columns = (TextColumn("Importing"), BarColumn(), DownloadColumn())
        progress = stack.enter_context(Progress(*columns, console=err, transient=True, disable=not err.is_terminal))
        task = progress.add_task("", total=size)
        name, summary = "standard input" if file == STDIN else Path(file).name, Summary()
        sheet = Sheet(raw, name, settings.default_country, summary.keep if as_json else summary.tell)
        asyncio.run(_import(settings, sheet, summary, lambda: progress.update(task, completed=sheet.position)))
    if as_json:
        print_json(vars(summary))
    else:
        skipped = f", {summary.skipped:,} ended or erased and left out" if summary.skipped else ""
        out.print(f"{summary.added:,} added, {summary.already:,} already there, {summary.bad:,} bad{skipped}.")
    if summary.bad:
        raise typer.Exit(1)


async def _import(settings: Settings, sheet: Sheet, summary: Summary, tell: Callable[[], None]) -> None:
    async with open_database(settings) as db:
        account = await ensure_account(db, settings)
        for group in sheet.groups():
            added = await db.write(importing.take, account, group)
            summary.added += added
            summary.already += len(group) - added
            tell()
    summary.skipped = sheet.skipped


def _open(file: str, stack: ExitStack) -> IO[bytes]:
    if file == STDIN:
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise InvalidInputError("FILE", f"{file} cannot be read: {error.strerror}") from None


def export(
    every: Annotated[
        bool, typer.Option("--all", help="Those that have ended, too, and those of erased people.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the opt-outs in force to standard output as CSV, oldest first: `ujumbe opt-outs export > stops.csv`.

    What a spreadsheet would take for a formula gets a `'` in front; `ujumbe opt-outs import` takes it off again.
    """
    settings = Settings.load()
    asyncio.run(_export(settings, _print_json if as_json else _print_csv, every=every))
    if as_json:
        sys.stdout.write("\n]\n")


async def _export(settings: Settings, write: Callable[[Sequence[OptOut], bool], None], *, every: bool) -> None:
    async with open_database(settings) as db:
        first = True
        async for page in exporting.pages(db, await find_account(db, settings), every=every):
            write(page, first)
            first = False
    if first:
        write([], True)


def _print_csv(page: Sequence[OptOut], first: bool) -> None:
    sys.stdout.write(exporting.sheet(page, heading=first))


def _print_json(page: Sequence[OptOut], first: bool) -> None:
    rows = [json.dumps(document(each), ensure_ascii=False) for each in page]
    sys.stdout.write(("[\n" if first else ",\n") + ",\n".join(rows))


def document(stored: OptOut) -> dict[str, Any]:
    """An opt-out as `--json` prints it; the API's fields."""
    return {
        "id": ids.show(Kind.OPT_OUT, stored.id),
        "phone": stored.number,
        "from": stored.sender or None,
        "source": stored.source,
        "reason": stored.reason,
        "proof": stored.proof,
        "since": show_moment(stored.started_at),
        "until": None if stored.ended_at is None else show_moment(stored.ended_at),
        "ended_by": stored.ended_by,
        "ended_proof": stored.ended_proof,
    }
