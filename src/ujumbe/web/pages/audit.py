"""Who did what, newest first."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.store import audit
from ujumbe.web.pages.page import Administering

PER_PAGE: Final = 50
BEYOND: Final = (1 << 63) - 1

router = APIRouter()


@router.get("/settings/audit")
async def show(page: Administering, before: Annotated[int | None, Query(ge=0, le=BEYOND)] = None) -> Response:
    """Show what was done, a page at a time; `before` is the last entry of the page before."""
    entries = await page.read(audit.list_page, page.runtime.account, before, PER_PAGE + 1)
    older = page.query(before=entries[PER_PAGE - 1].id) if len(entries) > PER_PAGE else None
    newest = page.query(before=None) if before is not None else None
    return await page.render("audit.html", entries=entries[:PER_PAGE], older=older, newest=newest)
