"""AT's replies as values, read leniently: what cannot be read is an error that says so rather than a guess.

Shapes are AT's (developers.africastalking.com, "Sending SMS", "Fetch messages", "Application data") and those of
recorded traffic, which differ.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeGuard, TypeVar

from ujumbe.domain import outcome, phone
from ujumbe.domain.money import Money
from ujumbe.domain.text import storable


class Recipient(NamedTuple):
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
    http_status: int = 201
    """201 in all recorded traffic; 200 is taken as well."""

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


def read_send(body: bytes) -> SendReply:
    """The reply to a send (HTTP 200 or 201). Raises `UnreadableReplyError`."""
    document = _document(body)
    data = _field(document, "SMSMessageData", dict)
    rows = data.get("Recipients")
    if not isinstance(rows, list):
        raise UnreadableReplyError("the reply's SMSMessageData has no list of Recipients")
    summary = _text(data, "Message")
    found = _SUMMARY.match(summary[:LONGEST_SUMMARY].rstrip())
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

    By AT's echo of the number, since it may leave some out; lines with an echo that is no number in E.164 are
    given out by position, and only where the reply has exactly as many lines as were asked for. The echo of another
    number says that this line, or the whole reply, is another text's.
    """
    by_number = {each.number: each for each in reversed(recipients)}
    found = [by_number.get(number) for number in numbers]
    if len(recipients) == len(numbers) and None in found:
        asked = set(numbers)
        found = [
            each if each is not None else (None if phone.is_number(line.number) or line.number in asked else line)
            for each, line in zip(found, recipients, strict=True)
        ]
    return found


LONGEST_SUMMARY = 200
_SUMMARY = re.compile(
    r"Sent to (?P<sent>\d{1,9})/\d{1,9}(?: Total Cost: (?P<total>\S{1,24}(?: -?[\d.]{1,24})?))?"
    r"(?: Message parts: \d{1,9})?$"
)
"""`Sent to 1/1`, `Sent to 0/1 Total Cost: 0`, `Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1`: all recorded."""

_T = TypeVar("_T")
_NO_ID = frozenset({"", "none", "null"})
_LARGEST = 1 << 31


def _recipient(row: object) -> Recipient:
    line = _object(row)
    number, status, message_id, code = map(line.get, ("number", "status", "messageId", "statusCode"))
    # The usual line, a thousand times in a reply: nothing in it has to be read leniently.
    if type(code) is int and abs(code) < _LARGEST and _plain(number) and _plain(status) and _plain(message_id):
        cost, parts = line.get("cost", ""), _integer(line.get("messageParts"))
        return Recipient(number, status, code, _known_id(message_id), Money.parse(cost), parts)
    message_id = _text(line, "messageId")
    return Recipient(
        number=_text(line, "number"),
        status=_text(line, "status"),
        code=_integer(line.get("statusCode")),
        message_id=_known_id(message_id),
        cost=Money.parse(line.get("cost", "")),
        parts=_integer(line.get("messageParts")),
    )


def _plain(value: object) -> TypeGuard[str]:
    return type(value) is str and value.isascii() and value.isprintable()


def _known_id(text: str) -> str:
    return "" if text.strip().lower() in _NO_ID else text


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
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) < 1 << 63 else None  # more than a database column holds is no code of AT's
