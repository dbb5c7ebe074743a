"""Batches and decisions: /v1/batches/{id}, and cancel and resolve for one message."""

import json
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.moment import to_datetime
from ujumbe.flows import deciding
from ujumbe.flows.deciding import StateError
from ujumbe.runtime import Runtime
from ujumbe.store import batches, messages
from ujumbe.store.database import Tx
from ujumbe.web.api.access import Live, needs
from ujumbe.web.api.messages import Message, fields
from ujumbe.web.problems import Problem

router = APIRouter(tags=["sending"])


class Batch(BaseModel):
    """One request and how its messages stand."""

    id: str
    text: str
    from_: str = Field(serialization_alias="from")
    kind: str
    category: str
    segments: int
    on_uncertain: str
    link_id: str
    keyword: str
    retry_hours: int | None
    metadata: dict[str, Any]
    counts: dict[State, int]
    created_at: datetime


class Canceled(BaseModel):
    """How many messages were canceled, and how all of them stand."""

    id: str
    canceled: int
    counts: dict[State, int]


class Resolution(BaseModel):
    """A person's word on an uncertain message."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["sent", "not_sent"]
    resend: bool = Field(False, strict=True, description="Send it again; only with `not_sent`")


@router.get("/batches/{batch_id}", dependencies=[Depends(needs("read"))])
async def show_batch(runtime: Live, batch_id: str) -> Batch:
    """Show one request and how its messages stand."""
    found = await runtime.db.read(_read, runtime.account, ids.read(Kind.BATCH, batch_id))
    if found is None:
        raise Problem("not-found", "No batch has this id")
    stored, counts = found
    content = stored.content
    return Batch(
        id=ids.show(Kind.BATCH, stored.id),
        text=content.text,
        from_=content.sender,
        kind=content.mode,
        category=content.category,
        segments=stored.segments,
        on_uncertain=content.on_uncertain,
        link_id=content.link_id,
        keyword=content.keyword,
        retry_hours=content.retry_hours,
        metadata=json.loads(content.metadata),
        counts=counts,
        created_at=to_datetime(stored.created_at),
    )


@router.post("/batches/{batch_id}/cancel", dependencies=[Depends(needs("send"))])
async def cancel_batch(runtime: Live, batch_id: str) -> Canceled:
    """Cancel what has not left yet; what has left goes on."""
    found = await runtime.db.write(_cancel, runtime.account, ids.read(Kind.BATCH, batch_id))
    if found is None:
        raise Problem("not-found", "No batch has this id")
    canceled, counts = found
    return Canceled(id=batch_id, canceled=canceled, counts=counts)


@router.post("/messages/{message_id}/cancel", dependencies=[Depends(needs("send"))])
async def cancel_message(runtime: Live, message_id: str) -> Message:
    """Cancel a message that has not left yet; 409 where it has."""
    number = ids.read(Kind.MESSAGE, message_id)
    try:
        known = await runtime.db.write(deciding.cancel, runtime.account, number)
    except StateError as error:
        raise Problem("conflict", str(error)) from None
    return await _shown(runtime, number, known=known)


@router.post("/messages/{message_id}/resolve", dependencies=[Depends(needs("send"))])
async def resolve_message(runtime: Live, message_id: str, body: Resolution) -> Message:
    """Settle an uncertain message on a person's word; 409 where it is not uncertain."""
    if body.outcome == "sent" and body.resend:
        raise InvalidInputError("resend", "what was sent is not sent again: leave resend out")
    number = ids.read(Kind.MESSAGE, message_id)
    sent = body.outcome == "sent"
    try:
        known = await runtime.db.write(deciding.resolve, runtime.account, number, sent=sent, resend=body.resend)
    except StateError as error:
        raise Problem("conflict", str(error)) from None
    return await _shown(runtime, number, known=known)


async def _shown(runtime: Runtime, number: int, *, known: bool) -> Message:
    found = await runtime.db.read(messages.find, runtime.account, number) if known else None
    if found is None:
        raise Problem("not-found", "No message has this id")
    return Message(**fields(found))


def _read(tx: Tx, account: int, batch_id: int) -> tuple[batches.Found, dict[State, int]] | None:
    found = batches.find(tx, account, batch_id)
    return None if found is None else (found, batches.counts(tx, batch_id))


def _cancel(tx: Tx, account: int, batch_id: int) -> tuple[int, dict[State, int]] | None:
    if batches.find(tx, account, batch_id) is None:
        return None
    return batches.cancel(tx, account, batch_id, deciding.CANCELED), batches.counts(tx, batch_id)
