"""Tells the endpoints of events, in every process that sends; several share the work by leases."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from typing import Final

import structlog

from ujumbe.courier import TOTAL_SECONDS
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.webhook import Outcome
from ujumbe.flows import dispatching
from ujumbe.flows.dispatching import LEASE_MS, Answer, Endpoint, Job
from ujumbe.runtime import Runtime
from ujumbe.store import deliveries, events
from ujumbe.store.clock import steady

POLL_SECONDS: Final = 0.5
"""How soon an event is seen."""
TROUBLE_SECONDS: Final = 1.0
IN_FLIGHT: Final = 8
"""Requests at a time to one endpoint, by one process."""
WHILE_FAILING: Final = 1
"""The same while none succeeds: one at a time finds out that it is back."""

log = structlog.get_logger()


async def run(runtime: Runtime) -> None:
    """Tell the endpoints until the runtime stops; requests under way are left to the runtime's own end."""
    dispatcher, released = _Dispatcher(runtime), runtime.db.several
    while not runtime.stopping.is_set():
        try:
            if not released:  # we hold the file's lock, so whoever left a delivery open is dead
                await runtime.db.write(deliveries.release, runtime.account)
                released = True
            await dispatcher.turn()
        except StoreUnavailableError as error:
            log.warning("webhooks have to wait for the database", why=str(error))
            await _stopped(runtime, TROUBLE_SECONDS)
        except Exception:
            log.exception("the webhooks stumbled; they go on")
            await _stopped(runtime, TROUBLE_SECONDS)


class _Dispatcher:
    """What one process has under way."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._under_way = Counter[int]()
        """Requests by endpoint."""
        self._changed = asyncio.Event()

    async def turn(self) -> None:
        """Take up what there is room for, endpoint by endpoint, then wait for an end or an event."""
        self._changed.clear()
        runtime = self._runtime
        seen = await runtime.db.read(dispatching.look, runtime.account)
        if seen.unnumbered:
            await runtime.db.write(events.number)
            seen = await runtime.db.read(dispatching.look, runtime.account)
        taken = [await self._attempt(each) for each in seen.endpoints]
        if not any(taken):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), POLL_SECONDS)

    async def _attempt(self, endpoint: Endpoint) -> bool:
        """Serve one endpoint; what breaks there is none of the others' business."""
        try:
            return await self._serve(endpoint)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("a webhook stumbled; the others go on", webhook=endpoint.webhook.id)
            return False

    async def _serve(self, endpoint: Endpoint) -> bool:
        """Make and take up deliveries of one endpoint; whether there may be more to do at once."""
        runtime, webhook = self._runtime, endpoint.webhook
        made = endpoint.behind and endpoint.due < dispatching.ENOUGH
        if made:
            await dispatching.make(runtime.db, runtime.account, webhook)
        most = IN_FLIGHT if webhook.failing_since is None else WHILE_FAILING
        room = most - self._under_way[webhook.id]
        if room <= 0 or not (made or endpoint.due):
            return False
        until = steady() + LEASE_MS / 1000 - TOTAL_SECONDS
        jobs = await runtime.db.write(dispatching.claim, runtime.account, webhook.id, room)
        for job in jobs:
            self._under_way[webhook.id] += 1
            runtime.start(self._deliver(job, until))
        return made and len(jobs) < room

    async def _deliver(self, job: Job, until: float) -> None:
        """Make one request and record what came of it. `until` is when the lease is too short for it."""
        webhook = job.leased.webhook
        try:
            if steady() > until:  # we were frozen meanwhile: another process may be at it
                return
            answer = await self._runtime.courier.post(job.url, job.secrets, job.document)
            outcome = await self._record(job, answer, until + TOTAL_SECONDS)
            if outcome is not None:
                self._runtime.metrics.webhook_deliveries.labels(outcome).inc()
            if outcome is Outcome.GONE:
                log.warning("a webhook is disabled: its receiver wants nothing more", webhook=webhook)
            elif outcome is Outcome.FAILED:
                log.warning("an event was given up", webhook=webhook, event_seq=job.leased.event.seq, why=answer.error)
        finally:
            self._under_way[webhook] -= 1
            self._changed.set()

    async def _record(self, job: Job, answer: Answer, until: float) -> Outcome | None:
        """Record it, again where the database is away, as long as the delivery is ours: else it would be repeated."""
        runtime = self._runtime
        while True:
            try:
                work, chance = dispatching.record, random.random()
                return await runtime.db.write(work, runtime.account, job.leased, answer, chance)
            except StoreUnavailableError:
                if steady() > until or runtime.stopping.is_set():
                    raise
                await asyncio.sleep(TROUBLE_SECONDS)


async def _stopped(runtime: Runtime, seconds: float) -> None:
    """Wait so long, or until the end begins."""
    with suppress(TimeoutError):
        await asyncio.wait_for(runtime.stopping.wait(), seconds)
