"""/v1/conversations: who writes to us, what went either way, and what somebody still has to look at."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ujumbe.domain import ids, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.domain.text import storable
from ujumbe.runtime import Runtime
from ujumbe.store import conversations
from ujumbe.store.conversations import State
from ujumbe.web.api.access import Cursor, Limit, Live, needs, page_end, page_start
from ujumbe.web.problems import Problem

router = APIRouter(tags=["conversations"])

Read = [Depends(needs("read"))]
Send = [Depends(needs("send"))]
Ours = Annotated[str | None, Query(alias="with", max_length=40, description="Only with this short code of ours")]


class Conversation(BaseModel):
    """Somebody who wrote to one of our short codes, and the latest text."""

    phone: str
    with_: str = Field(serialization_alias="with", description="Our short code")
    state: State = Field(description="open until somebody marks it as done; a new text opens it again")
    text: str = Field(description="The latest text that came in")
    at: datetime = Field(description="When it came")


class Page(BaseModel):
    """Conversations, the latest heard first; `next` is the cursor of the following page."""

    items: list[Conversation]
    next: str | None


class Line(BaseModel):
    """One text of a conversation."""

    id: str
    direction: str = Field(description="`in`: they wrote it; `out`: we did")
    with_: str = Field(serialization_alias="with", description="Our short code or sender")
    text: str
    at: datetime
    state: str | None = Field(description="Of a message of ours")
    reason: str = Field(description="Why a message of ours is in its state, or why theirs got no automatic answer")


class Thread(BaseModel):
    """All that went between us and one number, newest first."""

    phone: str
    conversations: list[Conversation]
    items: list[Line]
    next: str | None


@router.get("/conversations", dependencies=Read)
async def list_conversations(
    runtime: Live, state: State | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page:
    """List conversations, the latest heard first."""
    before = page_start(cursor, Kind.INBOUND)
    found = await runtime.db.read(conversations.list_page, runtime.account, state=state, before=before, limit=limit + 1)
    shown = found[:limit]
    latest = [ids.show(Kind.INBOUND, each.latest) for each in shown]
    return Page(items=[_show(each) for each in shown], next=page_end(latest, len(found)))


@router.get("/conversations/{number}", dependencies=Read)
async def show_conversation(
    runtime: Live, number: str, with_: Ours = None, cursor: Cursor = None, limit: Limit = 100
) -> Thread:
    """Show what went between us and one number, newest first. Answer with `POST /v1/messages`, `"kind": "two_way"`."""
    parsed = _parsed(runtime, number)
    ours = storable(with_) if with_ else None
    found = await runtime.db.read(
        conversations.lines, runtime.account, parsed, ours=ours, before=_before(cursor), limit=limit + 1
    )
    known = await runtime.db.read(conversations.of_number, runtime.account, parsed)
    items = [_line(each) for each in found[:limit]]
    return Thread(
        phone=parsed,
        conversations=[_show(each) for each in known if ours in (None, each.ours)],
        items=items,
        next=page_end([each.id for each in items], len(found)),
    )


@router.post("/conversations/{number}/done", dependencies=Send)
async def mark_done(runtime: Live, number: str, with_: Ours = None) -> Thread:
    """Mark the conversation as done; the next text that comes in opens it again."""
    return await _mark(runtime, number, with_, State.DONE)


@router.post("/conversations/{number}/reopen", dependencies=Send)
async def reopen(runtime: Live, number: str, with_: Ours = None) -> Thread:
    """Open the conversation again."""
    return await _mark(runtime, number, with_, State.OPEN)


async def _mark(runtime: Runtime, number: str, with_: str | None, state: State) -> Thread:
    ours = storable(with_) if with_ else None
    if not await runtime.db.write(conversations.mark, runtime.account, _parsed(runtime, number), ours, state):
        raise Problem("not-found", "This number never wrote to us")
    return await show_conversation(runtime, number, with_, limit=20)


def _parsed(runtime: Runtime, number: str) -> str:
    # Lenient, since a network may write to us under a name.
    return phone.lenient(storable(number), runtime.settings.default_country)


def _before(cursor: str | None) -> int | None:
    """Lines are of two kinds, and so are their cursors."""
    inbound = (cursor or "").startswith(f"{Kind.INBOUND}_")
    return page_start(cursor, Kind.INBOUND if inbound else Kind.MESSAGE)


def _show(stored: conversations.Conversation) -> Conversation:
    return Conversation(
        phone=stored.number, with_=stored.ours, state=stored.state, text=stored.text, at=to_datetime(stored.at)
    )


def _line(stored: conversations.Line) -> Line:
    return Line(
        id=ids.show(Kind.INBOUND if stored.state is None else Kind.MESSAGE, stored.id),
        direction="in" if stored.state is None else "out",
        with_=stored.ours,
        text=stored.text,
        at=to_datetime(stored.at),
        state=stored.state,
        reason=stored.reason,
    )
