"""/v1/webhooks: who is told of events, what they answered, and having it told again."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from ujumbe.courier import reach_of
from ujumbe.domain import ids
from ujumbe.domain.address import LONGEST, check_url
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.event import Type
from ujumbe.domain.ids import Kind
from ujumbe.domain.webhook import DeliveryState
from ujumbe.flows import dispatching, endpoints
from ujumbe.runtime import Runtime
from ujumbe.store import deliveries, events, webhooks
from ujumbe.web.api.access import Cursor, Limit, Live, needs, page_start
from ujumbe.web.api.events import LARGEST_SEQ, number
from ujumbe.web.problems import Problem

router = APIRouter(tags=["webhooks"])

Read: Final = [Depends(needs("read"))]
Admin: Final = [Depends(needs("admin"))]
BY_HAND: Final = "by hand"

Types = Annotated[list[Type], Field(max_length=len(Type))]
Seq = Annotated[int, Field(ge=0, le=LARGEST_SEQ)]


class Webhook(BaseModel):
    """An endpoint that is told of events."""

    id: str
    url: str
    types: list[str] = Field(description="Empty for every type")
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str
    failing_since: datetime | None = Field(description="The first failure after the latest success")
    position: int = Field(description="Of events up to this number it has deliveries")
    old_secret_until: datetime | None = Field(description="Until then the secret before this one signs too")
    created_at: datetime


class WithSecret(Webhook):
    """An endpoint with its secret, which is shown this once."""

    secret: str


class Page(BaseModel):
    """All endpoints, oldest first."""

    items: list[Webhook]


class NewWebhook(BaseModel):
    """Where to send, and which types; none named: all."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2 * LONGEST)]
    types: Types = []


class Change(BaseModel):
    """What to change: the types (an empty list for all), and whether it is sent anything."""

    model_config = ConfigDict(extra="forbid")

    types: Types | None = None
    enabled: bool | None = None


class Tried(BaseModel):
    """What a receiver said."""

    delivered: bool
    status: int | None
    body: str = Field(description="Its first 1,000 characters")
    error: str
    took_ms: int


class Attempt(BaseModel):
    """One request to a receiver."""

    at: datetime
    took_ms: int
    status: int | None
    body: str
    error: str


class Delivery(BaseModel):
    """One event at one endpoint, with every attempt."""

    event: str
    seq: int
    type: str
    timestamp: datetime
    state: DeliveryState
    next_try: datetime | None
    finished_at: datetime | None
    attempts: list[Attempt]


class Deliveries(BaseModel):
    """Deliveries, newest event first; `next` is the cursor of the following page."""

    items: list[Delivery]
    next: str | None


class Again(BaseModel):
    """What to deliver again: one event, or those above the number `after`, up to `until` (left out: all)."""

    model_config = ConfigDict(extra="forbid")

    event: Annotated[str, Field(max_length=40)] | None = None
    after: Seq | None = None
    until: Seq | None = None


class Redelivered(BaseModel):
    """How many events are delivered again; `next` is the `after` of the request that goes on, where one has to."""

    events: int
    next: int | None


@router.post("/webhooks", status_code=201, dependencies=Admin)
async def create_webhook(runtime: Live, body: NewWebhook) -> WithSecret:
    """Make an endpoint, told of what happens from now on. The secret is shown this once."""
    url = check_url(body.url, reach_of(runtime.settings, dev=runtime.keyless))
    await number(runtime)  # in parts, so that little is left to number where the endpoint is made
    made = await runtime.db.write(webhooks.create, runtime.account, url, body.types)
    if made is None:
        raise Problem("conflict", f"There are {webhooks.MOST} webhooks already; delete one first")
    return _with_secret(made)


@router.get("/webhooks", dependencies=Read)
async def list_webhooks(runtime: Live) -> Page:
    """List the endpoints, oldest first."""
    return Page(items=[_show(each) for each in await runtime.db.read(webhooks.list_all, runtime.account)])


@router.get("/webhooks/{webhook_id}", dependencies=Read)
async def show_webhook(runtime: Live, webhook_id: str) -> Webhook:
    """Show one endpoint."""
    return _show(await _find(runtime, webhook_id))


