"""/v1/reviews: texts that may ask to stop in words of their own; a person decides about each."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.flows import consent
from ujumbe.store import reviews
from ujumbe.store.reviews import Decision
from ujumbe.web.api.access import Cursor, Key, Limit, Live, needs, page_end, page_start, told
from ujumbe.web.problems import Problem

router = APIRouter(tags=["opt-outs"])


class Review(BaseModel):
    """A text that waits for a decision."""

    id: str
    inbound: str = Field(description="The incoming text")
    phone: str
    text: str
    why: str = Field(description="What put it on the list")
    received_at: datetime


class Page(BaseModel):
    """What waits for a decision, newest first; `next` is the cursor of the following page."""

    items: list[Review]
    next: str | None


class Verdict(BaseModel):
    """A person's decision: `opt_out` of all senders, with the text as proof, or `dismiss`."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision


class Decided(Review):
    """A text that was decided about."""

    decision: Decision


@router.get("/reviews", dependencies=[Depends(needs("read"))])
async def list_reviews(runtime: Live, cursor: Cursor = None, limit: Limit = 100) -> Page:
    """List what waits for a decision, newest first."""
    before = page_start(cursor, Kind.REVIEW)
    found = await runtime.db.read(reviews.open_page, runtime.account, before=before, limit=limit + 1)
    items = [_show(each) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


@router.post("/reviews/{review_id}")
async def decide_review(runtime: Live, key: Key, review_id: str, body: Verdict) -> Decided:
    """Decide about one, once; 404 where it does not wait for a decision (any more)."""
    number = ids.read(Kind.REVIEW, review_id)
    found = await runtime.db.write(consent.decide, runtime.account, number, body.decision, told(key))
    if found is None:
        raise Problem("not-found", "No review with this id waits for a decision")
    return Decided(**_show(found).model_dump(), decision=body.decision)


def _show(stored: reviews.Review) -> Review:
    return Review(
        id=ids.show(Kind.REVIEW, stored.id),
        inbound=ids.show(Kind.INBOUND, stored.inbound),
        phone=stored.number,
        text=stored.text,
        why=stored.why,
        received_at=to_datetime(stored.made_at),
    )
