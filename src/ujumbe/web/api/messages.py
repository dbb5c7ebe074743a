"""GET /v1/messages: what was sent, to whom, at what price, and why it stands where it stands."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ujumbe.domain import ids, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import MEANING, State
from ujumbe.domain.moment import to_datetime, to_ms
from ujumbe.flows.timeline import explain
from ujumbe.store import messages
from ujumbe.store.messages import Filters
from ujumbe.web.api.access import Cursor, Limit, Live, Sender, needs, page_end, page_start
from ujumbe.web.problems import Problem
from ujumbe.web.times import Moment

router = APIRouter(tags=["messages"], dependencies=[Depends(needs("read"))])


class Message(BaseModel):
    """One text to one number."""

    id: str
    batch: str
    to: str
    from_: str = Field(serialization_alias="from", description="Sender ID; empty for AT's default")
    text: str
    kind: str
    category: str
    state: State
    reason: str = Field(description="Why it is in this state, where there is more to say")
    assumed: bool = Field(description="The end is a guess or a person's word, and evidence may still replace it")
    network_status: str = Field(description="The latest status AT reported, e.g. Submitted")
    network_code: str
    cost: str | None = Field(description="As AT stated it, e.g. `KES 0.8000`")
    segments: int
    tries: int
    overdue: bool = Field(description="It waits unusually long for its final report")
    provider_message_id: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class Page(BaseModel):
    """Messages, newest first; `next` is the cursor of the following page."""

    items: list[Message]
    next: str | None


class Step(BaseModel):
    """One thing that happened to a message."""

    at: datetime
    what: str
    detail: dict[str, Any]


class Explained(Message):
    """A message with everything that happened to it."""

    meaning: str
    timeline: list[Step]


@router.get("/messages")
async def list_messages(
    runtime: Live,
    state: State | None = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
    from_: Sender = None,
    batch: Annotated[str | None, Query(max_length=40)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page:
    """List messages, newest first."""
    filters = Filters(
        state=state,
        number=None
        if to is None
        else phone.parse_query(to, field="to", default_country=runtime.settings.default_country),
        sender=from_,
        batch=None if batch is None else ids.read(Kind.BATCH, batch, field="batch"),
        since=None if since is None else to_ms(since),
        until=None if until is None else to_ms(until),
        before=page_start(cursor, Kind.MESSAGE),
        limit=limit + 1,
    )
    found = await runtime.db.read(messages.list_page, runtime.account, filters)
    items = [Message(**fields(each)) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


@router.get("/messages/{message_id}")
async def show_message(runtime: Live, message_id: str) -> Explained:
    """Show one message and its timeline."""
    number = ids.read(Kind.MESSAGE, message_id)
    found = await runtime.db.read(explain, runtime.account, number)
    if found is None:
        raise Problem("not-found", "No message has this id")
    steps = [Step(at=to_datetime(step.at), what=step.what, detail=step.detail) for step in found.timeline]
    return Explained(**fields(found.message), meaning=MEANING[found.message.state], timeline=steps)


def fields(message: messages.Message) -> dict[str, Any]:
    """What `Message` is made of."""
    return {
        "id": ids.show(Kind.MESSAGE, message.id),
        "batch": ids.show(Kind.BATCH, message.batch),
        "to": message.number,
        "from_": message.sender,
        "text": message.text,
        "kind": message.mode,
        "category": message.category,
        "state": message.state,
        "reason": message.reason,
        "assumed": message.assumed,
        "network_status": message.progress,
        "network_code": message.network_code,
        "cost": None if message.cost is None else str(message.cost),
        "segments": message.segments,
        "tries": message.tries,
        "overdue": message.overdue,
        "provider_message_id": message.provider_id,
        "created_at": to_datetime(message.created_at),
        "updated_at": to_datetime(message.updated_at),
        "expires_at": to_datetime(message.expires_at),
    }
