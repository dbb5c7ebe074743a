"""Breaking a connection off, as a network does: without an answer, or with a TCP reset."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import Any, cast

from ujumbe.simulator.exchange import Receive, Send

HANG_SECONDS = 120
"""A request that is never answered is let go after this, so that a forgotten client holds no connection for ever."""

WRAPPERS = 10
"""Layers of middleware looked through."""

# l_onoff = 1, l_linger = 0: closing sends RST at once instead of FIN.
_LINGER_NONE = struct.pack("ii", 1, 0)


async def hang(receive: Receive, send: Send, stopping: asyncio.Event) -> None:
    """Keep the client waiting until it gives up, the simulator stops or `HANG_SECONDS` have passed; then reset."""
    gone = asyncio.create_task(_until_gone(receive))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({gone, stopped}, timeout=HANG_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    left = gone.done()
    gone.cancel()
    stopped.cancel()
    if not left:
        await reset(receive, send)


async def reset(receive: Receive, send: Send) -> None:
    """Reset the client's TCP connection before any byte of an answer.

    Under a server whose transport cannot be found, the answer starts, promises more than it brings, and ends: the
    server then closes, and the client sees an answer cut short.
    """
    transport = _transport_behind(send)
    if transport is not None:
        _reset_on_close(transport)
        transport.abort()
        with suppress(TimeoutError):
            # The server calls it an error if the app returns before it has seen the loss itself.
            async with asyncio.timeout(5):
                await _until_gone(receive)
        return
    head = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 201, "headers": head})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _transport_behind(send: Send) -> asyncio.WriteTransport | None:
    """Find the transport: uvicorn's `send` is a method of its holder, and Starlette's wrappers close over `send`.

    Nothing official leads there, so whatever looks different ends the search.
    """
    found: Any = send
    for _ in range(WRAPPERS):
        transport = getattr(getattr(found, "__self__", None), "transport", None)
        if hasattr(transport, "abort") and hasattr(transport, "get_extra_info"):
            # Not asked by class: uvloop's transports are none of asyncio's.
            return cast("asyncio.WriteTransport", transport)
        names = getattr(getattr(found, "__code__", None), "co_freevars", ())
        if "send" not in names:
            return None
        found = found.__closure__[names.index("send")].cell_contents
    return None


def _reset_on_close(transport: asyncio.WriteTransport) -> None:
    known = transport.get_extra_info("socket")
    if known is None:
        return
    # A second handle of the same socket: uvloop's own stand-in for a socket cannot set options.
    with suppress(OSError), socket.socket(fileno=os.dup(known.fileno())) as handle:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
