"""The same answers as XML, which AT sends when `Accept` is absent or asks for it (documented, old pages)."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from ujumbe.simulator.akka import not_acceptable
from ujumbe.simulator.exchange import Request, Response, as_json

# What an item of each list is called; the recipients' name is recorded, the others are assumed.
ITEMS = {"Recipients": "Recipient", "Messages": "Message", "responses": "response"}

# XML 1.0 has no way to write most control characters, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def wants_xml(accept: str | None) -> bool:
    """Tell JSON from XML by the request's `Accept`; raises a 406 `Rejection` where it takes neither.

    Absent means XML and each type means itself (documented); `*/*`, which curl sends, means JSON (assumed).
    """
    if accept is None:
        return True
    accept = accept.lower()
    if "application/json" in accept:
        return False
    if "application/xml" in accept or "text/xml" in accept:
        return True
    if "*/*" in accept or "application/*" in accept:
        return False
    raise not_acceptable()


def render(body: dict[str, object]) -> bytes:
    """Write a JSON-like answer as XML under AT's root element."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<AfricasTalkingResponse>{_element_content(body)}</AfricasTalkingResponse>"
    ).encode()


def answer(request: Request, body: dict[str, object], status: int = 200) -> Response:
    """Answer in the type that the request accepts."""
    return answer_as(body, as_xml=wants_xml(request.header(b"accept")), status=status)


def answer_as(body: dict[str, object], *, as_xml: bool, status: int) -> Response:
    """Answer in a type settled before: an order must not be carried out and then refused for its `Accept`."""
    if as_xml:
        return Response(status, render(body), b"application/xml")
    return as_json(body, status)


def _element_content(value: object, name: str = "") -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_element_content(inner, key)}</{key}>" for key, inner in value.items())
    if isinstance(value, list):
        item = ITEMS.get(name, "item")
        return "".join(f"<{item}>{_element_content(inner)}</{item}>" for inner in value)
    return escape(UNWRITABLE.sub("\ufffd", str(value)))
