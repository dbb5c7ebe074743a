"""Who did what, newest first."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain.ids import Kind
from ujumbe.store import audit
from ujumbe.web.pages.page import Administering

PER_PAGE: Final = 50
PAGES: Final[dict[str, str]] = {
    Kind.MESSAGE: "/messages", Kind.BATCH: "/batches", Kind.INBOUND: "/inbox", Kind.OPT_OUT: "/opt-outs",
    Kind.WEBHOOK: "/webhooks", Kind.CALLBACK: "/callbacks", Kind.SUBSCRIPTION: "/subscriptions", Kind.RULE: "/rules",
}  # fmt: skip
"""Where one of a kind has a page of its own."""
BEYOND: Final = (1 << 63) - 1

router = APIRouter()


@router.get("/settings/audit")
async def show(page: Administering, before: Annotated[int | None, Query(ge=0, le=BEYOND)] = None) -> Response:
    """Show what was done, a page at a time; `before` is the last entry of the page before."""
    entries = await page.read(audit.list_page, page.runtime.account, before, PER_PAGE + 1)
    older = page.query(before=entries[PER_PAGE - 1].id) if len(entries) > PER_PAGE else None
    newest = page.query(before=None) if before is not None else None
    return await page.render("audit.html", entries=entries[:PER_PAGE], older=older, newest=newest, page_of=page_of)


def page_of(subject: str) -> str:
    """The page of what something was done to; empty where it has none."""
    place = PAGES.get(subject.partition("_")[0])
    return f"{place}/{subject}" if place else ""
