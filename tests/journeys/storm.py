"""Runs a load while processes are killed and the local AT misbehaves, and remembers what it was told."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.journeys.load import SENDER, Order, Stop
from tests.running import Running, Serving

AT_ONCE: Final = 16
AGAIN_SECONDS: Final = 0.1
PHASE_SECONDS: Final = 4.0
LOCAL_AT: Final = "local AT"
THEIR_SHARE: Final = 0.1
"""Of the kills: while nobody listens at AT nothing is in doubt, and it is the doubtful that we are after."""

STORMY: Final[dict[str, Any]] = {
    "refuse_rate": 0.03,
    "error_rate": 0.03,
    "accept_then_500_rate": 0.01,
    "accept_then_hang_rate": 0.003,  # each holds its call for the 30 s of the read timeout
    "accept_then_reset_rate": 0.01,
    "latency_ms": 20,
    "senders": [SENDER],
}
CALM: Final[dict[str, Any]] = {name: 0 for name in STORMY if name.endswith("_rate")} | {"latency_ms": 0}
PHASES: Final[tuple[dict[str, Any], ...]] = (
    {"reports": "full", "report_delay_ms": 50, "report_shuffle": True, "report_duplicate_rate": 0.1},
    {"reports": "final", "report_delay_ms": 20, "report_duplicate_rate": 0.1},
    {"reports": "final", "report_delay_ms": 300, "report_drop_rate": 0.1},
)
"""All four reports of a text cost more than the text: only for a moment. Reports get lost in one phase only, so that
every text taken in another one has to end."""
STEADY: Final[dict[str, Any]] = {"report_shuffle": False, "report_duplicate_rate": 0, "report_drop_rate": 0}


@dataclass(frozen=True)
class Heard:
    """An opt-out, and when we knew that it had committed: epoch seconds of this machine's only clock."""

    stop: Stop
    at: float


@dataclass
class Storm:
    """The load, the weather and the killer. `victims` are ours by name; the local AT is killed now and then, too."""

    service: Serving
    at: Running
    victims: Mapping[str, Running]
    seed: int
    least_kills: int
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each order was told, by its key."""
    heard: list[Heard] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    """Orders asked again, by why; `replayed` are those that had been stored."""
    kills: Counter[str] = field(default_factory=Counter)
    droughts: list[tuple[float, float]] = field(default_factory=list)
    """When the local AT dropped reports, at most: epoch seconds."""

    def run(self, orders: list[Order], stops: list[Stop]) -> None:
        """Until every order is answered, every opt-out in force, enough was killed, and the weather is calm."""
        asyncio.run(self._run(orders, stops))

    async def _run(self, orders: list[Order], stops: list[Stop]) -> None:
        self._over, self._enough, self._room = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(AT_ONCE)
        limits = httpx.Limits(max_connections=2 * AT_ONCE)
        ours = httpx.AsyncClient(base_url=self.service.url, headers=self.service.headers, timeout=30, limits=limits)
        theirs = httpx.AsyncClient(base_url=self.at.url, timeout=30, limits=limits)
        async with ours as api, theirs as at, asyncio.TaskGroup() as storm:
            await self._turn(at, {**STORMY, "seed": self.seed})
            storm.create_task(self._weather(at))
            storm.create_task(self._kill())
            async with asyncio.TaskGroup() as load:
                begun = time.monotonic()
                for order in orders:
                    load.create_task(self._later(begun + order.at, self._send, api, order))
                for stop in stops:
                    load.create_task(self._later(begun + stop.at, self._stop, api, at, stop))
            await self._enough.wait()
            self._over.set()

    async def _later(self, moment: float, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        await asyncio.sleep(moment - time.monotonic())
        async with self._room:
            await work(*args)

    async def _send(self, api: httpx.AsyncClient, order: Order) -> None:
        """Ask until it is accepted."""
        path, headers = "/v1/messages", {"Idempotency-Key": order.key}
        response = await self._until(202, lambda: api.post(path, json=order.body, headers=headers), order.key)
        self.again["replayed"] += response.headers.get("idempotent-replayed") == "true"
        self.answers[order.key] = response.json()

    async def _stop(self, api: httpx.AsyncClient, at: httpx.AsyncClient, stop: Stop) -> None:
        """Opt out, and ask until it is known to be in force."""
        path = f"/v1/opt-outs/{stop.number}"
        if stop.by_handset:
            wanted = {"senderId": stop.sender}
            await self._until(201, lambda: at.post(f"/phones/{stop.number}/opt-out", json=wanted), "a handset")
            while not await self._in_force(api, path, stop.sender):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(AGAIN_SECONDS)
        else:
            body = {"from": stop.sender} if stop.sender else {}
            await self._until(200, lambda: api.put(path, json=body), "an opt-out")
        self.heard.append(Heard(stop, time.time()))

    async def _in_force(self, api: httpx.AsyncClient, path: str, sender: str) -> bool:
        found = (await self._until(200, lambda: api.get(path), "an opt-out")).json()["history"]
        return any(each["from"] in (None, sender) for each in found)

    async def _until(self, status: int, ask: Callable[[], Awaitable[httpx.Response]], what: str) -> httpx.Response:
        """Repeat what got no answer, or one that asks for patience; any other answer is a failure."""
        while True:
            try:
                response = await ask()
            except httpx.TransportError:
                self.again["no answer"] += 1
            else:
                if response.status_code == status:
                    return response
                assert response.status_code in (409, 503), f"{what} was answered {response.status_code}"
                self.again[str(response.status_code)] += 1
            await asyncio.sleep(AGAIN_SECONDS)

    async def _turn(self, at: httpx.AsyncClient, knobs: dict[str, Any]) -> None:
        await self._until(200, lambda: at.put("/faults", json=knobs), "the knobs")

    async def _weather(self, at: httpx.AsyncClient) -> None:
        """One phase after the other; calm at the end."""
        turn = 0
        while not self._over.is_set():
            phase = PHASES[turn % len(PHASES)]
            turned = time.time()
            await self._turn(at, STEADY | phase)
            await self._rest(PHASE_SECONDS / (4 if phase["reports"] == "full" else 1))
            if "report_drop_rate" in phase:
                await self._turn(at, STEADY)
                self.droughts.append((turned, time.time()))
            turn += 1
        await self._turn(at, CALM | STEADY)

    async def _kill(self) -> None:
        """End one of those that run about every second, and start it again at once."""
        chance = random.Random(self.seed)
        running = {**self.victims, LOCAL_AT: self.at}
        async with asyncio.TaskGroup() as starting:
            while not self._over.is_set():
                await self._rest(chance.uniform(0.6, 1.4))
                theirs = chance.random() < THEIR_SHARE
                names = [each for each in running if (each == LOCAL_AT) is theirs]
                if not names or len(running) < len(self.victims) or self._over.is_set():
                    continue  # at most two are down at once, or a slow machine would do nothing but start them
                name = chance.choice(names)
                victim = running.pop(name)
                await asyncio.to_thread(victim.kill9)
                self.kills[name] += 1
                if self.kills.total() >= self.least_kills:
                    self._enough.set()
                starting.create_task(self._start(name, victim, running))

    async def _start(self, name: str, victim: Running, running: dict[str, Running]) -> None:
        await asyncio.to_thread(victim.start)
        running[name] = victim

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            pass
