"""The few raw ASGI pieces that the hot routes are made of."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

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


def header(scope: Scope, name: bytes) -> str:
    """A request header (name in lower case), empty where it is absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def came_through_a_proxy(scope: Scope) -> bool:
    """Whether somebody beyond this machine may have sent it: without a secret anybody could."""
    return any(header(scope, name) for name in (b"x-forwarded-for", b"forwarded", b"via"))


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The request's body, at most `most` bytes. Raises `BodyTooLargeError` or `ClientGoneError`."""
    stated = header(scope, b"content-length")
    if stated.isdecimal() and int(stated) > most:
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
        stated = header(scope, b"content-length")
        read = int(stated) if stated.isdecimal() and len(stated) < 20 else 0

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
