"""POST /v1/messages and /v1/quotes: accept a text, or tell what would become of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ujumbe.flows import accepting
from ujumbe.store.api_keys import ApiKey
from ujumbe.web.api.access import Live, needs
from ujumbe.web.orders import Send, accept, order_of

router = APIRouter(tags=["sending"])

LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""
REPLAYED = (b"idempotent-replayed", b"true")
Sender = Annotated[ApiKey | None, Depends(needs("send", known=True))]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=LONGEST_KEY, description="The same key and body get the same answer for 24 hours"),
]


class Verdict(BaseModel):
    """What became of one number: a message, or the reason why there is none."""

    id: str | None
    to: str
    state: str
    reason: str | None = None


class SendAnswer(BaseModel):
    """The verdicts, in the order of the request; `id` is the batch."""

    id: str
    messages: list[Verdict]
    segments: int
    accepted: int
    rejected: int


class Costly(BaseModel):
    """A character that costs more than one unit, or forces UCS-2."""

    index: int
    character: str
    forces_ucs2: bool


class QuoteVerdict(BaseModel):
    """What would become of one number."""

    to: str
    state: str
    reason: str | None = None


class Quote(BaseModel):
    """What a text weighs and what would become of it; nothing was stored or sent."""

    encoding: str
    segments: int
    units: int
    remaining: int
    costly: list[Costly]
    messages: list[QuoteVerdict]
    accepted: int
    rejected: int
    total_segments: int


@router.post("/messages", status_code=202, responses={202: {"model": SendAnswer}})
async def send(runtime: Live, body: Send, key: Sender, idempotency_key: IdempotencyKey = None) -> JSONResponse:
    """Accept a text for one or many numbers. The answer comes once all of it is stored."""
    # Described here and answered by sends.py, which stands in front.
    accepted = await accept(runtime, body, key, idempotency_key)
    return JSONResponse(accepted.document, 202, {"Idempotent-Replayed": "true"} if accepted.replayed else {})


@router.post("/quotes", dependencies=[Depends(needs("send"))])
async def quote(runtime: Live, body: Send) -> Quote:
    """Tell what a text would cost and what would become of it, without storing or sending anything."""
    return Quote.model_validate(await runtime.db.read(accepting.quote, order_of(runtime, body)))
