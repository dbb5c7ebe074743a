"""AT's SMS API as values: requests are built and replies are read here, without any I/O.

Field names and paths are AT's (developers.africastalking.com, "Sending SMS" and "Application data"); the shapes
that differ between its documentation and recorded traffic are read leniently, and what cannot be read is an error
that says so rather than a guess.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from ujumbe.domain import outcome
from ujumbe.domain.money import Money
from ujumbe.domain.text import storable

MOST_RECIPIENTS: Final = 1_000
"""Numbers in one call. AT states no limit; its SDKs' tests and other users stay at or below a thousand."""


class Mode(StrEnum):
    """Who pays, and from which kind of sender: `two_way` is `bulk` from a short code that takes answers."""

    BULK = "bulk"
    TWO_WAY = "two_way"
    PREMIUM = "premium"


class Host(StrEnum):
    """Which of AT's hosts a request goes to: premium and subscriptions have one of their own when live."""

    API = "api"
    CONTENT = "content"


LIVE: Final = {Host.API: "https://api.africastalking.com", Host.CONTENT: "https://content.africastalking.com"}
SANDBOX: Final = "https://api.sandbox.africastalking.com"


def is_sandbox(username: str) -> bool:
    """Whether this username belongs to AT's sandbox, compared as AT's own Java and Node SDKs do."""
    return username.strip().lower() == "sandbox"


