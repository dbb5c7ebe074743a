"""`ujumbe opt-outs import` and `export`: CSV in and out, a piece at a time, however long it is."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ujumbe.cli.database import ensure_account, find_account, open_database
from ujumbe.cli.output import AsJson, err, out, print_json
from ujumbe.domain import ids, opt_out_sheet
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show as show_moment
from ujumbe.domain.opt_out_sheet import COLUMNS, READ
from ujumbe.flows import importing
from ujumbe.settings import Settings
from ujumbe.store import opt_outs
from ujumbe.store.database import Database
from ujumbe.store.opt_outs import OptOut

STDIN: Final = "-"
LONGEST_LINE: Final = 1 << 16
"""Characters read at once: a file without line ends does not fill the memory."""
MOST_TOLD: Final = 1_000
"""Bad rows that `--json` lists; all are counted, and without it all are printed."""
PAGE: Final = 1_000


@dataclass
class Summary:
    """What became of the rows of a file."""

    added: int = 0
    already: int = 0
    skipped: int = 0
    bad: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)


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
        rows = _Rows(raw, "standard input" if file == STDIN else Path(file).name, settings.default_country, as_json)
        asyncio.run(_import(settings, rows, lambda: progress.update(task, completed=rows.position)))
    summary = rows.summary
    if as_json:
        print_json(vars(summary))
    else:
        skipped = f", {summary.skipped:,} ended or erased and left out" if summary.skipped else ""
        out.print(f"{summary.added:,} added, {summary.already:,} already there, {summary.bad:,} bad{skipped}.")
    if summary.bad:
        raise typer.Exit(1)


async def _import(settings: Settings, rows: "_Rows", tell: Callable[[], None]) -> None:
    async with open_database(settings) as db:
        account = await ensure_account(db, settings)
        for group in rows.groups():
            added = await db.write(importing.take, account, group)
            rows.summary.added += added
            rows.summary.already += len(group) - added
            tell()


class _Rows:
    """The rows of a file, as they are read; bad ones are told at once."""

    def __init__(self, raw: IO[bytes], name: str, country: str, quiet: bool) -> None:
        self._raw, self._name, self._country, self._quiet = raw, name, country, quiet
        self.position = 0
        """Bytes that were read."""
        self.summary = Summary()

    def groups(self) -> Iterator[list[importing.Row]]:
        """The good rows, as many at a time as one transaction takes."""
        group: list[importing.Row] = []
        for each in self._good():
            group.append(each)
            if len(group) == importing.AT_A_TIME:
                yield group
                group = []
        if group:
            yield group

    def _good(self) -> Iterator[importing.Row]:
        places: dict[str, int] | None = None
        for line, cells in self._cells():
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                named = opt_out_sheet.headings(cells)
                places = named or {name: place for place, name in enumerate(READ)}
                if named:
                    continue
            try:
                wanted = opt_out_sheet.read(cells, places, self._country)
            except InvalidInputError as error:
                self._bad(line, str(error))
                continue
            if wanted is None:
                self.summary.skipped += 1
            else:
                yield importing.Row(wanted, f"{self._name} line {line}")

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with the number of its first line."""
        lines = self._lines()
        first = next(lines, "")
        reader = csv.reader(_chain(first, lines), delimiter=opt_out_sheet.separator(first))
        while True:
            begin = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._bad(begin, f"this is no CSV ({error})")
            else:
                yield begin, cells

    def _lines(self) -> Iterator[str]:
        begin = self._raw.read(2)
        encoding = "utf-16" if begin in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        bytes_ = io.BufferedReader(_Again(begin, self._raw, self))
        with io.TextIOWrapper(bytes_, encoding, errors="replace", newline="") as text:
            while line := text.readline(LONGEST_LINE):
                yield line

    def _bad(self, line: int, why: str) -> None:
        self.summary.bad += 1
        if not self._quiet:
            err.print(f"line {line}: {why}", markup=False)
        elif len(self.summary.errors) < MOST_TOLD:
            self.summary.errors.append({"line": line, "error": why})


class _Again(io.RawIOBase):
    """A stream of which the first bytes were looked at; it counts what is read."""

    def __init__(self, begin: bytes, rest: IO[bytes], rows: _Rows) -> None:
        self._begin, self._rest, self._rows = begin, rest, rows

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, self._begin = self._begin or self._rest.read(len(buffer)), b""
        buffer[: len(data)] = data
        self._rows.position += len(data)
        return len(data)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


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


async def _export(settings: Settings, write: Callable[[Sequence[OptOut], bool, bool], None], *, every: bool) -> None:
    async with open_database(settings) as db:
        account = await find_account(db, settings)
        first, page = True, await _page(db, account, 0, every=every)
        while True:
            following = await _page(db, account, page[-1].id, every=every) if page else []
            write(page, first, not following)
            if not following:
                return
            first, page = False, following


async def _page(db: Database, account: int, after: int, *, every: bool) -> list[OptOut]:
    """A page by key, each a snapshot of its own: a long one would keep the database from tidying up."""
    return await db.read(opt_outs.export_page, account, after=after, limit=PAGE, every=every)


def _print_csv(page: Sequence[OptOut], first: bool, last: bool) -> None:  # noqa: ARG001 - called as _print_json is
    writer = csv.writer(sys.stdout)
    if first:
        writer.writerow(COLUMNS)
    for each in page:
        free = map(opt_out_sheet.cell, (each.sender, each.source, each.reason, each.proof))
        until = "" if each.ended_at is None else show_moment(each.ended_at)
        since, ended_by = show_moment(each.started_at), opt_out_sheet.cell(each.ended_by)
        writer.writerow((opt_out_sheet.number_cell(each.number), *free, since, until, ended_by))


def _print_json(page: Sequence[OptOut], first: bool, last: bool) -> None:
    sys.stdout.write("[" if first else ",")
    rows = [json.dumps(document(each), ensure_ascii=False) for each in page]
    sys.stdout.write("\n" + ",\n".join(rows) if rows else "")
    sys.stdout.write("\n]\n" if last else "")


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
