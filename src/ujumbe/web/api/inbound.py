"""GET /v1/inbound: the texts that people sent us."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ujumbe.domain import ids, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.store import inbound
from ujumbe.web.api.access import Cursor, Limit, Live, Sender, needs, page_end, page_start

router = APIRouter(tags=["inbound"], dependencies=[Depends(needs("read"))])


class Inbound(BaseModel):
    """One incoming text."""

    id: str
    provider_id: str = Field(description="AT's id, by which a redelivery is known")
    from_: str = Field(serialization_alias="from")
    to: str = Field(description="The short code it was sent to")
    text: str
    date: datetime | None = Field(description="AT's date, where it could be read")
    date_raw: str
    link_id: str
    network_code: str
    cost: str
    received_at: datetime
    reply: str | None = Field(description="The message that answered it")
    reply_note: str = Field(description="Why nothing did")
    rule: str = Field(description="The rule that it came under: a stop word, a handler, one of yours, the default")
    task: str | None = Field(description="What is done about it beside an answer: a handler, a subscription")
    task_state: str | None = Field(description="waiting, running, done or failed")


class Page(BaseModel):
    """Incoming texts, newest first; `next` is the cursor of the following page."""

    items: list[Inbound]
    next: str | None


@router.get("/inbound")
async def list_inbound(
    runtime: Live,
    from_: Sender = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page:
    """List incoming texts, newest first."""
    found = await runtime.db.read(
        inbound.list_page,
        runtime.account,
        number=None if from_ is None else phone.lenient(from_),
        before=page_start(cursor, Kind.INBOUND),
        limit=limit + 1,
    )
    items = [_show(each) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


def _show(stored: inbound.Inbound) -> Inbound:
    content = stored.content
    return Inbound(
        id=ids.show(Kind.INBOUND, stored.id),
        provider_id=content.provider_id,
        from_=content.number,
        to=content.recipient,
        text=content.text,
        date=None if content.date is None else to_datetime(content.date),
        date_raw=content.date_raw,
        link_id=content.link_id,
        network_code=content.network_code,
        cost=content.cost,
        received_at=to_datetime(stored.received_at),
        reply=None if stored.reply is None else ids.show(Kind.MESSAGE, stored.reply),
        reply_note=stored.reply_note,
        rule=stored.rule,
        task=stored.task or None,
        task_state=stored.task_state or None,
    )
