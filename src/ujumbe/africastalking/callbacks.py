"""AT's callbacks as values: bytes to fields, fields to what AT tells us. Nothing strange is an error here.

Shapes are AT's ("SMS notifications"), spelled as in recorded traffic; extra, missing and repeated fields, unknown
statuses and odd dates all pass, because a callback that is refused comes back for twelve hours and is then lost.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from ujumbe.domain import phone
from ujumbe.domain.moment import to_ms
from ujumbe.domain.text import storable

LONGEST_FIELD: Final = 4_096
"""Characters of a field that is applied; the raw body is kept whole in any case."""


class Kind(StrEnum):
    """Which of AT's callback addresses was called; the value is the last part of our path."""

    INCOMING = "twoway"
    REPORT = "delivery-reports"
    OPT_OUT = "opt-out"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report: how far one message to one number has come."""

    message_id: str
    status: str
    number: str
    network_code: str
    failure_reason: str
    retry_count: int | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A text from a handset to one of our short codes. `date` is epoch milliseconds, None where unreadable."""

    id: str
    number: str
    to: str
    text: str
    date_raw: str
    date: int | None
    link_id: str
    network_code: str
    cost: str
    missing: tuple[str, ...]
    """Fields that AT documents and this one lacks, in AT's spelling."""

    @property
    def complete(self) -> bool:
        """Whether it can be stored as a text: the rest is a convenience."""
        return bool(self.id and self.number and self.to and self.text)


@dataclass(frozen=True, slots=True)
class OptOut:
    """Somebody said stop to one sender ID; an empty sender means all of them."""

    number: str
    sender: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody joined or left a premium product. `change` is lower-case, empty where AT sent none."""

    number: str
    short_code: str
    keyword: str
    change: str


def fields(body: bytes, query: bytes = b"", content_type: str = "") -> dict[str, str]:
    """The fields of a callback: query parameters first, then the form (or a JSON object), first one wins.

    Never raises: undecodable bytes become U+FFFD, and so does NUL, which PostgreSQL's text refuses.
    """
    found: dict[str, str] = {}
    for name, value in (*_pairs(query), *_body_pairs(body, content_type)):
        found.setdefault(_clean(name), _clean(value))
    return found


def read_report(form: Mapping[str, str]) -> Report:
    """A delivery report; fields it lacks are empty."""
    retries = form.get("retryCount", "")
    return Report(
        message_id=form.get("id", "").strip(),
        status=form.get("status", "").strip(),
        number=phone.lenient(form.get("phoneNumber", "")),
        network_code=form.get("networkCode", "").strip(),
        failure_reason=form.get("failureReason", "").strip(),
        retry_count=int(retries) if retries.isdecimal() and len(retries) < 10 else None,
    )


def read_incoming(form: Mapping[str, str]) -> Incoming:
    """An incoming text. `missing` lists what AT documents and is absent or empty.

    An empty `linkId` is normal, and a blank text is a thumb that slipped: refused, it would come for twelve hours.
    """
    required = ("linkId", "text", "to", "id", "date", "from")
    raw = form.get("date", "").strip()
    return Incoming(
        id=form.get("id", "").strip(),
        number=phone.lenient(form.get("from", "")),
        to=form.get("to", "").strip(),
        text=form.get("text", ""),
        date_raw=raw,
        date=read_date(raw),
        link_id=form.get("linkId", "").strip(),
        network_code=form.get("networkCode", "").strip(),
        cost=form.get("cost", "").strip(),
        missing=tuple(name for name in required if name not in form or (not form[name] and name != "linkId")),
    )


def read_opt_out(form: Mapping[str, str], default_country: str = "") -> OptOut:
    """An opt-out notice; a national number is of `default_country`."""
    return OptOut(
        number=phone.lenient(form.get("phoneNumber", ""), default_country), sender=form.get("senderId", "").strip()
    )


def read_subscription(form: Mapping[str, str]) -> Subscription:
    """A subscription notice. AT writes `addition`, libraries have seen `Addition`: compared without case."""
    return Subscription(
        number=phone.lenient(form.get("phoneNumber", "")),
        short_code=form.get("shortCode", "").strip(),
        keyword=form.get("keyword", "").strip(),
        change=form.get("updateType", "").strip().lower(),
    )


def read_date(text: str) -> int | None:
    """Epoch milliseconds of AT's dates: ISO 8601 with `T` or a space, with or without zone and fraction.

    Without a zone UTC is assumed, as other integrations do; AT does not say. None where it is no date, or one
    that UTC has no year for, since it could not be shown again.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return to_ms(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _body_pairs(body: bytes, content_type: str) -> list[tuple[str, str]]:
    if content_type.split(";", 1)[0].strip().lower() == "application/json" or body.lstrip()[:1] == b"{":
        with contextlib.suppress(ValueError, RecursionError):  # nested too deeply, to read or to write again
            document = json.loads(body)
            if isinstance(document, dict):
                return [(name, _json_text(value)) for name, value in document.items() if value is not None]
    return _pairs(body)


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pairs(form: bytes) -> list[tuple[str, str]]:
    text = form.decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=1_000)
    except ValueError:
        return []


def _clean(text: str) -> str:
    return storable(text[:LONGEST_FIELD])
