"""A provider that costs next to nothing: answers sends as AT does, and counts them. `python -m benchmarks.stub`

It must be faster than all that is measured against it (the report shows by how much), so it is one bare protocol that
knows just the requests that our client and AT's SDK make.

    POST /version1/messaging, GET /version1/user    as AT
    POST /control                                   `hold=1` keeps answers back, `hold=0` gives them all;
                                                    `latency_ms=50` delays each; `reset=1` counts anew
    GET  /stats, /arrivals                          what came, and when (CLOCK_MONOTONIC, the same in all processes)
"""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, unquote_to_bytes

import uvloop

from benchmarks.load import length_of

RECIPIENT = '{"cost":"KES 0.8000","messageId":"ATXid_%s%016x","number":"%s","status":"Success","statusCode":101}'
REPLY = '{"SMSMessageData":{"Message":"Sent to %d/%d Total Cost: KES %.4f Message parts: 1","Recipients":[%s]}}'
BALANCE = b'{"UserData":{"balance":"KES 1000000.0000"}}'
HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@dataclass
class Provider:
    """What the stub knows: its knobs and what it has seen."""

    hold: bool = False
    latency: float = 0.0
    calls: int = 0
    messages: int = 0
    first: float | None = None
    last: float | None = None
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    """For each call when it came, and how many messages had come by then, its own included."""
    held: list[partial[None]] = field(default_factory=list)
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    issued: int = 0

    def take(self, body: bytes) -> bytes:
        """Count a send, and AT's answer to it."""
        begin = 0 if body.startswith(b"to=") else body.index(b"&to=") + 1
        end = body.find(b"&", begin)
        value = body[begin + 3 : end if end >= 0 else len(body)].replace(b"%2B", b"+").replace(b"%2C", b",")
        numbers = (unquote_to_bytes(value) if b"%" in value else value).decode("ascii").split(",")
        now, count, run, issued = time.monotonic(), len(numbers), self.run, self.issued
        self.calls += 1
        self.messages += count
        self.issued += count
        self.first = now if self.first is None else self.first
        self.last = now
        self.arrivals.append((now, self.messages))
        rows = ",".join([RECIPIENT % (run, issued + place, number) for place, number in enumerate(numbers)])
        return (REPLY % (count, count, 0.8 * count, rows)).encode("ascii")

    def control(self, body: bytes) -> None:
        """Turn the knobs that the form names."""
        for name, (value, *_) in parse_qs(body.decode("ascii")).items():
            if name == "latency_ms":
                self.latency = float(value) / 1000
            elif name == "reset" and value == "1":
                self.calls = self.messages = 0
                self.first = self.last = None
                self.arrivals.clear()
            elif name == "hold":
                self.hold = value == "1"
        if not self.hold:
            held, self.held = self.held, []
            for write in held:
                write()

    def stats(self) -> bytes:
        """The counts as JSON."""
        return json.dumps(
            {
                "calls": self.calls,
                "messages": self.messages,
                "held": len(self.held),
                "first": self.first,
                "last": self.last,
            }
        ).encode("ascii")


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and Content-Length; one request at a time, as our client and `requests` do."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = b""
        self._need = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # asyncio gives what we asked for: a stream
        # Narrower than asyncio's, which hands over any transport.
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._need:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._need = end + 4 + length_of(self._buffer[:end])
        if len(self._buffer) < self._need:
            return
        request, self._buffer, self._need = self._buffer, b"", 0
        head, _, body = request.partition(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        self._answer(method, target, body)

    def _answer(self, method: bytes, target: bytes, body: bytes) -> None:
        provider = self._provider
        if target == b"/version1/messaging" and method == b"POST":
            reply = provider.take(body)
            write = partial(self._write, b"201 Created", reply)
            if provider.hold:
                provider.held.append(write)
            elif provider.latency:
                asyncio.get_running_loop().call_later(provider.latency, write)
            else:
                write()
        elif target.startswith(b"/version1/user?") and method == b"GET":
            self._write(b"200 OK", BALANCE)
        elif target == b"/control" and method == b"POST":
            provider.control(body)
            self._write(b"200 OK", b"{}")
        elif target == b"/stats":
            self._write(b"200 OK", provider.stats())
        elif target == b"/arrivals":
            self._write(b"200 OK", json.dumps(provider.arrivals).encode("ascii"))
        else:
            self._write(b"404 Not Found", b"{}")

    def _write(self, status: bytes, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(HEAD % (status, len(body)) + body)


async def main() -> None:
    """Serve on a free port of loopback until killed."""
    provider = Provider()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(provider), "127.0.0.1", 0, backlog=2048)
    print("http://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