@router.patch("/webhooks/{webhook_id}", dependencies=Admin)
async def change_webhook(runtime: Live, webhook_id: str, body: Change) -> Webhook:
    """Change its types; disable it, or enable it again: it goes on where it stood."""
    found = await _find(runtime, webhook_id)
    if body.types is not None:
        await runtime.db.write(webhooks.retype, runtime.account, found.id, body.types)
    if body.enabled is True:
        await runtime.db.write(webhooks.enable, runtime.account, found.id)
    if body.enabled is False:
        await runtime.db.write(webhooks.disable, runtime.account, found.id, BY_HAND)
    return _show(await _find(runtime, webhook_id))


@router.delete("/webhooks/{webhook_id}", status_code=204, dependencies=Admin)
async def delete_webhook(runtime: Live, webhook_id: str) -> Response:
    """Delete an endpoint and what it was sent."""
    found = await _find(runtime, webhook_id)
    await runtime.db.write(webhooks.delete, runtime.account, found.id)
    return Response(status_code=204)


@router.post("/webhooks/{webhook_id}/rotate", dependencies=Admin)
async def rotate_secret(runtime: Live, webhook_id: str) -> WithSecret:
    """Give it a new secret, shown this once; for 24 hours the one before signs too."""
    found = await _find(runtime, webhook_id)
    await runtime.db.write(webhooks.rotate, runtime.account, found.id)
    return _with_secret(await _find(runtime, webhook_id))


@router.post("/webhooks/{webhook_id}/test", dependencies=Admin)
async def test_webhook(runtime: Live, webhook_id: str) -> Tried:
    """Send it a `webhook.test` now, disabled or not, and tell what it said."""
    found = await _find(runtime, webhook_id)
    secrets, document = await runtime.db.write(endpoints.trial, found)
    answer = await runtime.courier.post(found.url, secrets, document)
    return Tried(delivered=answer.delivered, **answer._asdict())


@router.get("/webhooks/{webhook_id}/deliveries", dependencies=Read)
async def list_deliveries(
    runtime: Live, webhook_id: str, state: DeliveryState | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Deliveries:
    """List what it was sent, newest event first, with what it answered each time.

    A page of `delivered` may be short of its limit, or empty, and have a `next` all the same.
    """
    found, before = await _find(runtime, webhook_id), page_start(cursor, Kind.EVENT)
    page = await runtime.db.read(deliveries.page, found.id, state=state, before=before, limit=limit)
    items = [Delivery(**endpoints.delivery(each)) for each in page.items]
    return Deliveries(items=items, next=None if page.next is None else ids.show(Kind.EVENT, page.next))


@router.post("/webhooks/{webhook_id}/redeliver", dependencies=Admin)
async def redeliver(runtime: Live, webhook_id: str, body: Again) -> Redelivered:
    """Deliver one event again, or a range; 409 while the endpoint is disabled."""
    found = await _find(runtime, webhook_id)
    if (body.event is None) == (body.after is None):
        raise InvalidInputError("event" if body.event is None else "after", "give either `event`, or `after`")
    if found.disabled_at is not None:
        raise Problem("conflict", "The webhook is disabled; enable it first")
    await number(runtime)
    end = await runtime.db.read(events.last)
    if body.event is not None:
        seq = ids.read(Kind.EVENT, body.event, field="event")
        if not 0 < seq <= end or not await dispatching.redeliver_one(runtime.db, runtime.account, found, seq):
            raise Problem("not-found", "No event in the log has this id, or it is being delivered at this moment")
        return Redelivered(events=1, next=None)
    until = end if body.until is None else min(body.until, end)
    done, seen = await dispatching.redeliver(runtime.db, runtime.account, found, body.after or 0, until)
    return Redelivered(events=done, next=seen if seen < until else None)


async def _find(runtime: Runtime, webhook_id: str) -> webhooks.Webhook:
    found = await runtime.db.read(webhooks.find, runtime.account, ids.read(Kind.WEBHOOK, webhook_id))
    if found is None:
        raise Problem("not-found", "No webhook has this id")
    return found


def _show(stored: webhooks.Webhook) -> Webhook:
    return Webhook(**endpoints.endpoint(stored))


def _with_secret(stored: webhooks.Webhook) -> WithSecret:
    return WithSecret(**endpoints.endpoint(stored), secret=stored.secret)
