"""Opt-outs as a list that is given away: page by page, in constant memory, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Final

from ujumbe.domain import opt_out_sheet
from ujumbe.domain.moment import show
from ujumbe.domain.spreadsheet import cell, number_cell
from ujumbe.store import opt_outs
from ujumbe.store.database import Database
from ujumbe.store.opt_outs import OptOut

PAGE: Final = 1_000


async def pages(db: Database, account: int, *, every: bool) -> AsyncIterator[list[OptOut]]:
    """The opt-outs in force (or `every` one there ever was), oldest first; never an empty page.

    By key, each page a snapshot of its own: a long one would keep the database from tidying up.
    """
    after = 0
    while page := await db.read(opt_outs.export_page, account, after=after, limit=PAGE, every=every):
        yield page
        after = page[-1].id


async def sheets(db: Database, account: int, *, every: bool) -> AsyncIterator[str]:
    """The same as CSV: the names of the columns, then a piece for each page."""
    yield sheet([], heading=True)
    async for page in pages(db, account, every=every):
        yield sheet(page, heading=False)


def sheet(page: Iterable[OptOut], *, heading: bool) -> str:
    """A page as CSV, below the names of its columns where `heading` is on."""
    text = io.StringIO()
    writer = csv.writer(text)
    if heading:
        writer.writerow(opt_out_sheet.COLUMNS)
    for each in page:
        free = map(cell, (each.sender, each.source, each.reason, each.proof))
        until = "" if each.ended_at is None else show(each.ended_at)
        since, ended_by = show(each.started_at), cell(each.ended_by)
        writer.writerow((number_cell(each.number), *free, since, until, ended_by))
    return text.getvalue()
