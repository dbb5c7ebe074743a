"""One HTTP exchange: a request as it was read, a response as it will be written."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes: 100,000 recipients, the most that any of AT's SDK tests builds, take 2.2 MB as a form."""

# No request of AT's has more than a dozen fields; parsing stops before a body of `&` costs memory.
FIELD_LIMIT = 64


class TooLargeError(Exception):
    """The body is longer than `BODY_LIMIT`."""


class UnreadableError(ValueError):
    """The body or query cannot be read; the message says why."""


@dataclass(slots=True)
class Request:
    """A request whose body has been read whole. `path` is relative to where the simulator is mounted."""

    method: str
    path: str
    query_string: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    client: str = ""

    def header(self, name: bytes) -> str | None:
        """Return the first header of that lower-case name, or None."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower-case; empty where there is none."""
        return (self.header(b"content-type") or "").split(";", 1)[0].strip().lower()

    def query(self) -> dict[str, str]:
        """Return the query's fields, the first of each name; raises `UnreadableError`."""
        return _fields(self.query_string)

    def form(self) -> dict[str, str]:
        """Return the form's fields, the first of each name; raises `UnreadableError`."""
        return _fields(self.body)

    def json(self) -> dict[str, Any]:
        """Return the body's JSON object; raises `UnreadableError` for anything else."""
        try:
            value = json.loads(self.body, parse_constant=_refuse_constant, parse_float=_finite)
            if b"\\u" in self.body:
                # An escaped lone surrogate is a string in Python but no text: neither UTF-8 nor SQLite take it.
                json.dumps(value, ensure_ascii=False).encode()
        except RecursionError:
            raise UnreadableError("nested too deeply") from None
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        if not isinstance(value, dict):
            raise UnreadableError("Expected an object")
        return value


@dataclass(slots=True)
class Response:
    """A response with its whole body; `Content-Length` is added on sending."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        """Write the response to the client."""
        head = [(b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.body})


def as_json(value: object, status: int = 200) -> Response:
    """Answer with JSON, sent as exactly `application/json`: AT's Python SDK parses under no other type."""
    return Response(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


async def read(scope: Scope, receive: Receive, path: str) -> Request:
    """Read a whole request; raises `TooLargeError` as soon as the body has passed its bound."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise TooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            break
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=path,
        query_string=scope.get("query_string", b""),
        headers=list(scope["headers"]),
        body=b"".join(chunks),
        client=client[0] if client else "",
    )


def _fields(encoded: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELD_LIMIT)
    except UnicodeDecodeError:
        raise UnreadableError("not UTF-8") from None
    except ValueError as error:
        raise UnreadableError(str(error)) from None
    return dict(reversed(pairs))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value
