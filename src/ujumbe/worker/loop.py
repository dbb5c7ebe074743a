"""Claim, submit, record, again: woken by new work, with the clock as a backstop."""

import asyncio
import time
from contextlib import suppress
from typing import Final

import structlog

from ujumbe.africastalking.errors import CredentialsError, ProviderError, Taken
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import sending
from ujumbe.flows.sending import Call
from ujumbe.runtime import Runtime
from ujumbe.store import messages
from ujumbe.worker.throttle import Throttle

IN_FLIGHT: Final = 16
"""Calls at a time; each carries up to a thousand numbers."""
POLL_SECONDS: Final = 0.5
"""How soon we see what another process put into the outbox (`ujumbe send` beside the service)."""
TROUBLE_SECONDS: Final = 1.0

log = structlog.get_logger()


async def run(runtime: Runtime, throttle: Throttle | None = None) -> None:
    """Send what is due until the runtime stops; calls under way are left to the runtime's own end."""
    throttle = throttle or Throttle()
    under_way: set[asyncio.Task[None]] = set()
    runtime.working = True
    try:
        while not runtime.stopping.is_set():
            try:
                await _turn(runtime, throttle, under_way)
            except StoreUnavailableError as error:
                log.warning("the outbox cannot be used now", why=str(error))
                await _stopped(runtime, TROUBLE_SECONDS)
            except Exception:
                log.exception("the worker stumbled; it goes on")
                await _stopped(runtime, TROUBLE_SECONDS)
    finally:
        runtime.working = False


async def _turn(runtime: Runtime, throttle: Throttle, under_way: set[asyncio.Task[None]]) -> None:
    """Take up what there is room for, or wait for something to change."""
    if throttle.broken:
        await _probe(runtime, throttle)
        return
    runtime.outbox.clear()
    places, room = IN_FLIGHT - len(under_way), throttle.room()
    full = places <= 0 or room <= 0
    calls = [] if full else await runtime.db.write(sending.claim, runtime.account, places, room)
    for call in calls:
        throttle.begin(len(call.messages))
        task = runtime.start(_submit(runtime, throttle, call))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        task.add_done_callback(lambda _: runtime.outbox.set())
    if not calls:
        await _rest(runtime, full=full)


async def _submit(runtime: Runtime, throttle: Throttle, call: Call) -> None:
    taken = Taken.MAYBE
    try:
        await sending.submit(runtime.db, runtime.client, call)
        taken = Taken.ANSWERED
    except ProviderError as error:  # recorded and logged where it happened
        taken = error.taken
        if isinstance(error, CredentialsError):
            throttle.open(str(error))
    finally:
        throttle.end(len(call.messages), taken)


async def _probe(runtime: Runtime, throttle: Throttle) -> None:
    """Ask AT something harmless after a pause; any answer but a refusal of our credentials lets us go on."""
    pause = throttle.pause()
    log.error("sending is paused", why=throttle.broken, next_probe_seconds=pause)
    if await _stopped(runtime, pause):
        return
    try:
        await runtime.client.fetch_balance()
    except CredentialsError:
        return
    except ProviderError as error:
        if error.http_status is None or error.http_status >= 500 or error.http_status == 429:
            return
    log.info("sending goes on")
    throttle.close()


async def _rest(runtime: Runtime, *, full: bool) -> None:
    """Wait for new work or a free place, the next message's time, or the backstop, whichever comes first."""
    seconds = POLL_SECONDS
    if not full:
        due = await runtime.db.read(messages.next_due, runtime.account)
        if due is not None:
            seconds = min(max(due / 1000 - time.time(), 0.01), POLL_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.outbox.wait(), seconds)


async def _stopped(runtime: Runtime, seconds: float) -> bool:
    """Wait so long, or until the end begins; whether it has."""
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.stopping.wait(), seconds)
    return runtime.stopping.is_set()
