"""What uvicorn's HTTP protocol lacks: a bound on request headers, and patience that ends."""

import asyncio
from collections.abc import Sequence
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of request line and headers together; the longest text, percent-encoded in a query, is below 20 KB."""
MOST_TRAILERS: Final = 100
"""Header lines after a chunked body. Nobody sends any."""
SLOWEST_SECONDS: Final = 30.0
"""For a whole request to arrive, from the opening of the connection or from its first byte."""
STALLED_SECONDS: Final = 300.0
"""For somebody to go on reading. What lies in the kernel's buffers takes a slow line a while."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, for slow and hostile clients too: a connection held open costs a descriptor."""

    _head = 0
    _in_head = True
    _begun = False
    _silent = 0
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _trailers: Sequence[tuple[bytes, bytes]] = ()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: whoever connects has something to say."""
        # The override is typed as uvicorn types its own: narrower than asyncio's, which hands over any transport.
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._relax()
        self._read_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Whoever reads does not keep up: wait for them, and not for ever."""
        super().pause_writing()
        self._stall = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """They read on."""
        self._read_on()
        super().resume_writing()

    def shutdown(self) -> None:
        """End with the service. Who is not reading would hold up its end for as long as it waits for anybody."""
        if self._stall is not None:
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Count what comes before the end of the headers, and refuse too much of it."""
        if self._in_head:
            self._head += len(data)
            if self._head > LARGEST_HEAD + len(data):
                self._refuse()
                return
        self._silent += len(data)
        super().data_received(data)
        # In a body the parser tells of each part; a chunk's or trailer's line without end tells nothing and only grows.
        too_much = self._in_head and self._head > LARGEST_HEAD
        if too_much or self._silent > LARGEST_HEAD or len(self._trailers) > MOST_TRAILERS:
            self._refuse()
        if self._begun:  # most requests come whole, and need no clock
            self._wait()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begun = True

    def on_headers_complete(self) -> None:
        """From here on bodies are bounded by those who read them."""
        self._in_head, self._silent = False, 0
        super().on_headers_complete()
        # The request has its list of headers; what may follow its body is kept apart, and looked at by nobody.
        self.headers = self._trailers = []

    def on_body(self, body: bytes) -> None:
        """A part of the body is here."""
        self._silent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here; what follows is another one."""
        self._relax()
        self._begun, self._in_head, self._head, self._silent = False, True, 0, 0
        self._trailers = []
        super().on_message_complete()

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(SLOWEST_SECONDS, self._too_slow)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _read_on(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()
