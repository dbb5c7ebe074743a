"""A real uvicorn in a thread, and what our service is to AT: a receiver of its callbacks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl

import uvicorn

T = TypeVar("T")

KEY = {"apiKey": "local", "Accept": "application/json"}


def until(found: Callable[[], T], seconds: float = 10) -> T:
    """Ask again until the answer is true; fails with the last answer when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(0.01)


class Served:
    """An ASGI app under uvicorn in a thread, on a port of the system's choice."""

    def __init__(self, app: Any, http: str = "httptools") -> None:
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="error",
            http=http,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()


@dataclass
class Call:
    """One callback as it was received."""

    path: str
    query: dict[str, list[str]]
    body: bytes
    content_type: str
    answered: int
    at: float = field(default_factory=time.monotonic)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


class Receiver:
    """What our service is to AT: remembers each callback and answers as `answer` says."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer: Callable[[str], int] = lambda path: 200
        self.hold = threading.Event()
        self.held_paths: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        while scope["path"] in self.held_paths and not self.hold.is_set():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.01)
        status = self.answer(scope["path"])
        content_type = dict(scope["headers"]).get(b"content-type", b"").decode()
        query = parse_qs(scope["query_string"].decode())
        self.calls.append(Call(scope["path"], query, body, content_type, status))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"OK"})

    def on(self, path: str) -> list[dict[str, str]]:
        return [call.form for call in list(self.calls) if call.path == path]

    @property
    def reports(self) -> list[dict[str, str]]:
        return self.on("/sms/delivery-reports")

    def clear(self) -> None:
        self.calls.clear()
        self.answer = lambda path: 200
        self.held_paths = set()
        self.hold.clear()
