"""Claim, submit, record, again: woken by new work, with the clock as a backstop."""

import asyncio
import time
from contextlib import suppress
from typing import Final

import structlog

from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import sending
from ujumbe.flows.sending import Call
from ujumbe.runtime import Runtime
from ujumbe.store import messages

IN_FLIGHT: Final = 16
"""Calls at a time; each carries up to a thousand numbers."""
POLL_SECONDS: Final = 1.0
"""How soon we see what another process put into the outbox (`ujumbe send` beside the service)."""
REFUSED_SECONDS: Final = 1.0

log = structlog.get_logger()


async def run(runtime: Runtime) -> None:
    """Send what is due until the runtime stops; calls under way are left to the runtime's own end."""
    under_way: set[asyncio.Task[None]] = set()
    runtime.working = True
    try:
        while not runtime.stopping.is_set():
            runtime.outbox.clear()
            free = IN_FLIGHT - len(under_way)
            calls = await _claim(runtime, free) if free else []
            for call in calls:
                task = runtime.start(_submit(runtime, call))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: runtime.outbox.set())
            if not calls:
                await _rest(runtime, full=not free)
    finally:
        runtime.working = False


async def _claim(runtime: Runtime, free: int) -> list[Call]:
    try:
        return await runtime.db.write(sending.claim, runtime.account, free)
    except StoreUnavailableError as error:
        log.warning("the outbox cannot be read now", why=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(runtime.stopping.wait(), REFUSED_SECONDS)
        return []


async def _submit(runtime: Runtime, call: Call) -> None:
    with suppress(ProviderError):  # recorded and logged where it happened
        await sending.submit(runtime.db, runtime.client, call)


async def _rest(runtime: Runtime, *, full: bool) -> None:
    """Wait for new work or a free place, the next message's time, or the backstop, whichever comes first."""
    seconds = POLL_SECONDS
    if not full:
        with suppress(StoreUnavailableError):
            due = await runtime.db.read(messages.next_due, runtime.account)
            if due is not None:
                seconds = min(max(due / 1000 - time.time(), 0.01), POLL_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.outbox.wait(), seconds)
