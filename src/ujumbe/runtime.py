"""The live resources of one process, opened in order and closed in reverse. No globals: it is handed on."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import structlog

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.domain.errors import StoreUnavailableError, UjumbeError
from ujumbe.flows import upkeep
from ujumbe.settings import Settings
from ujumbe.store import accounts
from ujumbe.store.lock import FileLock, Holder
from ujumbe.store.sqlite import Database

DRAIN_SECONDS: Final = 45.0
"""At the end we wait for calls under way: a call takes at most 40 s, recording usually a moment."""
UPKEEP_SECONDS: Final = 15.0

SIMULATOR_HOST: Final = "simulator"
"""The account's host in `ujumbe dev`, whose port may differ each time."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True)
class Runtime:
    """What every request and job works with."""

    settings: Settings
    db: Database
    client: AfricasTalking
    account: int
    keyless: bool
    """Whether requests need no API key: only in `ujumbe dev`, on loopback."""
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be something to send."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    keys_in_flight: set[tuple[int, str]] = field(default_factory=set)
    """Idempotency keys of requests that are being answered: (API key's id, key)."""
    working: bool = False
    """Whether a worker of this process is taking up messages."""

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` to its end even if its caller goes away; the end of the process waits for it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self) -> None:
        """Tell the worker to take up nothing more."""
        self.stopping.set()
        self.outbox.set()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, UjumbeError):
            log.error("work that was under way broke", exc_info=error)


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, url: str, upgrade: bool = False, keyless: bool = False, account_host: str = ""
) -> AsyncIterator[Runtime]:
    """Open everything that a service or a worker needs, as the only one on this SQLite file.

    `url` tells others where we are; `account_host` names the account's host where it is not the client's own.
    Raises `DatabaseInUseError`, `MigrationError`, `SettingsError` or `StoreUnavailableError`.
    """
    settings.require("at_username", "at_api_key")
    async with AsyncExitStack() as stack:
        client = AfricasTalking(
            settings.at_username, settings.at_api_key.get_secret_value(), api_url=settings.at_api_url
        )
        host = account_host or client.api_base
        lock = FileLock(settings.database_path)
        lock.acquire(Holder(os.getpid(), url, settings.at_username, host, settings.at_sender_id, settings.at_shortcode))
        stack.callback(lock.release)
        db = await Database.open(settings.database_path, upgrade=upgrade, sole=True)
        stack.push_async_callback(db.close)
        await stack.enter_async_context(client)
        account = await db.write(accounts.ensure, settings.at_username, host)
        # We hold the lock, so whoever left a call open is dead.
        abandoned = await db.write(upkeep.settle_abandoned, account, all_owners_dead=True)
        if abandoned:
            log.warning("calls of an earlier run have no recorded end; their messages are uncertain", calls=abandoned)
        runtime = Runtime(settings, db, client, account, keyless)
        stack.push_async_callback(_drain, runtime)
        keeper = asyncio.create_task(_keep_up(runtime))
        stack.push_async_callback(_cancel, keeper)
        try:
            yield runtime
        finally:
            runtime.stop()


async def _keep_up(runtime: Runtime) -> None:
    """Now and then settle what outlived its lease and expire what waited too long."""
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        try:
            await runtime.db.write(upkeep.settle_abandoned, runtime.account, all_owners_dead=False)
            await runtime.db.write(upkeep.expire, runtime.account)
        except StoreUnavailableError as error:
            log.warning("upkeep has to wait for the database", why=str(error))
        except Exception:
            log.exception("upkeep broke; it goes on")


async def _drain(runtime: Runtime) -> None:
    if runtime.tasks:
        log.info("waiting for calls under way", calls=len(runtime.tasks))
        await asyncio.wait(runtime.tasks, timeout=DRAIN_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
