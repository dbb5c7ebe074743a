"""Callbacks to the service: kept until answered 200, tried again, each kind in its own lane."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp

from ujumbe.simulator.config import RETRY_BOUND, SimulatorConfig
from ujumbe.simulator.events import Events
from ujumbe.simulator.store import Store, now_ms, rfc3339

# Kind, which is also the path below the base → callbacks of that kind in flight at once. The receiver's four
# routes get a lane each, so that one that hangs delays none of the others.
LANES = {"delivery-reports": 32, "twoway": 8, "opt-out": 4, "subscription": 4}

ANSWER_SECONDS = 30
"""AT's own patience is not published (assumed)."""

FLUSH_SECONDS = 0.02
"""Results are written together this often; what a kill loses of them is called once more, which AT may do too."""


BUSY_AGAIN_SECONDS = 0.5
"""After the simulator's file refused, e.g. because somebody looks into it with a lock."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Callback:
    """A claimed callback, and how its latest try ended."""

    id: int
    kind: str
    body: str
    tries: int
    epoch: int
    answer: int | None = None
    error: str | None = None

    @property
    def given_up(self) -> bool:
        """Whether this try was the last one, in vain."""
        return self.answer != 200 and self.tries >= RETRY_BOUND

    def as_event(self, at: int) -> dict[str, Any]:
        """Return what the page shows of it; the number comes from the body."""
        fields = dict(parse_qsl(self.body))
        return {
            "kind": self.kind,
            "number": fields.get("phoneNumber") or fields.get("from"),
            "message_id": fields.get("id"),
            "status": fields.get("status"),
            "failure_reason": fields.get("failureReason"),
            "answer": self.answer,
            "error": self.error,
            "tries": self.tries,
            "given_up": self.given_up,
            "at": rfc3339(at),
        }


class Callbacks:
    """The way out. `add` belongs into the transaction that made the callback; `wake` after its commit."""

    def __init__(self, config: SimulatorConfig, store: Store, events: Events) -> None:
        self._config = config
        self._store = store
        self._events = events
        self._base = config.callbacks.rstrip("/")
        self._suffix = f"?{urlencode({'token': config.callback_token})}" if config.callback_token else ""
        self._wakers = {kind: asyncio.Event() for kind in LANES}
        self._queues: dict[str, asyncio.Queue[Callback]] = {kind: asyncio.Queue(width) for kind, width in LANES.items()}
        self._done: list[Callback] = []
        self._flushing: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._last: tuple[Callback, int] | None = None
        # Rises with each reset, so that what was claimed before one is not called after it.
        self._epoch = 0

    @property
    def wanted(self) -> bool:
        """Whether anybody is to be called at all."""
        return bool(self._base)

    @property
    def last(self) -> dict[str, Any] | None:
        """The latest try of this process: `kind`, the HTTP `status` or null, `error`, `tries`, `at`."""
        if self._last is None:
            return None
        callback, at = self._last
        return {
            "kind": callback.kind,
            "status": callback.answer,
            "error": callback.error,
            "tries": callback.tries,
            "at": rfc3339(at),
        }

    def add(self, kind: str, due: Iterable[tuple[int, str]]) -> None:
        """Keep callbacks, each with the epoch milliseconds it is due at and its form body."""
        if self.wanted:
            rows = ((kind, at, body) for at, body in due)
            self._store.run_many("INSERT INTO callbacks (kind, due, body) VALUES (?, ?, ?)", rows)

    def wake(self, kind: str) -> None:
        """Look for due callbacks of a kind now."""
        self._wakers[kind].set()

    def waiting(self) -> int:
        """Count the callbacks that were not answered 200 yet."""
        found = self._store.row("SELECT count(*) FROM callbacks")
        return int(found[0]) if found else 0

    def start(self) -> None:
        """Go on with what is kept; needs a running loop."""
        if not self.wanted:
            return
        self._store.run("UPDATE callbacks SET claimed = 0 WHERE claimed = 1")
        # Idle connections are dropped before a server does so after five seconds: a callback sent into one that
        # is just being closed would wait for its next try.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        for kind, width in LANES.items():
            self._tasks.append(asyncio.create_task(self._feed(kind, width)))
            self._tasks += [asyncio.create_task(self._call(self._session, self._queues[kind])) for _ in range(width)]

    async def stop(self) -> None:
        """Stop calling; what is in flight is called again by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._flush()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def forget(self) -> None:
        """Drop what was claimed and not called yet, after a reset emptied the table."""
        self._last = None
        self._epoch += 1

    async def _feed(self, kind: str, width: int) -> None:
        queue, waker = self._queues[kind], self._wakers[kind]
        while True:
            waker.clear()
            try:
                # `put` below waits until a worker is free, so at most this many are claimed and idle.
                for callback in self._claim(kind, 4 * width):
                    await queue.put(callback)
                next_due = self._next_due(kind)
            except sqlite3.Error as error:
                log.warning("callbacks wait for the simulator's file: %s", error)
                await asyncio.sleep(BUSY_AGAIN_SECONDS)
                continue
            pause = None if next_due is None else (next_due - now_ms()) / 1000
            if pause is None or pause > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await waker.wait()

    def _claim(self, kind: str, most: int) -> list[Callback]:
        rows = self._store.rows(
            """UPDATE callbacks SET claimed = 1, tries = tries + 1 WHERE id IN (
                   SELECT id FROM callbacks WHERE kind = ? AND claimed = 0 AND due <= ? ORDER BY due, id LIMIT ?)
               RETURNING id, kind, body, tries, due""",
            kind, now_ms(), most,
        )  # fmt: skip
        # RETURNING promises no order.
        return [
            Callback(row[0], row[1], row[2], row[3], self._epoch)
            for row in sorted(rows, key=lambda row: (row[4], row[0]))
        ]

    def _next_due(self, kind: str) -> int | None:
        found = self._store.row("SELECT min(due) FROM callbacks WHERE kind = ? AND claimed = 0", kind)
        return None if found is None else found[0]

    async def _call(self, session: aiohttp.ClientSession, queue: asyncio.Queue[Callback]) -> None:
        while True:
            callback = await queue.get()
            if callback.epoch != self._epoch:
                continue
            await self._try(session, callback)
            self._done.append(callback)
            if self._flushing is None:
                self._flushing = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    async def _try(self, session: aiohttp.ClientSession, callback: Callback) -> None:
        url = f"{self._base}/{callback.kind}{self._suffix}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with session.post(
                url, data=callback.body.encode(), headers=headers, allow_redirects=False
            ) as response:
                # The body means nothing to AT; reading a small one lets the connection be used again.
                await response.content.read(4096)
                callback.answer = response.status
        except TimeoutError:
            callback.error = f"no answer within {ANSWER_SECONDS} s"
        except aiohttp.ClientConnectorError:
            callback.error = "nobody listens there"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            callback.error = type(error).__name__
        at = now_ms()
        self._last = (callback, at)
        self._events.publish("callback", lambda: callback.as_event(at))

    def _flush(self) -> None:
        """Write the results of the latest tries: gone when answered 200 or given up, due again otherwise."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        done = self._done
        if not done:
            return
        again_at = now_ms() + int(self._config.retry_seconds * 1000)
        again = [callback for callback in done if callback.answer != 200 and not callback.given_up]
        again_ids = {callback.id for callback in again}
        try:
            with self._store.transaction():
                ended = ((callback.id,) for callback in done if callback.id not in again_ids)
                self._store.run_many("DELETE FROM callbacks WHERE id = ?", ended)
                rows = ((again_at, callback.id) for callback in again)
                self._store.run_many("UPDATE callbacks SET due = ?, claimed = 0 WHERE id = ?", rows)
        except sqlite3.Error as error:
            log.warning("results of callbacks wait for the simulator's file: %s", error)
            self._flushing = asyncio.get_running_loop().call_later(BUSY_AGAIN_SECONDS, self._flush)
            return
        self._done = self._done[len(done) :]
        for kind in {callback.kind for callback in again}:
            self.wake(kind)
