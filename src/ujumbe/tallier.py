"""Keeps the tallies (store/tallies.py) true while a process serves pages, with a small share of the machine's time."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import tallying
from ujumbe.store import tallies
from ujumbe.store.database import Database
from ujumbe.store.tallies import Hour, Turn

LOOK_SECONDS: Final = 1.0
"""Between two looks whether something has happened."""
SHARE: Final = 40
"""Times as long as a piece of an hour took to count, nothing is counted afterwards: an hour of a million texts costs
2 s of a core within 80 s, never much at a time."""
PAST_SHARE: Final = 4
"""The same for a past that was never counted: that is done once, and its numbers are not there until then."""
LONGEST_REST_SECONDS: Final = 60.0
"""Shorter than a turn is leased for."""
UNSETTLED_SECONDS: Final = 60.0
"""Hours in which something waits are counted again so often, whether or not something happened."""
PAST_HOURS: Final = 48
"""Of the past that was never counted, so many a turn, the newest first."""
TROUBLE_SECONDS: Final = 5.0

log = structlog.get_logger()


class Tallier:
    """The counting for one account. Several processes may have one: they take turns."""

    def __init__(self, db: Database, account: int) -> None:
        self._db = db
        self._account = account
        self._task: asyncio.Task[None] | None = None
        self._free_at = 0.0
        self._unsettled_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; a step under way is finished by the database."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            rest = LOOK_SECONDS
            try:
                await self.turn()
            except StoreUnavailableError as error:
                log.warning("counting has to wait for the database", why=str(error))
                rest = TROUBLE_SECONDS
            except Exception:
                log.exception("counting broke; it goes on")
                rest = TROUBLE_SECONDS
            await asyncio.sleep(rest)

    async def turn(self) -> bool:
        """Count what has changed, and a piece of a past that was never counted; whether there was anything to do."""
        again = time.monotonic() >= self._unsettled_at
        hours = set(await self._db.read(tallies.unsettled, self._account)) if again else set()
        if not hours and not await self._db.read(tallying.due, self._account):
            return False
        turn = await self._db.write(tallying.begin, self._account, alone=not self._db.several)
        if turn is None:
            return False
        if again:
            self._unsettled_at = time.monotonic() + UNSETTLED_SECONDS
        position = turn.position
        while True:
            more, seen = await self._db.read(tallies.changed, self._account, position)
            hours |= more
            if seen == position:
                break
            position = seen
        if await self._count(turn, sorted(hours, reverse=True), SHARE):
            await self._past(turn._replace(position=position))
        return True

    async def _past(self, turn: Turn) -> None:
        """Count some of what was never counted, and end the turn."""
        oldest = await self._db.read(tallies.oldest)
        back_to = max(min(turn.back_to, oldest), turn.back_to - PAST_HOURS)
        if await self._count(turn, range(turn.back_to - 1, back_to - 1, -1), PAST_SHARE):
            await self._db.write(tallies.finish, self._account, turn._replace(back_to=back_to))

    async def _count(self, turn: Turn, hours: Sequence[int], share: int) -> bool:
        """Count these hours, and rest `share` times as long after each piece; False where another has taken over."""
        for hour in hours:
            counted, first = Hour(hour), None
            while True:
                await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
                began = time.monotonic()
                piece, first = await self._db.read(tallies.count, self._account, hour, first)
                counted.add(piece)
                if first is None:
                    ours = await self._db.write(tallies.keep, self._account, turn, counted)
                else:
                    ours = await self._db.write(tallies.hold, self._account, turn)
                took = time.monotonic() - began
                self._free_at = time.monotonic() + min(share * took, LONGEST_REST_SECONDS)
                if not ours:
                    return False
                if first is None:
                    break
        return True
