"""The loop: it sends what is due, wakes for it, lives through trouble, and ends with everything written down."""

import asyncio
import sqlite3
from contextlib import closing

import httpx
import pytest
from pydantic import SecretStr

from tests.store.opened import batch, number
from tests.worker.conftest import accept, drained, ledger, paused, run, turn, until, worker
from ujumbe.domain import pause, retry
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.domain.pause import STRIKES, Pause
from ujumbe.flows import claiming, sending
from ujumbe.flows.claiming import Limits
from ujumbe.runtime import open_runtime
from ujumbe.settings import Settings
from ujumbe.store import accounts, sqlite
from ujumbe.store.opening import open_database
from ujumbe.worker import loop

S = State
FOR_EVER = 3_600.0


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an event wakes the loop."""
    monkeypatch.setattr(loop, "POLL_SECONDS", FOR_EVER)


def test_it_drains_a_queue_in_few_calls_and_sends_nothing_twice(settings: Settings, at: httpx.Client) -> None:
    async def main() -> None:
        async with worker(settings) as runtime:
            for index in range(30):
                await accept(runtime, *map(number, range(20)), text=f"text {index}")
            assert await until(runtime, drained) == {S.SENT: 600}

    run(main)
    lines = ledger(at)
    assert len({(each["number"], each["text"]) for each in lines}) == len(lines) == 600
    assert len({each["request"] for each in lines}) == 30
    assert all(each["taken"] and each["from"] == "12345" for each in lines)


def test_it_wakes_for_new_work(settings: Settings, no_polling: None) -> None:
    async def main() -> None:
        async with worker(settings) as runtime:
            for count in range(1, 6):
                await accept(runtime, number(count))
                assert await until(runtime, drained) == {S.SENT: count}

    run(main)


def test_it_finds_what_another_process_put_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.05)

    async def main() -> None:
        async with worker(settings) as runtime:
            other = await open_database(settings.store_url)
            await other.write(sending.accept, batch(runtime.account, sender="12345"), [number(1)])
            await other.close()
            assert await until(runtime, drained) == {S.SENT: 1}

    run(main)


def test_it_wakes_when_the_next_try_is_due(
    settings: Settings, at: httpx.Client, monkeypatch: pytest.MonkeyPatch, no_polling: None
) -> None:
    monkeypatch.setattr(retry, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(pause, "LONGEST_SLOW_SECONDS", 0.02)
    turn(at, refuse_rate=1)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept(runtime, number(1), number(2))
            await until(runtime, lambda _: len({each["request"] for each in ledger(at)}) >= 3)
            turn(at, refuse_rate=0)
            assert await until(runtime, drained) == {S.SENT: 2}

    run(main)
    assert sorted(each["number"] for each in ledger(at) if each["taken"]) == [number(1), number(2)]


@pytest.mark.parametrize("knob", ["accept_then_500_rate", "accept_then_reset_rate"])
def test_what_may_have_been_taken_is_submitted_once(
    settings: Settings, at: httpx.Client, monkeypatch: pytest.MonkeyPatch, knob: str
) -> None:
    monkeypatch.setattr(retry, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(pause, "LONGEST_SLOW_SECONDS", 0.01)
    monkeypatch.setattr(pause, "PROBE_SECONDS", 0.01)
    turn(at, refuse_rate=0.2, seed=1, **{knob: 0.5})

    async def main() -> None:
        async with worker(settings) as runtime:
            for index in range(60):
                await accept(runtime, number(index), text=f"text {index}")
            counts = await until(runtime, drained)
            assert set(counts) == {S.SENT, S.UNCERTAIN}

    run(main)
    taken = [each["number"] for each in ledger(at) if each["taken"]]
    assert sorted(taken) == sorted(map(number, range(60)))


def test_an_outage_strands_a_few_calls_and_not_the_queue(settings: Settings, at: httpx.Client) -> None:
    turn(at, accept_then_reset_rate=1)
    one_by_one = settings.model_copy(update={"calls_in_flight": 1})

    async def main() -> None:
        async with worker(one_by_one) as runtime:
            for index in range(20):
                await accept(runtime, number(index), text=f"text {index}")
            assert "without an answer" in await paused(runtime, Pause.UNANSWERED)
            assert await until(runtime, lambda seen: S.SENDING not in seen) == {
                S.UNCERTAIN: STRIKES,
                S.QUEUED: 20 - STRIKES,
            }
            turn(at, accept_then_reset_rate=0)
            await runtime.db.write(accounts.probe_now, runtime.account)
            assert (await until(runtime, drained))[S.UNCERTAIN] == STRIKES

    run(main)


def test_a_wrong_key_pauses_and_loses_nothing(settings: Settings, at: httpx.Client) -> None:
    wrong = settings.model_copy(update={"at_api_key": SecretStr("wrong")})

    async def main() -> None:
        async with worker(wrong) as runtime:
            await accept(runtime, number(1), number(2))
            await paused(runtime, Pause.CREDENTIALS)
            assert await until(runtime, lambda seen: S.SENDING not in seen) == {S.QUEUED: 2}
        async with worker(settings) as runtime:
            assert await until(runtime, drained) == {S.SENT: 2}

    run(main)
    assert len(ledger(at)) == 2


def test_no_more_calls_at_a_time_than_it_may(settings: Settings, at: httpx.Client) -> None:
    turn(at, latency_ms=3_000)
    most = settings.calls_in_flight
    seen: set[int] = set()

    def look(counts: dict[State, int]) -> bool:
        seen.add(counts.get(S.SENDING, 0))
        return counts == {S.SENDING: most, S.QUEUED: 2 * most}

    async def main() -> None:
        async with worker(settings) as runtime:
            await asyncio.gather(*(accept(runtime, number(index), text=f"text {index}") for index in range(3 * most)))
            await until(runtime, look)
            turn(at, latency_ms=0)
            await until(runtime, lambda counts: look(counts) or counts == {S.SENT: 3 * most})

    run(main)
    assert max(seen) == most, "all places are used, and no more"


def test_it_lives_through_a_locked_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(loop, "TROUBLE_SECONDS", 0.02)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept(runtime, number(1))
            await until(runtime, drained)
            await accept(runtime, *map(number, range(2, 9)))
            assert settings.database_path is not None
            with closing(sqlite3.connect(settings.database_path, isolation_level=None)) as somebody:
                somebody.execute("BEGIN IMMEDIATE")
                runtime.outbox.set()
                for _ in range(3):
                    with pytest.raises(StoreUnavailableError):
                        await runtime.db.write(claiming.claim, runtime.account, Limits(calls=1))
                assert runtime.working
                somebody.execute("ROLLBACK")
            assert await until(runtime, drained) == {S.SENT: 8}

    run(main)


def test_calls_under_way_are_recorded_before_the_end(settings: Settings, at: httpx.Client) -> None:
    turn(at, latency_ms=300)

    async def main() -> None:
        async with worker(settings) as runtime:
            for index in range(5):
                await accept(runtime, number(index), text=f"text {index}")
            await until(runtime, lambda counts: counts == {S.SENDING: 5})
            runtime.stop()
            await accept(runtime, number(9), text="too late for this run")
        turn(at, latency_ms=0)
        async with open_runtime(settings, url="http://127.0.0.1:1") as again:
            assert await until(again, lambda _: True) == {S.SENT: 5, S.QUEUED: 1}

    run(main)
    assert len(ledger(at)) == 5


def test_readiness_follows_the_loop(settings: Settings) -> None:
    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            seen = [runtime.working]
            working = asyncio.create_task(loop.run(runtime))
            await asyncio.sleep(0)
            seen.append(runtime.working)
            runtime.stop()
            await working
            assert [*seen, runtime.working] == [False, True, False]

    run(main)
