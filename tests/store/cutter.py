"""Stands between us and PostgreSQL, and cuts the connection where a test says."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from tests.store.opened import PATIENCE

COMMITTED: Final = b"COMMIT\x00"
"""How PostgreSQL answers a COMMIT, and how a client first says it."""


class Cut(Enum):
    """What happens to the next COMMIT."""

    REQUEST = "it never reaches the server, and both ends are cut"
    ANSWER = "the server has done it, but nobody is told"
    SILENCE = "it never reaches the server, which does not notice that we are gone"
    HELD = "it waits until `go`, and then both ends are cut"


class Cutter:
    """A TCP proxy on loopback."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        who = f"{parts.username}@" if parts.username else ""
        self.url = parts._replace(netloc=f"{who}127.0.0.1:{self._listening.getsockname()[1]}").geturl()
        self.next: Cut | None = None
        self.closed = False
        """Whether new connections are refused."""
        self.reached = threading.Event()
        """Set when a COMMIT has met its fate."""
        self.go = threading.Event()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept_forever)

    def _start(self, target: object, *args: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept_forever(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket()
                try:
                    if self.closed:
                        raise ConnectionRefusedError
                    server.connect(self._server)
                except OSError:
                    client.close()
                    server.close()
                    continue
                self._ends += [client, server]
                self._start(self._pass_on, client, server, {Cut.REQUEST, Cut.SILENCE, Cut.HELD})
                self._start(self._pass_on, server, client, {Cut.ANSWER})

    def _pass_on(self, source: socket.socket, target: socket.socket, cuts: set[Cut]) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self.next in cuts and COMMITTED in data:
                    how, self.next = self.next, None
                    self.reached.set()
                    if how is Cut.HELD:
                        self.go.wait(PATIENCE)
                    if how is not Cut.SILENCE:
                        _end(target)
                    _end(source)
                    return
                target.sendall(data)
        _end(target)

    def close(self) -> None:
        self.go.set()
        _end(self._listening)
        for end in self._ends:
            _end(end)
        for thread in self._threads:
            thread.join(PATIENCE)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def cutting(url: str) -> Iterator[Cutter]:
    cutter = Cutter(url)
    try:
        yield cutter
    finally:
        cutter.close()
