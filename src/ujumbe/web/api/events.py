"""GET /v1/events: what happened, as a log to read on from where one stopped."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.event import Type
from ujumbe.flows import telling
from ujumbe.runtime import Runtime
from ujumbe.store import events
from ujumbe.web.api.access import Limit, Live, needs

router = APIRouter(tags=["events"])

LARGEST_SEQ = (1 << 63) - 1
MOST_WORDS = 400
"""Characters of `types`."""

Seq = Annotated[int, Query(ge=0, le=LARGEST_SEQ)]


class Event(BaseModel):
    """One thing that happened; webhooks get the same."""

    id: str
    seq: int
    type: Type
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    data: dict[str, Any] = Field(description='By type, see docs/events.md; `{"id"}` alone of what is gone')


class Page(BaseModel):
    """Events in order. Ask again with `after=next`; where that stays as it was, nothing new has happened."""

    items: list[Event]
    next: int


@router.get("/events", dependencies=[Depends(needs("read"))])
async def list_events(
    runtime: Live,
    after: Annotated[Seq, Query(description="The `next` of the page before")] = 0,
    types: Annotated[str, Query(max_length=MOST_WORDS, description="Only these, comma-separated")] = "",
    limit: Limit = 100,
) -> Page:
    """List what happened after a number, in order."""
    wanted = read_types(types)
    await number(runtime)
    found = await runtime.db.read(telling.page, runtime.account, after, limit, wanted)
    return Page(items=[Event(**each) for each in found.items], next=found.seen)


async def number(runtime: Runtime) -> None:
    """Give numbers to what was committed by now."""
    if await runtime.db.read(events.unnumbered):
        while await runtime.db.write(events.number):
            pass


def read_types(words: str) -> tuple[Type, ...]:
    """`message.sent,message.received` as types. Raises `InvalidInputError`."""
    named = [word.strip() for word in words.split(",") if word.strip()]
    unknown = set(named) - set(Type)
    if unknown:
        raise InvalidInputError("types", f"types are {', '.join(Type)}")
    return tuple(map(Type, named))
