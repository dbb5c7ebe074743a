"""GET /v1/opt-outs: who said stop, to whom, and who told us."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ujumbe.domain import ids, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.store import opt_outs
from ujumbe.web.api.access import Cursor, Limit, Live, needs, page_end, page_start

router = APIRouter(tags=["opt-outs"], dependencies=[Depends(needs("read"))])


class OptOut(BaseModel):
    """One period of being opted out."""

    id: str
    phone: str
    from_: str | None = Field(serialization_alias="from", description="The sender it is about; null for all")
    source: str
    reason: str
    since: datetime
    until: datetime | None


class Page(BaseModel):
    """Opt-outs in force, newest first; `next` is the cursor of the following page."""

    items: list[OptOut]
    next: str | None


class Person(BaseModel):
    """What one number said: whether it is opted out of anything now, and all it ever said."""

    phone: str
    opted_out: bool
    history: list[OptOut]


@router.get("/opt-outs")
async def list_opt_outs(runtime: Live, cursor: Cursor = None, limit: Limit = 100) -> Page:
    """List the opt-outs in force, newest first."""
    before = page_start(cursor, Kind.OPT_OUT)
    found = await runtime.db.read(opt_outs.list_page, runtime.account, before=before, limit=limit + 1)
    items = [_show(each) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


@router.get("/opt-outs/{number}")
async def show_opt_outs(runtime: Live, number: str) -> Person:
    """Show what one number said, newest first."""
    parsed = phone.parse_query(number, field="phone", default_country=runtime.settings.default_country)
    found = await runtime.db.read(opt_outs.history, runtime.account, parsed)
    return Person(
        phone=parsed, opted_out=any(each.ended_at is None for each in found), history=[_show(each) for each in found]
    )


def _show(stored: opt_outs.OptOut) -> OptOut:
    return OptOut(
        id=ids.show(Kind.OPT_OUT, stored.id),
        phone=stored.number,
        from_=stored.sender or None,
        source=stored.source,
        reason=stored.reason,
        since=to_datetime(stored.started_at),
        until=None if stored.ended_at is None else to_datetime(stored.ended_at),
    )
