"""/v1/opt-outs: who said stop, to whom, and who told us."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ujumbe.domain import ids, phone, text
from ujumbe.domain import sender as senders
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.flows import consent
from ujumbe.runtime import Runtime
from ujumbe.store import opt_outs
from ujumbe.web.api.access import Cursor, Key, Limit, Live, Sender, needs, page_end, page_start, told

router = APIRouter(tags=["opt-outs"])

Read = [Depends(needs("read"))]


class OptOut(BaseModel):
    """One period of being opted out."""

    id: str
    phone: str
    from_: str | None = Field(serialization_alias="from", description="The sender it is about; null for all")
    source: str
    reason: str
    proof: str = Field(description="The words, the callback, the key or the file and line that said so")
    since: datetime
    until: datetime | None
    ended_by: str = Field(description="What ended it; empty while it is in force")
    ended_proof: str


class Page(BaseModel):
    """Opt-outs in force, newest first; `next` is the cursor of the following page."""

    items: list[OptOut]
    next: str | None


class Person(BaseModel):
    """What one number said: whether it is opted out of anything now, and all it ever said."""

    phone: str
    opted_out: bool
    history: list[OptOut]


class NewOptOut(BaseModel):
    """What an operator records: the sender it is about (left out: all of them), and why."""

    model_config = ConfigDict(extra="forbid")

    from_: Annotated[str, StringConstraints(max_length=40)] = Field("", alias="from")
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


@router.get("/opt-outs", dependencies=Read)
async def list_opt_outs(runtime: Live, cursor: Cursor = None, limit: Limit = 100) -> Page:
    """List the opt-outs in force, newest first."""
    before = page_start(cursor, Kind.OPT_OUT)
    found = await runtime.db.read(opt_outs.list_page, runtime.account, before=before, limit=limit + 1)
    items = [_show(each) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


@router.get("/opt-outs/{number}", dependencies=Read)
async def show_opt_outs(runtime: Live, number: str) -> Person:
    """Show what one number said, newest first."""
    return await _person(runtime, _parsed(runtime, number))


@router.put("/opt-outs/{number}")
async def put_opt_out(runtime: Live, key: Key, number: str, body: NewOptOut | None = None) -> Person:
    """Opt a number out of one sender, or of all; again is no error. It holds for what waits in the outbox too."""
    parsed, wanted = _parsed(runtime, number), body or NewOptOut()
    await runtime.db.write(
        opt_outs.insert,
        runtime.account,
        parsed,
        senders.check(wanted.from_),
        opt_outs.Source.OPERATOR,
        text.storable(wanted.reason),
        told(key),
    )
    return await _person(runtime, parsed)


@router.delete("/opt-outs/{number}")
async def delete_opt_out(runtime: Live, key: Key, number: str, from_: Sender = None) -> Person:
    """End the opt-out from one sender (`from=` with nothing: the one from all), or every one; the history stays."""
    parsed = _parsed(runtime, number)
    await runtime.db.write(opt_outs.end, runtime.account, parsed, from_, consent.OPERATOR, told(key))
    return await _person(runtime, parsed)


def _parsed(runtime: Runtime, number: str) -> str:
    return phone.parse_query(number, field="phone", default_country=runtime.settings.default_country)


async def _person(runtime: Runtime, parsed: str) -> Person:
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
        proof=stored.proof,
        since=to_datetime(stored.started_at),
        until=None if stored.ended_at is None else to_datetime(stored.ended_at),
        ended_by=stored.ended_by,
        ended_proof=stored.ended_proof,
    )
