"""Stands between us and PostgreSQL, and cuts the connection at its next COMMIT."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from tests.store.opened import PATIENCE

COMMIT: Final = b"COMMIT\x00"
"""Said by the client, and in the server's answer."""


class Cut(Enum):
    """What happens to the next COMMIT."""

    REQUEST = "it never reaches the server, and both ends are cut"
    ANSWER = "the server has done it, but nobody is told"
    SILENCE = "it never reaches the server, which does not notice that we are gone"


class Cutter:
    """A TCP proxy on loopback."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        who = f"{parts.username}@" if parts.username else ""
        self.url = parts._replace(netloc=f"{who}127.0.0.1:{self._listening.getsockname()[1]}").geturl()
        self.cuts = 0
        self.closed = False
        """Whether new connections are refused."""
        self._next: Cut | None = None
        self._meanwhile: Callable[[], None] = lambda: None
        self._open = threading.Event()
        """Not set while something else happens: then no connection is made, and none ends."""
        self._open.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept_forever)

    def cut(self, how: Cut, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Cut the next COMMIT, just after `meanwhile` has happened."""
        self._next, self._meanwhile = how, meanwhile

    def close(self) -> None:
        for end in (self._listening, *self._ends):
            _end(end)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept_forever(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.wait(PATIENCE)
                server = socket.socket()
                self._ends += [client, server]
                try:
                    if self.closed:
                        raise ConnectionRefusedError
                    server.connect(self._server)
                except OSError:
                    _end(client)
                    _end(server)
                    continue
                self._start(self._pass_on, client, server, {Cut.REQUEST, Cut.SILENCE})
                self._start(self._pass_on, server, client, {Cut.ANSWER})

    def _pass_on(self, source: socket.socket, target: socket.socket, cuts: set[Cut]) -> None:
        cut: Cut | None = None
        with suppress(OSError):
            while cut is None and (data := source.recv(1 << 16)):
                if self._next in cuts and COMMIT in data:
                    cut, self._next = self._next, None
                    self.cuts += 1
                    self._happens()
                else:
                    target.sendall(data)
        self._open.wait(PATIENCE)
        _end(source)
        if cut is not Cut.SILENCE:
            _end(target)

    def _happens(self) -> None:
        self._open.clear()
        try:
            self._meanwhile()
        finally:
            self._open.set()


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def cutting(url: str) -> Iterator[Cutter]:
    """A cutter before the server of `url`."""
    cutter = Cutter(url)
    try:
        yield cutter
    finally:
        cutter.close()
