"""Fields of a request to AT: read, required, refused as akka refuses them."""

from __future__ import annotations

from collections.abc import Callable

from ujumbe.simulator import akka
from ujumbe.simulator.akka import Rejection
from ujumbe.simulator.exchange import Request

NAME_LIMIT = 100
"""Characters of a keyword, sender id and the like; AT publishes no bound (assumed)."""


def given(fields: dict[str, str], name: str) -> str:
    """Return a field, empty where it is absent or the `undefined` that AT's Node SDK writes for nothing (seen)."""
    value = fields.get(name, "")
    return "" if value == "undefined" else value


def short(fields: dict[str, str], name: str) -> str:
    """Return a field like `given`; raises akka's refusal where it is longer than any name."""
    value = given(fields, name)
    if len(value) > NAME_LIMIT:
        raise akka.malformed_form_field(name, f"longer than {NAME_LIMIT} characters")
    return value


def flag(fields: dict[str, str], name: str, default: int) -> int:
    """Return an integer field; the wording of the refusal is akka's (assumed)."""
    value = given(fields, name)
    if not value:
        return default
    if value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 10:
        return int(value)
    raise akka.malformed_form_field(name, f"'{value[:NAME_LIMIT]}' is not a valid 32-bit signed integer value")


def last_received_id(fields: dict[str, str]) -> int:
    """Return `lastReceivedId`, 0 by default (documented)."""
    value = given(fields, "lastReceivedId")
    if not value:
        return 0
    if value.isdecimal() and value.isascii() and len(value) < 19:
        return int(value)
    why = f"'{value[:NAME_LIMIT]}' is not a valid 64-bit signed integer value"
    raise akka.malformed_query_parameter("lastReceivedId", why)


def required_form(request: Request, *names: str) -> dict[str, str]:
    """Read a form that has all these fields, none empty; refuses naming the first that is missing."""
    return _required(read_form(request), names, akka.missing_form_field)


def required_query(request: Request, *names: str) -> dict[str, str]:
    """Read a query that has all these parameters, none empty; refuses naming the first that is missing."""
    return _required(_readable(request.query), names, akka.missing_query_parameter)


def read_form(request: Request) -> dict[str, str]:
    """Read a form; raises akka's refusal for another content type and for what cannot be read."""
    if request.media_type != akka.FORM:
        raise akka.wrong_media_type(request.media_type, akka.FORM)
    return _readable(request.form)


def read_json(request: Request) -> dict[str, object]:
    """Read a JSON object; raises akka's refusal for another content type and for what cannot be read."""
    if request.media_type != akka.JSON:
        raise akka.wrong_media_type(request.media_type, akka.JSON)
    try:
        return request.json()
    except ValueError as error:
        raise akka.malformed_content(str(error)) from None


def json_text(body: dict[str, object], name: str) -> str:
    """Return a required text of a JSON object; the wording of the refusals is spray-json's (assumed)."""
    if name not in body:
        raise akka.malformed_content(f"Object is missing required member '{name}'")
    value = body[name]
    if not isinstance(value, str) or not value or "\0" in value:
        raise akka.malformed_content(f"Expected a text as JsString in '{name}'")
    return value


def _readable(parse: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        fields = parse()
    except ValueError as error:
        raise akka.malformed_content(str(error)) from None
    if any("\0" in value for value in fields.values()):
        raise akka.malformed_content("NUL is not part of any text")
    return fields


def _required(fields: dict[str, str], names: tuple[str, ...], missing: Callable[[str], Rejection]) -> dict[str, str]:
    for name in names:
        if not given(fields, name):
            raise missing(name)
    return fields
