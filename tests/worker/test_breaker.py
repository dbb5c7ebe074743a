"""The loop in trouble: it stops taking up messages while AT leaves calls unanswered, and goes on when AT is back."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.store.opened import PATIENCE, batch, number
from tests.worker.conftest import accept, drained, ledger, paused, run, states, turn, until, worker
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import CredentialsError, MaybeTakenError, NotTakenError, ProviderError, RefusedError
from ujumbe.domain import pause, retry
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.pause import STRIKES, Pause
from ujumbe.flows import claiming, pausing
from ujumbe.flows.claiming import Claimed, Limits
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store import accounts, batches, messages, outbox
from ujumbe.store.database import Tx
from ujumbe.store.messages import Filters
from ujumbe.store.outbox import Lot, New, Times
from ujumbe.worker import loop
from ujumbe.worker.throttle import FIRST

S = State
FOR_EVER = 3_600.0


@dataclass
class Probes:
    """The loop's real probes, counted, each held until the gate is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    break_next: bool = False

    async def reach(self, count: int) -> None:
        """Until the probe with this number was asked for."""
        async with asyncio.timeout(PATIENCE):
            while self.asked < count:
                self.seen.clear()
                await self.seen.wait()


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Probes:
    made = Probes()
    real: Callable[[AfricasTalking], Coroutine[Any, Any, Money]] = AfricasTalking.fetch_balance

    async def fetch_balance(client: AfricasTalking) -> Money:
        made.asked += 1
        made.seen.set()
        await made.gate.wait()
        if made.break_next:
            made.break_next = False
            raise RuntimeError("nobody foresaw this")
        return await real(client)

    monkeypatch.setattr(AfricasTalking, "fetch_balance", fetch_balance)
    monkeypatch.setattr(pause, "PROBE_SECONDS", 0.01)
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(loop, "TROUBLE_SECONDS", 0.01)
    return made


async def accept_calls(runtime: Runtime, count: int) -> None:
    """Texts for as many numbers as the first window holds, so that one call is under way at a time."""
    for index in range(count):
        await accept(runtime, *map(number, range(FIRST)), text=f"text {index}")


def requests(at: httpx.Client) -> int:
    return len({each["request"] for each in ledger(at)})


def test_unanswered_calls_open_the_breaker_until_a_probe_succeeds(
    settings: Settings, at: httpx.Client, probes: Probes
) -> None:
    turn(at, accept_then_500_rate=1)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept_calls(runtime, STRIKES + 3)
            await probes.reach(1)
            lost = {S.UNCERTAIN: STRIKES * FIRST}
            assert await states(runtime) == lost | {S.QUEUED: 3 * FIRST}
            await accept(runtime, number(0), text="one more, with a nudge")
            await asyncio.sleep(0)
            assert await states(runtime) == lost | {S.QUEUED: 3 * FIRST + 1}
            assert requests(at) == STRIKES, "nothing more has left"
            turn(at, accept_then_500_rate=0)
            probes.gate.set()
            assert await until(runtime, drained) == lost | {S.SENT: 3 * FIRST + 1}
            assert probes.asked == 1

    run(main)
    lines = ledger(at)
    assert len({(each["number"], each["text"]) for each in lines}) == len(lines) == 6 * FIRST + 1, "and none twice"


def test_while_probes_fail_nothing_is_taken_up(settings: Settings, at: httpx.Client, probes: Probes) -> None:
    turn(at, error_rate=1)
    probes.gate.set()

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept_calls(runtime, STRIKES + 1)
            await probes.reach(5)
            assert await states(runtime) == {S.UNCERTAIN: STRIKES * FIRST, S.QUEUED: FIRST}
            assert requests(at) == STRIKES
            turn(at, error_rate=0)
            assert await until(runtime, drained) == {S.UNCERTAIN: STRIKES * FIRST, S.SENT: FIRST}

    run(main)


