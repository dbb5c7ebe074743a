"""Several processes on one PostgreSQL: they wake each other, share the queue, and take over from the dead."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.africastalking.provider import asked, taking
from tests.africastalking.scripted import Answer, Request, ScriptedServer, Serve
from tests.flows.places import Place
from tests.store.opened import PATIENCE, batch, finished, number, python
from tests.worker.conftest import accept, drained, run, states, until, worker
from ujumbe import keeper
from ujumbe.domain import recipients
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.flows import accepting, claiming
from ujumbe.flows.accepting import Order
from ujumbe.flows.claiming import Claimed, Limits
from ujumbe.keeper import Keeper
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store.database import Tx
from ujumbe.worker import loop

S = State
FOR_EVER = 3_600.0
ACCEPT = """
import asyncio, sys
from tests.store.opened import batch, number
from ujumbe.flows import sending
from ujumbe.store.opening import open_database

async def main():
    db = await open_database(sys.argv[1])
    await db.write(sending.accept, batch(int(sys.argv[2])), [number(1)])
    await db.close()

asyncio.run(main())
"""


class Gate:
    """AT that takes everything, once the gate is open."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self._take = taking()

    def __call__(self, request: Request) -> Answer:
        assert self.open.wait(PATIENCE)
        return self._take(request)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def server(serve: Serve, gate: Gate) -> ScriptedServer:
    return serve(gate)


@pytest.fixture
def shared(server: ScriptedServer, place: Place) -> Settings:
    return Settings.load(database_url=place.url, at_shortcode="12345", calls_in_flight=2)


async def accept_texts(runtime: Runtime, count: int) -> None:
    for index in range(count):
        await accept(runtime, number(index), text=f"text {index}")


def test_another_process_wakes_it_at_once(
    shared: Settings, gate: Gate, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", FOR_EVER)
    gate.open.set()

    async def main() -> None:
        async with worker(shared) as runtime:
            await accept(runtime, number(0))
            await until(runtime, drained)  # it listens, and has nothing to do
            other = python(ACCEPT, place.url, runtime.account)
            await asyncio.to_thread(finished, other)
            assert await until(runtime, lambda seen: seen == {S.SENT: 2})

    run(main)


def test_two_share_a_queue_and_send_nothing_twice(shared: Settings, server: ScriptedServer, gate: Gate) -> None:
    async def main() -> None:
        async with worker(shared) as one, worker(shared) as two:
            await accept_texts(one, 30)
            await until(one, lambda _: len(server.requests) == 4)
            assert (len(one.tasks), len(two.tasks)) == (2, 2), "each has two calls under way"
            gate.open.set()
            assert await until(two, drained) == {S.SENT: 30}

    run(main)
    assert sorted(asked(server)) == [[number(index)] for index in range(30)]


def test_calls_under_way_are_recorded_before_the_end(shared: Settings, server: ScriptedServer, gate: Gate) -> None:
    async def main() -> None:
        async with worker(shared) as runtime:
            await accept_texts(runtime, 5)
            await until(runtime, lambda _: len(server.requests) == 2)
            runtime.stop()
            gate.open.set()
        async with open_runtime(shared) as again:
            assert await states(again) == {S.SENT: 2, S.QUEUED: 3}

    run(main)
    assert len(server.requests) == 2


def test_what_a_dead_process_left_is_settled_by_another_when_its_lease_is_over(
    shared: Settings, server: ScriptedServer, gate: Gate, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TURN_SECONDS", 0.05)
    gate.open.set()

    async def main() -> None:
        async with open_runtime(shared) as dead:
            await accept_texts(dead, 2)
            assert len((await dead.db.write(claiming.claim, dead.account, Limits(calls=1))).calls) == 1
        async with worker(shared) as alive:
            await until(alive, lambda seen: seen == {S.SENDING: 1, S.SENT: 1})
            place.ask("UPDATE calls SET lease_until = 0 WHERE verdict = 'open'")
            assert await until(alive, drained) == {S.UNCERTAIN: 1, S.SENT: 1}

    run(main)
    assert asked(server) == [[number(1)]]


def test_one_keeper_at_a_time(shared: Settings, place: Place) -> None:
    async def main() -> None:
        async with open_runtime(shared) as one, open_runtime(shared) as two:
            steps: list[str] = []
            mine, theirs = (Keeper(each.db, shared) for each in (one, two))

            def step(_: Tx) -> None:
                steps.append("one")
                asyncio.run_coroutine_threadsafe(theirs._step(lambda _: steps.append("two")), now).result(PATIENCE)

            now = asyncio.get_running_loop()
            await mine._step(step)
            assert steps == ["one"]
            await theirs._step(lambda _: steps.append("two"))
            assert steps == ["one", "two"]

    run(main)


def test_it_lives_through_a_database_that_goes_away(
    shared: Settings, server: ScriptedServer, gate: Gate, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TROUBLE_SECONDS", 0.05)

    async def main() -> None:
        async with worker(shared) as runtime:
            await accept_texts(runtime, 6)
            await until(runtime, lambda _: len(server.requests) == 2)
            with place.away():
                gate.open.set()  # two answers come that cannot be written down
                order = Order(batch(runtime.account), recipients.judge([number(9)]))
                with pytest.raises(StoreUnavailableError):
                    await runtime.accept(accepting.Request(order))
                assert runtime.working
            assert await until(runtime, drained) == {S.SENT: 6}

    run(main)
    assert sorted(asked(server)) == [[number(index)] for index in range(6)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_call_that_begins_too_late_is_left_and_goes_out_once(
    server: ScriptedServer, gate: Gate, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = request.getfixturevalue("shared") if kind == "postgresql" else Settings.load()
    gate.open.set()
    real, late = claiming.claim, [True]

    def claim(tx: Tx, account: int, limits: Limits) -> Claimed:
        claimed = real(tx, account, limits)
        if claimed.calls and late:
            late.clear()
            return replace(claimed, calls=[replace(each, claimed_at=each.claimed_at - 1.5) for each in claimed.calls])
        return claimed

    monkeypatch.setattr(claiming, "claim", claim)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept(runtime, number(1))
            assert await until(runtime, drained) == {S.SENT: 1}
            attempts = await runtime.db.read(lambda tx: tx.select("SELECT state FROM attempts ORDER BY call_id", {}))
            assert [each["state"] for each in attempts] == ["not_taken", "taken"]

    run(main)
    assert asked(server) == [[number(1)]]
