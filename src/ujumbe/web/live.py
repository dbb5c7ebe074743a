"""Server-sent events for open pages: that something of a kind happened. What it was, the page asks for itself.

Each stream goes by the numbers of the event log, which every process on the database shares and which survives all of
them: a browser that comes back with `Last-Event-ID`, to whichever process, misses nothing.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import structlog

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.runtime import Runtime
from ujumbe.store import events
from ujumbe.store.database import Tx
from ujumbe.web.api.events import number

LOOK_SECONDS: Final = 0.25
"""How often the log is looked at while a page is open: one indexed read, whatever the number of pages."""
REST_SECONDS: Final = 0.5
"""Between two messages of a stream: a bulk send is thousands of events, and a page follows at its own pace."""
BEAT_SECONDS: Final = 15.0
"""A stream with nothing to tell says so, or proxies would close it."""
MOST_STREAMS: Final = 500
MOST_OF_ONE: Final = 50
"""Of one person, or the others would get none. A page that nobody sees holds no stream."""
FARTHEST: Final = 10_000
"""Events that are gone through for somebody who comes back; beyond, everything counts as changed."""
EVERYTHING: Final = "*"

log = structlog.get_logger()


class Live:
    """What the streams of one process share: a look at the log, while there are any."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._streams: Counter[int | None] = Counter()
        self._seen = 0
        self._moved = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None

    def full(self, user: int | None) -> bool:
        """Whether there are as many streams as one process bears, or as one person may have."""
        return self._streams.total() >= MOST_STREAMS or self._streams[user] >= MOST_OF_ONE

    async def follow(self, user: int | None, after: int) -> AsyncIterator[str]:
        """What a stream of `user` says after the event `after`, until the service stops."""
        self._streams[user] += 1
        try:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
            yield "retry: 1000\n\n"
            last = await self._runtime.db.read(events.last)
            if after > last:  # the page is of another database, which stood here before
                after = last
                yield _message([EVERYTHING], after)
            while not self._runtime.stopping.is_set():
                if not await self._wait(after):
                    yield ": still here\n\n"
                    continue
                types, after = await self._runtime.db.read(_since, self._runtime.account, after)
                if types:
                    yield _message(types, after)
                    await asyncio.sleep(REST_SECONDS)
        except StoreUnavailableError:
            return  # the browser comes back, and asks from where it was
        finally:
            self._streams[user] -= 1
            self._streams += Counter()  # those that have none any more are forgotten

    async def _wait(self, after: int) -> bool:
        """Wait for an event above `after`; False after a while without, or when the service stops."""
        try:
            async with self._moved, asyncio.timeout(BEAT_SECONDS):
                await self._moved.wait_for(lambda: self._seen > after or self._runtime.stopping.is_set())
        except TimeoutError:
            return False
        return self._seen > after

    async def _look(self) -> None:
        """Number what was committed, and wake the streams for it, as long as there are streams."""
        runtime = self._runtime
        try:
            while self._streams and not runtime.stopping.is_set():
                last = self._seen
                try:
                    await number(runtime)
                    last = await runtime.db.read(events.last)
                except StoreUnavailableError as error:
                    log.warning("open pages wait for the database", why=str(error))
                except Exception:
                    log.exception("open pages could not be told of anything; it goes on")
                if last != self._seen:
                    async with self._moved:
                        self._seen = last
                        self._moved.notify_all()
                with suppress(TimeoutError):
                    await asyncio.wait_for(runtime.stopping.wait(), LOOK_SECONDS)
        finally:
            self._looking = None
            async with self._moved:
                self._moved.notify_all()


def _message(types: list[str], after: int) -> str:
    return f"id: {after}\ndata: {json.dumps(types)}\n\n"


def _since(tx: Tx, account: int, after: int) -> tuple[list[str], int]:
    """The types of what happened after the event `after`, and where to read on."""
    last = events.last(tx)
    if last - after > FARTHEST:
        return [EVERYTHING], last
    types: set[str] = set()
    while True:
        read = events.read(tx, account, after, FARTHEST)
        types.update(each.type for each in read.events)
        if read.seen == after:
            return sorted(types), after
        after = read.seen