def test_a_probe_that_breaks_is_no_end(settings: Settings, at: httpx.Client, probes: Probes) -> None:
    turn(at, accept_then_reset_rate=1)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept_calls(runtime, STRIKES + 1)
            await probes.reach(1)
            turn(at, accept_then_reset_rate=0)
            probes.break_next = True
            probes.gate.set()
            assert await until(runtime, drained) == {S.UNCERTAIN: STRIKES * FIRST, S.SENT: FIRST}
            assert probes.asked == 2

    run(main)


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        pytest.param(NotTakenError("no connection"), False, id="not reached"),
        pytest.param(MaybeTakenError("no answer"), False, id="no answer"),
        pytest.param(MaybeTakenError("failed", http_status=503), False, id="503"),
        pytest.param(NotTakenError("fewer requests", http_status=429), False, id="429"),
        pytest.param(CredentialsError("wrong key", http_status=401), False, id="401"),
        pytest.param(RefusedError("no such page", http_status=404), True, id="404: somebody answers"),
        pytest.param(MaybeTakenError("unreadable", http_status=200), True, id="200, unreadable"),
    ],
)
def test_what_counts_as_being_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, probes: Probes, error: ProviderError, *, answers: bool
) -> None:
    async def fetch_balance(_: AfricasTalking) -> Money:
        probes.asked += 1
        probes.seen.set()
        raise error

    monkeypatch.setattr(AfricasTalking, "fetch_balance", fetch_balance)

    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            await runtime.db.write(accounts.pause, runtime.account, Pause.UNANSWERED, "no answer", 0)
        async with worker(settings) as runtime:
            await accept(runtime, number(1))
            if answers:
                assert await until(runtime, drained) == {S.SENT: 1}
                assert probes.asked == 1
            else:
                await probes.reach(3)
                assert await states(runtime) == {S.QUEUED: 1}
                await paused(runtime, Pause.CREDENTIALS if isinstance(error, CredentialsError) else Pause.UNANSWERED)

    run(main)


def test_a_pause_ends_with_the_service(
    settings: Settings, at: httpx.Client, probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pause, "PROBE_SECONDS", FOR_EVER)
    monkeypatch.setattr(pause, "LONGEST_PROBE_SECONDS", FOR_EVER)
    turn(at, accept_then_500_rate=1)

    async def main() -> None:
        async with worker(settings) as runtime:
            await accept_calls(runtime, STRIKES + 1)
            await until(runtime, lambda seen: seen == {S.UNCERTAIN: STRIKES * FIRST, S.QUEUED: FIRST})
        assert probes.asked == 0

    run(main)


def test_after_a_thousand_failed_probes_it_still_asks(settings: Settings, probes: Probes) -> None:
    probes.gate.set()

    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            await accept(runtime, number(1))
            await runtime.db.write(accounts.pause, runtime.account, Pause.UNANSWERED, "since last night", 0)
            for _ in range(1_100):
                await runtime.db.write(accounts.take_probe, runtime.account, Pause.UNANSWERED, 0)
            working = asyncio.create_task(loop.run(runtime))
            assert await until(runtime, drained) == {S.SENT: 1}
            runtime.stop()
            await asyncio.wait_for(working, PATIENCE)

    run(main)


def test_what_a_person_paused_goes_on_when_a_person_says_so(settings: Settings, probes: Probes) -> None:
    probes.gate.set()

    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            await accept(runtime, number(1))
            await runtime.db.write(pausing.hold, runtime.account, "the lawyer called")
        async with worker(settings) as runtime:
            assert await paused(runtime, Pause.OPERATOR) == "the lawyer called"
            for _ in range(5):
                await accept(runtime, number(1))
            assert await states(runtime) == {S.QUEUED: 6}
            assert await runtime.db.write(pausing.go_on, runtime.account)
            assert await until(runtime, drained) == {S.SENT: 6}
        assert probes.asked == 0

    run(main)


