"""A server on loopback that behaves, and misbehaves, by script: real sockets, no HTTP library in between."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Self

PATIENCE: Final = 20.0
"""Seconds until a test that waits for nothing fails; no test waits as long when all is well."""


class End(Enum):
    """What becomes of the connection after an answer."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()
    """Kept open, and nothing more said until the client leaves."""


@dataclass(frozen=True)
class Answer:
    data: bytes = b""
    end: End = End.KEEP


@dataclass(frozen=True)
class Request:
    connection: int
    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Script = Answer | Callable[[Request], Answer]


def reply(status: int = 201, body: bytes = b"", *headers: str, end: End = End.KEEP) -> Answer:
    """A whole answer, as AT's server writes it."""
    lines = [f"HTTP/1.1 {status} Because", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return Answer("\r\n".join([*lines, "", ""]).encode() + body, end)


class ScriptedServer:
    """Gives its answers in order, the last one for ever; remembers what was asked on which connection.

    `greeting` is said to every connection at once, before anything is read. A `late` server holds its port and
    refuses every connection until `listen` is called.
    """

    def __init__(self, *answers: Script, greeting: Answer | None = None, late: bool = False) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._answers = list(answers)
        self._greeting = greeting
        self._lock = threading.Lock()
        self._late = late
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._open: dict[int, socket.socket] = {}
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def listen(self) -> None:
        self._listener.listen(64)
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()

    def interject(self, connection: int, data: bytes) -> None:
        """Say something that nobody asked for."""
        with self._lock:
            self._open[connection].sendall(data)

    def __enter__(self) -> Self:
        if not self._late:
            self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._threads[0].join(PATIENCE)
        self._listener.close()
        with self._lock:
            for each in self._open.values():
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            self.connections += 1
            with self._lock:
                self._open[self.connections] = connection
            thread = threading.Thread(target=self._serve, args=(connection, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with contextlib.suppress(OSError):
                self._talk(connection, number)
        finally:
            with self._lock:
                del self._open[number]
            connection.close()

    def _talk(self, connection: socket.socket, number: int) -> None:
        if self._greeting is not None and self._say(connection, self._greeting) is not End.KEEP:
            return
        for request in _requests(connection, number):
            with self._lock:
                self.requests.append(request)
                script = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if self._say(connection, script if isinstance(script, Answer) else script(request)) is not End.KEEP:
                return

    def _say(self, connection: socket.socket, answer: Answer) -> End:
        connection.sendall(answer.data)
        if answer.end is End.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.end is End.SILENCE:
            while connection.recv(65_536):
                pass
        return answer.end


Serve = Callable[..., ScriptedServer]
"""Starts a server; see the fixture `serve`."""


def _requests(connection: socket.socket, number: int) -> Iterator[Request]:
    buffered = b""
    while True:
        while b"\r\n\r\n" not in buffered:
            if not (more := connection.recv(65_536)):
                return
            buffered += more
        head, _, buffered = buffered.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(buffered) < length:
            if not (more := connection.recv(65_536)):
                return
            buffered += more
        body, buffered = buffered[:length], buffered[length:]
        yield Request(number, method, target, headers, body)


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a server that never accepts and whose queue is full: the kernel drops every further SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(16):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue of this system's loopback has no end")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
