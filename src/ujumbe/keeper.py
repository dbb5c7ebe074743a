"""Does the upkeep while a process lives: each step in its own time, one process at a time."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import upkeep
from ujumbe.settings import Settings
from ujumbe.store.database import Database, Tx

TURN_SECONDS: Final = 3.0
"""Leases that ran out and reports that wait are looked at so often."""
SELDOM: Final = 5
"""Turns between two looks at what has hours: expiry of what nobody claims, overdue reports, retention."""

T = TypeVar("T")
log = structlog.get_logger()


class Keeper:
    """The upkeep of one account. Several processes may have one; a lock lets one of them work at a time."""

    def __init__(self, db: Database, account: int, settings: Settings) -> None:
        self._db = db
        self._account = account
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._quiet_after = 0

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
                await self._often()
                if turn % SELDOM == 0:
                    await self._seldom()
            except StoreUnavailableError as error:
                log.warning("upkeep has to wait for the database", why=str(error))
            except Exception:
                log.exception("upkeep broke; it goes on")

    async def _often(self) -> None:
        while abandoned := await self._step(upkeep.settle_abandoned, self._account, all_owners_dead=False):
            log.warning("the lease of calls ran out; their messages are uncertain", calls=abandoned)
        await self._step(upkeep.join_reports, self._account, infer=self._settings.infer_reports)

    async def _seldom(self) -> None:
        await self._step(upkeep.expire, self._account)
        after = await self._step(upkeep.note_overdue, self._account, self._quiet_after)
        self._quiet_after = after or 0
        await self._step(upkeep.quarantine, self._account)
        await self._step(upkeep.forget, self._settings.keep_callbacks_days)

    async def _step(self, step: Callable[..., T], *args: Any, **kwargs: Any) -> T | None:
        """Run a step, unless another process is at it."""

        def alone(tx: Tx) -> T | None:
            return step(tx, *args, **kwargs) if tx.try_lock(f"upkeep {self._account}") else None

        return await self._db.write(alone)
