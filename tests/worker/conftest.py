"""The worker of a whole runtime, in this process, against a local AT on a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.places import Place, one_postgres
from tests.simulator.receiver import Served
from tests.store.opened import PATIENCE, batch, counts
from ujumbe.domain.message import FINAL, State
from ujumbe.domain.pause import Pause
from ujumbe.flows import sending
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.simulator import SimulatorConfig, create_app
from ujumbe.store import accounts
from ujumbe.worker import loop
from ujumbe.worker.throttle import Throttle

__all__ = ["one_postgres"]

ENDS = {*FINAL, State.SENT, State.UNCERTAIN}


@pytest.fixture
def at() -> Iterator[httpx.Client]:
    """A local AT that calls nobody back."""
    with Served(create_app(SimulatorConfig())) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


@pytest.fixture
def place(one_postgres: Place) -> Place:
    """An empty PostgreSQL database."""
    one_postgres.empty()
    return one_postgres


def turn(at: httpx.Client, **knobs: float) -> None:
    assert at.put("/faults", json=knobs).status_code == 200


def ledger(at: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = at.get("/ledger").json()["items"]
    return items


@pytest.fixture
def settings(bare: Path, at: httpx.Client) -> Settings:
    url = str(at.base_url).rstrip("/")
    return Settings.load(at_username="sandbox", at_api_key="local", at_shortcode="12345", at_api_url=url)


@asynccontextmanager
async def worker(settings: Settings, throttle: Throttle | None = None) -> AsyncIterator[Runtime]:
    """A runtime whose worker runs; at the end both end as the commands do it."""
    async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
        working = asyncio.create_task(loop.run(runtime, throttle))
        try:
            yield runtime
        finally:
            runtime.stop()
            await asyncio.wait_for(working, PATIENCE)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


async def accept(runtime: Runtime, *numbers: str, **fields: Any) -> list[int]:
    return await runtime.db.write(sending.accept, batch(runtime.account, sender="12345", **fields), numbers)


async def states(runtime: Runtime) -> dict[State, int]:
    return await runtime.db.read(counts, runtime.account)


async def until(runtime: Runtime, found: Callable[[dict[State, int]], bool]) -> dict[State, int]:
    """Ask until the counts of the states are so."""
    deadline = time.monotonic() + PATIENCE
    while not found(seen := await states(runtime)):
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.01)
    return seen


async def paused(runtime: Runtime, kind: Pause) -> str:
    """Wait until the account is held up so; why it is."""
    deadline = time.monotonic() + PATIENCE
    while (health := await runtime.db.read(accounts.health, runtime.account)).pause is not kind:
        assert time.monotonic() < deadline, health
        await asyncio.sleep(0.01)
    return health.note


def drained(seen: dict[State, int]) -> bool:
    return set(seen) <= ENDS
