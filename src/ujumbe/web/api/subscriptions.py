"""GET /v1/subscriptions: who joined and left which premium product."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.store import subscriptions
from ujumbe.web.api.access import Cursor, Limit, Live, needs, page_end, page_start

router = APIRouter(tags=["subscriptions"], dependencies=[Depends(needs("read"))])


class Subscription(BaseModel):
    """One period of a subscription; `until` is null while it runs."""

    id: str
    phone: str
    short_code: str
    keyword: str
    active: bool
    since: datetime
    until: datetime | None


class Page(BaseModel):
    """Subscriptions, ended ones too, newest first; `next` is the cursor of the following page."""

    items: list[Subscription]
    next: str | None


@router.get("/subscriptions")
async def list_subscriptions(runtime: Live, cursor: Cursor = None, limit: Limit = 100) -> Page:
    """List subscriptions, newest first."""
    before = page_start(cursor, Kind.SUBSCRIPTION)
    found = await runtime.db.read(subscriptions.list_page, runtime.account, before=before, limit=limit + 1)
    items = [
        Subscription(
            id=ids.show(Kind.SUBSCRIPTION, each.id),
            phone=each.number,
            short_code=each.short_code,
            keyword=each.keyword,
            active=each.ended_at is None,
            since=to_datetime(each.started_at),
            until=None if each.ended_at is None else to_datetime(each.ended_at),
        )
        for each in found[:limit]
    ]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))
