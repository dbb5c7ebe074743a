"""The few raw ASGI pieces that the hot routes are made of."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLargeError(Exception):
    """The request's body is over the bound of its route."""


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


LONGEST_LENGTH: Final = 19
"""Digits of a Content-Length that is read as a number."""
_NAMED: Final = "ujumbe.headers"
_BY_PROXIES: Final = (b"x-forwarded-for", b"forwarded", b"via")


def headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The request's headers by name (lower case), the first of each: made once for a request, and asked many times."""
    named: Mapping[bytes, bytes] | None = scope.get(_NAMED)
    if named is None:
        named = scope[_NAMED] = dict(reversed(scope["headers"]))
    return named


def header(scope: Scope, name: bytes) -> str:
    """A request header (name in lower case), empty where it is absent."""
    value = headers(scope).get(name)
    return value.decode("latin-1") if value is not None else ""


def came_through_a_proxy(scope: Scope) -> bool:
    """Whether somebody beyond this machine may have sent it: without a secret anybody could."""
    named = headers(scope)
    return any(name in named for name in _BY_PROXIES)


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The request's body, at most `most` bytes. Raises `BodyTooLargeError` or `ClientGoneError`."""
    stated = header(scope, b"content-length").lstrip("0")
    if stated.isdecimal() and (len(stated) > LONGEST_LENGTH or int(stated) > most):
        raise BodyTooLargeError
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise BodyTooLargeError
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > most:
        raise BodyTooLargeError
    return body


async def respond(
    send: Send, status: int, content_type: bytes, body: bytes, *headers: tuple[bytes, bytes], head: bool = False
) -> None:
    """Send a whole response; `head` leaves the body away, as HEAD requires."""
    lines = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if head else body})


def bounded(app: App, most: int) -> App:
    """`app` with request bodies of at most `most` bytes: more ends as HTTP 413, whatever the length stated."""

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        stated = header(scope, b"content-length").lstrip("0")
        read = 0 if not stated.isdecimal() else int(stated) if len(stated) <= LONGEST_LENGTH else most + 1

        async def count() -> Message:
            nonlocal read
            if read > most:
                raise HTTPException(413)
            message = await receive()
            if not stated:
                read += len(message.get("body", b""))
                if read > most:
                    raise HTTPException(413)
            return message

        await app(scope, count, send)

    return within
