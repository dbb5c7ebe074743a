"""Does the upkeep while a process lives: each step in its own time, one process at a time."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import upkeep
from ujumbe.settings import Settings
from ujumbe.store import accounts
from ujumbe.store.clock import steady
from ujumbe.store.database import Database, Tx

TURN_SECONDS: Final = 3.0
"""Leases that ran out and reports that wait are looked at so often."""
LOCK: Final = "upkeep"
SELDOM: Final = 5
"""Turns between two looks at what has hours: expiry of what nobody claims, overdue reports, retention."""

LEAP_MS: Final = 60_000
"""How far the clock may run from our steady one between two looks; a step of more was made by somebody."""
SURE_SECONDS: Final = 3_600.0
"""How long nothing is deleted after a leap. What was deleted by a clock that was wrong is gone once it is right: a key
whose answer is forgotten sends twice."""

T = TypeVar("T")
log = structlog.get_logger()


class Keeper:
    """The upkeep of a database, for every account in it: one that is no longer used has messages that expire, too.

    Several processes may have a keeper; a lock lets one of them work at a time.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._quiet_after: dict[int, int] = {}
        self._apart: int | None = None
        """Milliseconds between the database's clock and our steady one, as they were last."""
        self._sure_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; a step under way is finished by the database."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(TURN_SECONDS)
            turn += 1
            try:
                for account in (await self._db.read(accounts.list_all)).values():
                    await self._often(account)
                    if turn % SELDOM == 0:
                        await self._seldom(account)
                if turn % SELDOM == 0 and await self.sure():
                    await self._step(upkeep.forget, self._settings.keep_callbacks_days, self._settings.keep_events_days)
            except StoreUnavailableError as error:
                log.warning("upkeep has to wait for the database", why=str(error))
            except Exception:
                log.exception("upkeep broke; it goes on")

    async def sure(self) -> bool:
        """Whether the clock has gone on evenly for long enough to delete by it."""
        apart = await self._db.read(lambda tx: tx.now) - round(1000 * steady())
        if self._apart is not None and abs(apart - self._apart) > LEAP_MS:
            self._sure_at = steady() + SURE_SECONDS
            log.warning("the clock was set; nothing is deleted for an hour", by_seconds=(apart - self._apart) // 1000)
        self._apart = apart
        return steady() >= self._sure_at

    async def _often(self, account: int) -> None:
        while abandoned := await self._step(upkeep.settle_abandoned, account, all_owners_dead=False):
            log.warning("the lease of calls ran out; their messages are uncertain", calls=abandoned)
        await self._step(upkeep.join_reports, account, infer=self._settings.infer_reports)

    async def _seldom(self, account: int) -> None:
        await self._step(upkeep.expire, account)
        await self._step(upkeep.give_up_tasks, account, all_owners_dead=False)
        after = await self._step(upkeep.note_overdue, account, self._quiet_after.get(account, 0))
        self._quiet_after[account] = after or 0
        await self._step(upkeep.quarantine, account)

    async def _step(self, step: Callable[..., T], *args: Any, **kwargs: Any) -> T | None:
        """Run a step, unless another process is at it."""

        def alone(tx: Tx) -> T | None:
            return step(tx, *args, **kwargs) if tx.try_lock(LOCK) else None

        return await self._db.write(alone)
