"""Who does not read what they asked for holds up nobody, and not the end of the service."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from ujumbe.cli import protocol
from ujumbe.cli.protocol import BoundedProtocol

PATIENCE = 30.0


class Endless:
    """A server that writes for as long as somebody reads."""

    def __init__(self) -> None:
        self.full = threading.Event()
        """Whether a reader does not keep up."""
        self.ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        app = Starlette(routes=[Route("/", self._write)])
        full = self.full

        class Watched(BoundedProtocol):
            def pause_writing(self) -> None:
                super().pause_writing()
                full.set()

        self._server = uvicorn.Server(uvicorn.Config(app, http=Watched, log_level="critical", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()

    def asked(self) -> socket.socket:
        """A connection that asked and does not read."""
        connection = socket.create_connection(self._socket.getsockname(), timeout=PATIENCE)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert self.full.wait(PATIENCE)
        return connection

    def stop(self) -> bool:
        """Whether it ended in time."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()

    async def _write(self, _: Request) -> StreamingResponse:
        return StreamingResponse(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)  # as one that reads from a database: the loop hears that the reader is gone
        finally:
            self.ended.set()


@pytest.fixture
def endless() -> Iterator[Endless]:
    made = Endless()
    yield made
    made.stop()


def test_a_reader_that_stalls_does_not_hold_up_the_end(endless: Endless) -> None:
    with endless.asked():
        assert endless.stop()
        assert endless.ended.is_set()


def test_a_reader_that_stalls_for_long_is_let_go(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALLED_SECONDS", 0.1)
    with endless.asked():
        assert endless.ended.wait(PATIENCE)


def test_one_that_reads_on_is_not(endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALLED_SECONDS", PATIENCE)
    with endless.asked() as connection:
        read = 0
        while read < 50_000_000:
            read += len(connection.recv(1_000_000))
        assert not endless.ended.is_set()
