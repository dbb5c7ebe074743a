"""A request to send as callers write it, and its way into the outbox: the same for the API and the pages."""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator

from ujumbe.domain import recipients, text
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.moment import to_ms
from ujumbe.domain.recipients import Verdict
from ujumbe.flows import accepting
from ujumbe.flows.accepting import Accepted, BusyError, ConflictError, Order, RevokedError
from ujumbe.runtime import Runtime
from ujumbe.store import answers
from ujumbe.store.api_keys import ApiKey
from ujumbe.store.batches import Batch, Source
from ujumbe.web.auth import refused
from ujumbe.web.problems import Problem
from ujumbe.web.times import Moment

LARGEST_METADATA = 4_096
"""Bytes of JSON."""
DEEPEST_METADATA = 32
"""Objects and arrays in one another. What reads it back has bounds of its own, of which pydantic's 255 is the least."""

SUBSCRIBERS: Final = "subscribers"
"""In place of numbers: whoever is subscribed to the keyword."""
LONGEST_RETRY_HOURS = 72
"""AT publishes no bound for `retryDurationInHours`; three days is longer than news stay news."""

Number = Annotated[str, StringConstraints(max_length=100)]


def _recipients(given: object, judge: ValidatorFunctionWrapHandler) -> object:
    """A list, of one for a single number. The subscribers are the empty list, which no request can give."""
    if given == SUBSCRIBERS:
        return []
    return judge([given] if isinstance(given, str) else given)


Recipients = Annotated[
    list[Number],
    Field(min_length=1, max_length=recipients.MOST, description="One number, a list of them, or `subscribers`"),
    WrapValidator(_recipients, json_schema_input_type=str | list[str]),
]


class Send(BaseModel):
    """A text to one or many numbers."""

    model_config = ConfigDict(extra="forbid")

    to: Recipients
    text: str
    from_: str | None = Field(None, alias="from", description="Sender ID; AT_SENDER_ID or AT_SHORTCODE when left out")
    kind: Literal["bulk", "two_way", "premium"] = "bulk"
    category: Literal["otp", "transactional", "promotional"] = "transactional"
    priority: int = Field(0, ge=-9, le=9, strict=True, description="Higher goes first")
    send_at: Moment | None = None
    expires_at: Moment | None = None
    on_uncertain: Literal["hold", "resend", "fail"] = "hold"
    link_id: Annotated[str, StringConstraints(max_length=200)] = ""
    keyword: Annotated[str, StringConstraints(max_length=100)] = ""
    retry_hours: int | None = Field(
        None, ge=1, le=LONGEST_RETRY_HOURS, strict=True, description="How long AT tries to deliver; premium only"
    )
    metadata: dict[str, Any] = Field(default_factory=dict)


async def accept(runtime: Runtime, body: Send, key: ApiKey | None, idempotency_key: str | None) -> Accepted:
    """Store what `body` asks for. Raises a `Problem`, `InvalidInputError` or `StoreUnavailableError`."""
    key_id = key.id if key else None
    order = order_of(runtime, body, key_id)
    claim = None
    if idempotency_key is not None:
        claim = answers.Request(runtime.account, key_id or 0, text.storable(idempotency_key), _hash(body))
    return await _accept(runtime, order, claim)


async def _accept(runtime: Runtime, order: Order, claim: answers.Request | None) -> Accepted:
    if claim is None:
        try:
            return await runtime.accept(accepting.Request(order))
        except RevokedError:
            raise refused() from None
    held = (claim.api_key, claim.key)
    if held in runtime.keys_in_flight:
        raise _busy()
    runtime.keys_in_flight.add(held)
    try:
        return await runtime.accept(accepting.Request(order, claim))
    except BusyError:
        raise _busy() from None
    except RevokedError:
        raise refused() from None
    except ConflictError as error:
        errors = [{"field": "Idempotency-Key", "message": str(error)}]
        raise Problem("invalid", "Not valid: Idempotency-Key", errors=errors) from None
    finally:
        runtime.keys_in_flight.discard(held)


def _busy() -> Problem:
    detail = "A request with this Idempotency-Key is being answered"
    return Problem("conflict", detail, headers={"Retry-After": "1"})


def order_of(
    runtime: Runtime, body: Send, key_id: int | None = None, verdicts: Sequence[Verdict] | None = None
) -> Order:
    """What `body` asks for; `verdicts` are those of its numbers, where they were judged before.

    Raises `InvalidInputError` with the field of the API that is wrong.
    """
    settings = runtime.settings
    default = settings.at_sender_id if body.kind == "bulk" else settings.at_shortcode
    sender = senders.check(default if body.from_ is None else body.from_)
    if body.kind != "bulk" and not sender:
        raise InvalidInputError("from", f"{body.kind} goes out from a short code: set AT_SHORTCODE or give one")
    if body.kind == "premium" and not (body.keyword or body.link_id):
        raise InvalidInputError("keyword", "premium needs the product's keyword, or the link_id of the text it answers")
    if body.kind != "premium" and body.retry_hours is not None:
        raise InvalidInputError("retry_hours", "AT tries again for hours only with premium texts")
    if not body.to and (body.kind != "premium" or not body.keyword or body.link_id):
        raise InvalidInputError("to", "`subscribers` are those of a keyword: with kind premium, a keyword, no link_id")
    batch = Batch(
        account=runtime.account,
        source=Source.API,
        mode=body.kind,
        sender=sender,
        text=text.check(body.text, field="text"),
        link_id=text.storable(body.link_id),
        keyword=text.storable(body.keyword),
        category=body.category,
        on_uncertain=body.on_uncertain,
        metadata=_metadata(body.metadata),
        api_key=key_id,
        retry_hours=body.retry_hours,
    )
    if verdicts is None:
        verdicts = recipients.judge([text.storable(each) for each in body.to], settings.default_country)
    return Order(
        batch,
        verdicts,
        send_at=None if body.send_at is None else to_ms(body.send_at),
        expires_at=None if body.expires_at is None else to_ms(body.expires_at),
        priority=body.priority,
        subscribers=not body.to,
    )


def _metadata(given: dict[str, Any]) -> str:
    """The caller's object as it is stored: JSON that can be given back as it came."""
    if not given:
        return "{}"
    inside: list[Any] = [given]
    for _ in range(DEEPEST_METADATA):
        containers = (each.values() if isinstance(each, dict) else each for each in inside)
        inside = [each for container in containers for each in container if isinstance(each, dict | list)]
    if inside:
        raise InvalidInputError("metadata", f"metadata may be {DEEPEST_METADATA} objects and arrays deep")
    try:
        stored = json.dumps(given, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(stored.encode())
    except ValueError:  # Python's reader takes more than JSON has
        raise InvalidInputError("metadata", "metadata holds NaN, an infinity or half a surrogate pair") from None
    if size > LARGEST_METADATA:
        raise InvalidInputError("metadata", f"metadata may have {LARGEST_METADATA:,} bytes as JSON")
    return stored


def _hash(body: Send) -> bytes:
    """A hash of what was asked for: spelled differently (order, spaces, escapes) it is still the same request."""
    return hashlib.sha256(json.dumps(body.model_dump(mode="json"), sort_keys=True).encode()).digest()
