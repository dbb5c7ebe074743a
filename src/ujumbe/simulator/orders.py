"""A request to send, read from the three shapes that AT takes it in."""

from __future__ import annotations

from dataclasses import dataclass

from ujumbe.simulator import akka
from ujumbe.simulator.account import DEFAULT_SENDER
from ujumbe.simulator.exchange import Request
from ujumbe.simulator.fields import NAME_LIMIT, flag, given, json_text, read_form, read_json, short

TEXT_LIMIT = 10_000
"""Characters; AT publishes no bound, and 65 parts are more than any operator takes (assumed)."""


@dataclass(slots=True)
class Order:
    """Whom to send what, from whom. `numbers` are as given: malformed ones and repeats included."""

    username: str
    numbers: list[str]
    text: str
    sender: str
    enqueue: bool = False
    premium: bool = False
    keyword: str = ""
    link_id: str = ""
    retry_hours: int | None = None
    hashed: bool = False


def read_legacy(request: Request) -> Order:
    """Read `POST /version1/messaging`, a form (documented). Raises a `Rejection` for what cannot be read."""
    form = read_form(request)
    _require(form, "username", "to", "message")
    sender = short(form, "from") or DEFAULT_SENDER
    return Order(
        username=form["username"],
        numbers=_split(form["to"], "to"),
        text=_text(form["message"]),
        sender=sender,
        enqueue=flag(form, "enqueue", 0) == 1,
        # Documented: the mode is ignored for alphanumeric senders.
        premium=flag(form, "bulkSMSMode", 1) == 0 and sender.isdecimal(),
        keyword=short(form, "keyword"),
        link_id=short(form, "linkId"),
        retry_hours=flag(form, "retryDurationInHours", 0) or None,
    )


def read_bulk(request: Request) -> Order:
    """Read `POST /version1/messaging/bulk`: JSON (documented) or a form (as AT's Python SDK sends it)."""
    if request.media_type == akka.FORM:
        return _bulk_form(read_form(request))
    if request.media_type != akka.JSON:
        raise akka.wrong_media_type(request.media_type, akka.JSON, akka.FORM)
    body = read_json(request)
    username = json_text(body, "username")
    text = _text(json_text(body, "message"))
    sender = json_text(body, "senderId") if body.get("senderId") else DEFAULT_SENDER
    enqueue = body.get("enqueue", 0) in {1, "1"} if not isinstance(body.get("enqueue"), list | dict) else False
    if body.get("maskedNumber"):
        return Order(
            username, [_masked(json_text(body, "maskedNumber"))], text, sender[:NAME_LIMIT], enqueue, hashed=True
        )
    numbers = body.get("phoneNumbers")
    if numbers is None:
        raise akka.malformed_content("Object is missing required member 'phoneNumbers'")
    if not isinstance(numbers, list) or not all(isinstance(number, str) and "\0" not in number for number in numbers):
        raise akka.malformed_content("Expected List as JsArray of JsString in 'phoneNumbers'")
    if not numbers:
        raise akka.malformed_content("'phoneNumbers' is empty")
    return Order(username, [number.strip() for number in numbers], text, sender[:NAME_LIMIT], enqueue)


def _bulk_form(form: dict[str, str]) -> Order:
    _require(form, "username", "message")
    sender = short(form, "senderId") or DEFAULT_SENDER
    order = Order(form["username"], [], _text(form["message"]), sender, flag(form, "enqueue", 0) == 1)
    masked = given(form, "maskedNumber")
    if masked:
        order.numbers, order.hashed = [_masked(masked)], True
    else:
        _require(form, "phoneNumbers")
        order.numbers = _split(form["phoneNumbers"], "phoneNumbers")
    return order


def _require(form: dict[str, str], *names: str) -> None:
    for name in names:
        if not given(form, name):
            raise akka.missing_form_field(name)


def _split(joined: str, name: str) -> list[str]:
    numbers = [number for number in map(str.strip, joined.split(",")) if number]
    if not numbers:
        raise akka.missing_form_field(name)
    return numbers


def _text(text: str) -> str:
    if len(text) > TEXT_LIMIT:
        raise akka.malformed_form_field("message", f"longer than {TEXT_LIMIT} characters")
    return text


def _masked(number: str) -> str:
    if len(number) > 2 * NAME_LIMIT or not number.isprintable():
        raise akka.malformed_form_field("maskedNumber", "not a hashed number")
    return number