def test_with_wrong_credentials_messages_wait_until_they_are_mended(
    settings: Settings, at: httpx.Client, probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_SECONDS", 0.01)
    probes.gate.set()
    url = str(at.base_url).rstrip("/")
    wrong = Settings.load(at_username="sandbox", at_api_key="wrong", at_shortcode="12345", at_api_url=url)

    async def main() -> None:
        async with worker(wrong) as runtime:
            await accept_calls(runtime, 3)
            await probes.reach(4)
            assert await states(runtime) == {S.QUEUED: 3 * FIRST}
            found = await runtime.db.read(messages.list_page, runtime.account, Filters(limit=1_000))
            assert sum(each.tries for each in found) == FIRST, "one call was enough to know"
            assert any("401" in each.reason for each in found), "and a person can see why"
        assert ledger(at) == []
        async with worker(settings) as runtime:
            assert await until(runtime, drained) == {S.SENT: 3 * FIRST}

    run(main)
    assert len(ledger(at)) == 3 * FIRST


@pytest.mark.parametrize("error", [RuntimeError("odd"), OSError("disk")], ids=["odd", "system"])
def test_it_survives_whatever_a_turn_raises(
    settings: Settings, probes: Probes, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real, turns = claiming.claim, 0

    def claim(tx: Tx, account: int, limits: Limits) -> Claimed:
        nonlocal turns
        turns += 1
        if turns <= 2:
            real(tx, account, limits)  # and what it took up is rolled back
            raise error
        return real(tx, account, limits)

    monkeypatch.setattr(claiming, "claim", claim)

    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            await accept(runtime, number(1), number(2))
        async with worker(settings) as runtime:
            assert await until(runtime, drained) == {S.SENT: 2}
            assert runtime.working
            found = await runtime.db.read(messages.list_page, runtime.account, Filters())
            assert [each.tries for each in found] == [1, 1]

    run(main)
    assert turns > 2


def test_it_wakes_when_a_scheduled_message_falls_due(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", FOR_EVER)

    def schedule(tx: Tx, account: int) -> list[int]:
        times = Times(tx.now + 150, tx.now + 60_000)
        given = batch(account, sender="12345")
        lot = Lot(batches.insert(tx, given), batches.scope_of(given), times, [New(number(1), S.SCHEDULED)])
        return outbox.insert(tx, account, [lot])[0]

    async def main() -> None:
        async with worker(settings) as runtime:
            [made] = await runtime.db.write(schedule, runtime.account)
            runtime.outbox.set()
            assert await until(runtime, drained) == {S.SENT: 1}
            found = await runtime.db.read(messages.find, runtime.account, made)
            assert found is not None
            assert found.updated_at >= found.due_at, "not before its time"

    run(main)


def test_the_higher_priority_leaves_first(settings: Settings, at: httpx.Client) -> None:
    def fill(tx: Tx, account: int) -> None:
        for priority in (0, 2, 1):
            given = batch(account, sender="12345", text=f"priority {priority}")
            new = [New(number(index), S.QUEUED) for index in range(FIRST)]
            times = Times(tx.now, tx.now + 60_000, priority)
            outbox.insert(tx, account, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])

    async def main() -> None:
        async with open_runtime(settings, url="http://127.0.0.1:1", upgrade=True) as runtime:
            await runtime.db.write(fill, runtime.account)
        async with worker(settings) as runtime:
            assert await until(runtime, drained) == {S.SENT: 3 * FIRST}
            found = await runtime.db.read(messages.list_page, runtime.account, Filters(limit=1_000))
            left = {each.text: await runtime.db.read(sent_in, each.id) for each in found}
            assert left["priority 2"] < min(left["priority 1"], left["priority 0"]), "the first window is all its own"
            assert left["priority 1"] < left["priority 0"]

    run(main)


def sent_in(tx: Tx, message: int) -> int:
    """The call that carried a message."""
    [row] = tx.select("SELECT call_id FROM attempts WHERE message_id = :message", {"message": message})
    return int(row["call_id"])
