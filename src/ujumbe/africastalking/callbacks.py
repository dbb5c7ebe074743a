"""AT's callbacks as values: the fields of a form to what AT tells us. Nothing strange is an error here.

Shapes are AT's ("SMS notifications"), spelled as in recorded traffic; extra, missing and repeated fields, unknown
statuses and odd dates all pass, because a callback that is refused comes back for twelve hours and is then lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from ujumbe.domain import phone
from ujumbe.domain.moment import to_ms

LONGEST_KEY: Final = 255
"""Characters of an id, a number, a sender or a keyword. AT's own are below 64."""


class Kind(StrEnum):
    """Which of AT's callback addresses was called; the value is the last part of our path."""

    INCOMING = "twoway"
    REPORT = "delivery-reports"
    OPT_OUT = "opt-out"
    SUBSCRIPTION = "subscription"


IN_DASHBOARD: Final = {
    Kind.REPORT: "Delivery Reports",
    Kind.INCOMING: "Incoming Messages",
    Kind.OPT_OUT: "Bulk SMS Opt Out",
    Kind.SUBSCRIPTION: "Subscription Notifications",
}
"""What AT's dashboard calls them (SMS → SMS Callback URLs)."""


class Report(NamedTuple):
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


def read_report(form: Mapping[str, str], default_country: str = "") -> Report:
    """A delivery report; fields it lacks are empty, a national number is of `default_country`."""
    retries = form.get("retryCount", "")
    return Report(
        message_id=_key(form, "id"),
        status=form.get("status", "").strip(),
        number=phone.lenient(_key(form, "phoneNumber"), default_country),
        network_code=form.get("networkCode", "").strip(),
        failure_reason=form.get("failureReason", "").strip(),
        retry_count=int(retries) if retries.isdecimal() and len(retries) < 10 else None,
    )


def read_incoming(form: Mapping[str, str], default_country: str = "") -> Incoming:
    """An incoming text. `missing` lists what AT documents and is absent or empty.

    An empty `linkId` is normal, and a blank text is a thumb that slipped: refused, it would come for twelve hours.
    """
    required = ("linkId", "text", "to", "id", "date", "from")
    raw = form.get("date", "").strip()
    return Incoming(
        id=_key(form, "id"),
        number=phone.lenient(_key(form, "from"), default_country),
        to=_key(form, "to"),
        text=form.get("text", ""),
        date_raw=raw,
        date=read_date(raw),
        link_id=form.get("linkId", "").strip(),
        network_code=form.get("networkCode", "").strip(),
        cost=form.get("cost", "").strip(),
        missing=tuple(
            name
            for name in required
            if name not in form or (not form[name] and name != "linkId") or _is_endless(form, name)
        ),
    )


def read_opt_out(form: Mapping[str, str], default_country: str = "") -> OptOut:
    """An opt-out notice; a national number is of `default_country`."""
    return OptOut(number=phone.lenient(_key(form, "phoneNumber"), default_country), sender=_key(form, "senderId"))


def read_subscription(form: Mapping[str, str]) -> Subscription:
    """A subscription notice. AT writes `addition`, libraries have seen `Addition`: compared without case."""
    return Subscription(
        number=phone.lenient(_key(form, "phoneNumber")),
        short_code=_key(form, "shortCode"),
        keyword=_key(form, "keyword"),
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


def _key(form: Mapping[str, str], name: str) -> str:
    """A field by which rows are found; empty where it is longer than any of AT's, which no index would take."""
    text = form.get(name, "").strip()
    return text if len(text) <= LONGEST_KEY else ""


def _is_endless(form: Mapping[str, str], name: str) -> bool:
    return name in ("to", "id", "from") and len(form[name].strip()) > LONGEST_KEY
