"""A closed loop of HTTP requests over kept connections, of ready bytes so that the server is what is slow."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

PATIENCE_SECONDS = 60
"""How long answers may take beyond the time of the run, before it is given up."""


class UnexpectedAnswerError(Exception):
    """The server answered otherwise than it should, or not at all: there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run came to. `p50` and `p99` are milliseconds; `busy` is the part of the time that the load itself worked.

    Near 1 it is the load that was slow, and the server may be faster than the figures say.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    busy: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """One request as bytes; `content_type` and the like become `content-type`."""
    lines = [f"{method} {target} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def json_post(target: str, document: object, key: str, **headers: str) -> bytes:
    """A POST of JSON with an API key."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return request("POST", target, body, authorization=f"Bearer {key}", content_type="application/json", **headers)


def run(url: str, requests: Iterable[bytes], *, connections: int, expect: int, seconds: float = 3600) -> Load:
    """Send `requests` as fast as `connections` in a closed loop can, until they or the `seconds` are used up.

    Raises `UnexpectedAnswerError` with the body at the first answer with another status than `expect`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(url, _Plan(iter(requests), expect, seconds), connections))


async def _run(url: str, plan: "_Plan", connections: int) -> Load:
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    at = address.hostname, address.port
    made = [await loop.create_connection(lambda: _Connection(plan), *at) for _ in range(connections)]
    begin, worked = plan.begin(), time.process_time()
    for _, connection in made:
        connection.next()
    try:
        async with asyncio.timeout(min(plan.seconds, 600) + PATIENCE_SECONDS):
            await asyncio.gather(*(connection.done for _, connection in made))
    finally:
        for transport, _ in made:
            transport.close()
    worked = time.process_time() - worked
    taken = sorted(plan.taken)
    assert taken, "there was nothing to send"
    percentiles = statistics.quantiles(taken, n=100) if len(taken) > 1 else taken * 99
    seconds = plan.last - begin
    return Load(len(taken), seconds, percentiles[49] * 1000, percentiles[98] * 1000, worked / seconds)


@dataclass
class _Plan:
    """What the connections of one run share."""

    requests: Iterator[bytes]
    expect: int
    seconds: float
    until: float = 0.0
    last: float = 0.0
    taken: list[float] = field(default_factory=list)

    def begin(self) -> float:
        """Start the clock."""
        now = time.perf_counter()
        self.until = now + self.seconds
        return now

    def take(self, now: float) -> bytes | None:
        """The next request, or None at the end."""
        return next(self.requests, None) if now < self.until else None


class _Connection(asyncio.Protocol):
    """One connection that sends the next request when it has the answer to the last."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._buffer = bytearray()
        self._need = 0
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # asyncio gives what we asked for: a stream
        # Narrower than asyncio's, which hands over any transport.
        self._transport = transport

    def next(self) -> None:
        """Send the next request, or be done."""
        now = time.perf_counter()
        following = self._plan.take(now)
        if following is None:
            self.done.set_result(None)
            return
        self._sent = now
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._need = end + 4 + length_of(self._buffer[:end])
        if len(self._buffer) < self._need or self.done.done():
            return
        now = time.perf_counter()
        if int(self._buffer[9:12]) != self._plan.expect:
            self.done.set_exception(UnexpectedAnswerError(self._buffer[:2000].decode("utf-8", "replace")))
            return
        self._plan.taken.append(now - self._sent)
        self._plan.last = now
        self._buffer.clear()
        self._need = 0
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(UnexpectedAnswerError(f"the server closed the connection ({exc})"))


def length_of(head: bytes | bytearray) -> int:
    """What Content-Length says; 0 where it is absent. Bodies in chunks are nobody's here."""
    lower = head.lower()
    if b"\r\ntransfer-encoding:" in lower:
        raise UnexpectedAnswerError("a body in chunks")
    at = lower.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lower[at + 17 :].split(b"\r", 1)[0])
