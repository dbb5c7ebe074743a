"""Claim, submit, record, again: woken by new work, with the clock as a backstop."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from ujumbe.africastalking.errors import ProviderError, Taken
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.pause import Pause
from ujumbe.flows import claiming, pausing, sending
from ujumbe.flows.claiming import Call, Claimed
from ujumbe.runtime import Runtime
from ujumbe.worker.throttle import Throttle

POLL_SECONDS: Final = 0.5
"""The backstop, and how soon we see what another process (`ujumbe send`) put into a SQLite outbox."""
SHORTEST_SECONDS: Final = 0.005
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
    runtime.outbox.clear()
    places, room = runtime.limits.calls - len(under_way), throttle.room()
    if places <= 0 or room <= 0:
        await _woken(runtime, POLL_SECONDS)
        return
    limits = replace(runtime.limits, calls=places, numbers=min(room, claiming.LOOK_AHEAD))
    claimed = await runtime.db.write(claiming.claim, runtime.account, limits)
    for call in claimed.calls:
        throttle.begin(len(call.messages))
        task = runtime.start(_submit(runtime, throttle, call))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        task.add_done_callback(lambda _: runtime.outbox.set())
    if claimed.health.pause is not Pause.NONE:
        throttle.restart()
        await _paused(runtime, claimed.health.pause, claimed.health.note)
        return
    if runtime.paused is not Pause.NONE:
        log.info("sending goes on")
        runtime.paused = Pause.NONE
    if not claimed.calls and not claimed.more:
        await _rest(runtime, claimed)


async def _submit(runtime: Runtime, throttle: Throttle, call: Call) -> None:
    taken = Taken.MAYBE
    try:
        await sending.submit(runtime.record, runtime.client, call)
        taken = Taken.ANSWERED
    except ProviderError as error:  # recorded and logged where it happened
        taken = error.taken
        if error.http_status == 429:
            throttle.restart()
    finally:
        throttle.end(len(call.messages), taken)


async def _paused(runtime: Runtime, held_by: Pause, note: str) -> None:
    """Ask AT something harmless when it is time, as one of all workers; its answer may let the account go on."""
    if runtime.paused is not held_by:
        # What somebody wrote who paused it is a person's text, and stays out of the log.
        log.error("sending is paused", kind=held_by, why="" if held_by is Pause.OPERATOR else note)
        runtime.paused = held_by
    health = await runtime.db.write(pausing.take_probe, runtime.account)
    if health is None:
        await _woken(runtime, POLL_SECONDS)
        return
    try:
        answer = await runtime.client.fetch_balance()
    except ProviderError as error:
        log.warning("a probe failed", why=str(error))
        await runtime.db.write(pausing.probed, runtime.account, health.pause, error)
    else:
        runtime.balance.told(answer)
        await runtime.db.write(pausing.probed, runtime.account, health.pause, answer)


async def _rest(runtime: Runtime, claimed: Claimed) -> None:
    """Wait for new work or a free place, the next message's time, or the backstop, whichever comes first."""
    wait_ms = await runtime.db.read(sending.wait_ms, runtime.account)
    soonest = [each for each in (wait_ms, claimed.again_ms) if each is not None and each > 0]
    if claimed.again_ms is None and wait_ms is not None and wait_ms <= 0:
        soonest = [0]  # it fell due since, or another worker has it under lock
    seconds = min([each / 1000 for each in soonest], default=POLL_SECONDS)
    await _woken(runtime, min(max(seconds, SHORTEST_SECONDS), POLL_SECONDS))


async def _woken(runtime: Runtime, seconds: float) -> None:
    """Wait until somebody says that there may be something to do, or for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.outbox.wait(), seconds)


async def _stopped(runtime: Runtime, seconds: float) -> None:
    """Wait so long, or until the end begins."""
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.stopping.wait(), seconds)
