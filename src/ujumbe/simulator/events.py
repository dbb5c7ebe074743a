"""What happened, as server-sent events for the page and for whoever else watches."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from ujumbe.simulator.exchange import Receive, Send
from ujumbe.simulator.store import now_ms

KEPT = 5000
"""Events kept for a reader that comes back; one that missed more is told `resync`."""

STREAM_SECONDS = 300
"""A stream ends after this long and the browser comes back by itself, so none holds up a server for ever."""

Data = Callable[[], dict[str, Any]]


class Events:
    """The latest events, in memory only: a reader that missed some can read the state itself again.

    Ids start from the clock, so they also rise from one process to the next.
    Data are functions, run only for events that somebody reads: a send of 1,000 must not pay for an empty room.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[int, str, Data]] = deque(maxlen=KEPT)
        self._last = now_ms() * 1000
        self._changed = asyncio.Event()
        self._closed = False

    def publish(self, name: str, data: Data) -> None:
        """Add an event."""
        self._last += 1
        self._kept.append((self._last, name, data))
        self._changed.set()

    def close(self) -> None:
        """End all streams; later ones end at once."""
        self._closed = True
        self._changed.set()

    def after(self, seen: int) -> tuple[int, bytes]:
        """Return the last id and the frames that follow `seen`, with `resync` where some are gone."""
        if seen == self._last:
            return seen, b""
        oldest = self._kept[0][0] if self._kept else self._last + 1
        if not oldest - 1 <= seen <= self._last:
            return self._last, _frame(self._last, "resync", {})
        frames = (_frame(number, name, data()) for number, name, data in self._kept if number > seen)
        return self._last, b"".join(frames)

    async def stream(self, last_event_id: str | None, receive: Receive, send: Send) -> None:
        """Send events until the reader leaves, the simulator stops or `STREAM_SECONDS` have passed."""
        seen = self._last
        if last_event_id is not None and last_event_id.isdecimal() and len(last_event_id) < 20:
            seen = int(last_event_id)
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
        loop = asyncio.get_running_loop()
        end = loop.time() + STREAM_SECONDS
        gone = asyncio.create_task(_until_gone(receive))
        try:
            while not gone.done() and not self._closed and loop.time() < end:
                seen, frames = self.after(seen)
                if not frames:
                    self._changed.clear()
                    changed = asyncio.create_task(self._changed.wait())
                    await asyncio.wait({gone, changed}, timeout=15, return_when=asyncio.FIRST_COMPLETED)
                    changed.cancel()
                    # A burst goes out as one write.
                    await asyncio.sleep(0.02)
                    seen, frames = self.after(seen)
                await send({"type": "http.response.body", "body": frames or b":\n\n", "more_body": True})
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


def _frame(number: int, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
