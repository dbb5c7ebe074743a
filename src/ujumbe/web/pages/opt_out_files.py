"""Opt-outs as files: a list is checked or imported, and what there is goes out as CSV."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import IO, Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ujumbe.domain import consent as scopes
from ujumbe.domain.text import storable
from ujumbe.flows import exporting, importing
from ujumbe.flows.importing import Row, Sheet
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

PLACE: Final = "/opt-outs/import"
MOST_ROWS: Final = 200_000
"""Of one file: what its 16 MB hold, and what is compared with itself in memory when it is only checked."""
MOST_SHOWN: Final = 200
"""Lines that cannot be used and are shown; all are counted."""
CARRIED: Final = 256 << 10
"""Bytes of a file that the page after a check carries on to the import; a larger one is chosen again."""
LONGEST_NAME: Final = 100


class TooLongError(Exception):
    """The file has more rows that cannot be used than an import takes rows."""


@dataclass
class Result:
    """What became of a file, or what would."""

    name: str
    added: int = 0
    already: int = 0
    twice: int = 0
    """Rows that say again what an earlier row of the file said; only a check knows them apart."""
    skipped: int = 0
    bad: int = 0
    too_long: bool = False
    lines: list[tuple[int, str]] = field(default_factory=list)

    def wrong(self, line: int, why: str) -> None:
        """Note a line that cannot be used."""
        self.bad += 1
        if len(self.lines) < MOST_SHOWN:
            self.lines.append((line, why))

    @property
    def rows(self) -> int:
        """How many rows the file has, as far as it was read."""
        return self.added + self.already + self.twice + self.skipped + self.bad


@router.get("/opt-outs/export.csv")
async def export(page: Viewing, every: Annotated[bool, Query(alias="all")] = False) -> Response:
    """Stream the opt-outs in force as CSV, oldest first; with `all` those that have ended too."""
    if page.viewer.masked:
        raise Problem("forbidden", "Numbers are masked for you, and this is a list of numbers. Ask an admin for it")
    await page.runtime.db.write(page.note, "export opt-outs")
    return page.sheet("opt-outs", exporting.sheets(page.runtime.db, page.runtime.account, every=every))


@router.get(PLACE)
async def ask(page: Operating) -> Response:
    """Show the form that takes a file."""
    return await _show(page, None)


@router.post(PLACE)
async def take(page: Operating) -> Response:
    """Check a file, or import it: piece by piece, so that what was done before something broke stays done."""
    async with page.request.form(max_files=1, max_fields=10, max_part_size=2 * CARRIED) as form:
        check = form.get("do") == "check"
        given = _given(form.get("file"), form.get("name"), form.get("content"))
        if given is None:
            return await _show(page, None, error="Choose a file first", status=422)
        raw, result, size = given
        if check:
            await _check(page, raw, result)
        else:
            await _import(page, raw, result)
        carried = ""
        if check and size <= CARRIED and result.added and not result.too_long:
            raw.seek(0)
            carried = base64.b64encode(raw.read(CARRIED)).decode()
    if check or result.bad or result.too_long or not result.rows:
        return await _show(page, result, checked=check, carried=carried, status=200 if result.rows else 422)
    ended = f" {result.skipped:,} had ended or were erased and were left out." if result.skipped else ""
    return page.redirect("/opt-outs", f"{result.added:,} opted out, {result.already:,} were already.{ended}")


def _given(file: Any, name: Any, content: Any) -> tuple[IO[bytes], Result, int] | None:
    """The file as it was uploaded, or as a check carried it on; None where there is neither."""
    if isinstance(file, UploadFile) and file.filename and file.size:
        return file.file, Result(_named(file.filename)), file.size
    if isinstance(content, str) and content:
        try:
            raw = base64.b64decode(content, validate=True)
        except ValueError:
            return None
        return io.BytesIO(raw), Result(_named(str(name or "list.csv"))), len(raw)
    return None


def _named(name: str) -> str:
    """A file's name as a proof has it."""
    return storable(name.replace("\\", "/").rpartition("/")[2])[-LONGEST_NAME:]


async def _check(page: Page, raw: IO[bytes], result: Result) -> None:
    """Look what an import would do."""
    seen = set[tuple[str, str]]()
    async for group in _groups(page, raw, result):
        known = await page.read(importing.known, page.runtime.account, group)
        for each in group:
            said = (each.wanted.number, scopes.scope(each.wanted.sender))
            if said in seen:
                result.twice += 1
            elif said in known:
                result.already += 1
            else:
                result.added += 1
            seen.add(said)


async def _import(page: Page, raw: IO[bytes], result: Result) -> None:
    try:
        async for group in _groups(page, raw, result):
            added = await page.runtime.db.write(importing.take, page.runtime.account, group)
            result.added += added
            result.already += len(group) - added
    finally:  # also where it broke: what was recorded is
        await page.runtime.db.write(page.note, "import opt-outs", detail=f"{result.added} added")


async def _groups(page: Page, raw: IO[bytes], result: Result) -> AsyncIterator[list[Row]]:
    """The good rows in groups, read beside the loop: numbers that are typed freely take a while to understand."""
    sheet = Sheet(raw, result.name, page.runtime.settings.default_country, _bounded(result))
    groups: Iterator[list[Row]] = sheet.groups()
    good = 0
    try:
        while (group := await asyncio.to_thread(next, groups, None)) and good + len(group) <= MOST_ROWS:
            good += len(group)
            yield group
        result.too_long = bool(group)
    except TooLongError:
        result.too_long = True
    result.skipped = sheet.skipped


def _bounded(result: Result) -> Any:
    def wrong(line: int, why: str) -> None:
        result.wrong(line, why)
        if result.bad > MOST_ROWS:
            raise TooLongError

    return wrong


async def _show(
    page: Page, result: Result | None, *, checked: bool = False, carried: str = "", error: str = "", status: int = 200
) -> Response:
    return await page.render(
        "opt_out_import.html",
        status=status,
        result=result,
        checked=checked,
        carried=carried,
        error=error,
        most_rows=MOST_ROWS,
        country=page.runtime.settings.default_country,
    )