def bases(username: str, api_url: str = "") -> dict[Host, str]:
    """The base URL of each of AT's hosts for an account; `api_url` replaces them all."""
    replaced = api_url.rstrip("/") or (SANDBOX if is_sandbox(username) else "")
    return {host: replaced or live for host, live in LIVE.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without host and key. `form` is None for a GET."""

    method: str
    path: str
    host: Host = Host.API
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] | None = None

    @property
    def target(self) -> str:
        """Path and query as they go on the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def body(self) -> bytes | None:
        """The form, percent-encoded as UTF-8; None without one."""
        return None if self.form is None else urlencode(self.form).encode("ascii")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text to one or many numbers (E.164). Empty strings and None mean: leave AT's default."""

    to: tuple[str, ...]
    text: str
    mode: Mode = Mode.BULK
    sender: str = ""
    link_id: str = ""
    keyword: str = ""
    retry_hours: int | None = None
    enqueue: bool | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One line of AT's reply to a send. `number` is AT's echo; `message_id` is empty where AT gave none."""

    number: str
    status: str
    code: int | None
    message_id: str
    cost: Money | None
    parts: int | None = None

    @property
    def outcome(self) -> outcome.Outcome:
        """What this line means."""
        return outcome.judge(self.code, self.status, has_id=bool(self.message_id))


@dataclass(frozen=True, slots=True)
class SendReply:
    """AT's reply to a send. `total` is in the account's currency, recipients in their countries': never add them up."""

    summary: str
    recipients: tuple[Recipient, ...]
    total: Money | None = None
    sent: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refusal(self) -> str:
        """AT's word for refusing the whole request (`InvalidSenderId`): an empty list that claims nothing sent."""
        return self.summary if not self.recipients and not self.sent else ""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A text in AT's inbox. `id` is AT's integer, not the id of the callback for the same text."""

    id: int
    number: str
    to: str
    text: str
    date: str
    link_id: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscriber of a premium product, as AT lists them."""

    id: int
    number: str
    date: str


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """AT's answer to creating or deleting a subscription; both come as HTTP 201, also when they failed."""

    succeeded: bool
    description: str


class UnreadableReplyError(ValueError):
    """A reply that is not what AT documents: XML or HTML where JSON was due, cut short, or of another shape."""


def send(username: str, outgoing: Outgoing) -> Request:
    """POST /version1/messaging. Premium (the recipient pays) is `bulkSMSMode=0` on the content host."""
    premium = outgoing.mode is Mode.PREMIUM
    form = [
        ("username", username),
        ("to", ",".join(outgoing.to)),
        ("message", outgoing.text),
        ("from", outgoing.sender),
        ("bulkSMSMode", "0" if premium else "1"),
        ("enqueue", "" if outgoing.enqueue is None else str(int(outgoing.enqueue))),
        ("keyword", outgoing.keyword),
        ("linkId", outgoing.link_id),
        ("retryDurationInHours", "" if outgoing.retry_hours is None else str(outgoing.retry_hours)),
    ]
    host = Host.CONTENT if premium else Host.API
    return Request("POST", "/version1/messaging", host, form=tuple(pair for pair in form if pair[1]))


def fetch_inbox(username: str, last_received_id: int = 0) -> Request:
    """GET /version1/messaging: texts after `last_received_id`, up to a hundred a call."""
    query = (("username", username), ("lastReceivedId", str(last_received_id)))
    return Request("GET", "/version1/messaging", query=query)


def application_data(username: str) -> Request:
    """GET /version1/user: the balance; it changes nothing, so it also serves as a probe."""
    return Request("GET", "/version1/user", query=(("username", username),))


def list_subscriptions(username: str, short_code: str, keyword: str, last_received_id: int = 0) -> Request:
    """GET /version1/subscription on the content host."""
    query = (
        ("username", username),
        ("shortCode", short_code),
        ("keyword", keyword),
        ("lastReceivedId", str(last_received_id)),
    )
    return Request("GET", "/version1/subscription", Host.CONTENT, query=query)


def create_subscription(username: str, short_code: str, keyword: str, number: str) -> Request:
    """POST /version1/subscription/create on the content host."""
    return _subscription("create", username, short_code, keyword, number)


def delete_subscription(username: str, short_code: str, keyword: str, number: str) -> Request:
    """POST /version1/subscription/delete on the content host."""
    return _subscription("delete", username, short_code, keyword, number)


def _subscription(verb: str, username: str, short_code: str, keyword: str, number: str) -> Request:
    form = (
        ("username", username),
        ("shortCode", short_code),
        ("keyword", keyword),
        ("phoneNumber", number),
    )
    return Request("POST", f"/version1/subscription/{verb}", Host.CONTENT, form=form)


def read_send(body: bytes) -> SendReply:
    """The reply to a send (HTTP 200 or 201). Raises `UnreadableReplyError`."""
    document = _document(body)
    data = _field(document, "SMSMessageData", dict)
    rows = data.get("Recipients")
    if not isinstance(rows, list):
        raise UnreadableReplyError("the reply's SMSMessageData has no list of Recipients")
    summary = _text(data, "Message")
    found = _SUMMARY.match(summary)
    return SendReply(
        summary=summary,
        recipients=tuple(_recipient(row) for row in rows),
        total=Money.parse(found["total"].strip()) if found and found["total"] else None,
        sent=int(found["sent"]) if found else None,
        raw=document,
    )


def read_inbox(body: bytes) -> list[InboxMessage]:
    """The reply to `fetch_inbox`, oldest first as AT gives it. Raises `UnreadableReplyError`."""
    rows = _field(_field(_document(body), "SMSMessageData", dict), "Messages", list)
    return [
        InboxMessage(
            id=_integer(row.get("id")) or 0,
            number=_text(row, "from"),
            to=_text(row, "to"),
            text=_text(row, "text"),
            date=_text(row, "date"),
            link_id=_text(row, "linkId"),
        )
        for row in map(_object, rows)
    ]


def read_balance(body: bytes) -> Money:
    """The reply to `application_data`. The key is `UserData` in traffic, `userData` in AT's sample.

    Raises `UnreadableReplyError`.
    """
    document = _document(body)
    data = document.get("UserData", document.get("userData"))
    balance = Money.parse(data.get("balance", "")) if isinstance(data, dict) else None
    if balance is None:
        raise UnreadableReplyError("the reply has no UserData with a balance")
    return balance


def read_subscriptions(body: bytes) -> list[Subscriber]:
    """The reply to `list_subscriptions`. Raises `UnreadableReplyError`."""
    rows = _field(_document(body), "responses", list)
    return [
        Subscriber(id=_integer(row.get("id")) or 0, number=_text(row, "phoneNumber"), date=_text(row, "date"))
        for row in map(_object, rows)
    ]


def read_subscription_change(body: bytes) -> SubscriptionChange:
    """The reply to `create_subscription` and `delete_subscription`. Raises `UnreadableReplyError`."""
    document = _document(body)
    status = _field(document, "status", str)
    return SubscriptionChange(status.lower() == "success", _text(document, "description"))


def match(numbers: Sequence[str], recipients: Sequence[Recipient]) -> list[Recipient | None]:
    """The line of the reply for each of `numbers`, None where there is none.

    By AT's echo of the number, since it may leave some out; lines with an echo that fits nothing are
    given out by position, and only where the reply has exactly as many lines as were asked for.
    """
    by_number = {each.number: each for each in reversed(recipients)}
    found = [by_number.get(number) for number in numbers]
    if len(recipients) == len(numbers) and None in found:
        asked = set(numbers)
        found = [
            each if each is not None else (line if line.number not in asked else None)
            for each, line in zip(found, recipients, strict=True)
        ]
    return found


_SUMMARY = re.compile(
    r"Sent to (?P<sent>\d{1,9})/(?P<asked>\d+)(?: Total Cost: (?P<total>.*?))?(?: Message parts: \d+)?\s*$"
)
"""`Sent to 1/1`, `Sent to 0/1 Total Cost: 0`, `Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1`: all recorded."""

_T = TypeVar("_T")
_NO_ID = frozenset({"", "none", "null"})


def _recipient(row: object) -> Recipient:
    line = _object(row)
    message_id = _text(line, "messageId")
    return Recipient(
        number=_text(line, "number"),
        status=_text(line, "status"),
        code=_integer(line.get("statusCode")),
        message_id="" if message_id.strip().lower() in _NO_ID else message_id,
        cost=Money.parse(line.get("cost", "")),
        parts=_integer(line.get("messageParts")),
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableReplyError(f"the reply is not JSON ({_appearance(body)})") from None
    return _object(document)


def _appearance(body: bytes) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "it is empty"
    if start == b"<":
        return "it looks like XML or HTML"
    return "it was cut short" if start in b"{[" else "it is plain text"


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableReplyError(f"the reply has a {type(value).__name__} where an object was due")
    return value


def _field(document: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    value = document.get(name)
    if not isinstance(value, kind):
        raise UnreadableReplyError(f"the reply has no {name}")
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else storable(str(value))


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) < 1 << 63 else None  # more than a database column holds is no code of AT's
