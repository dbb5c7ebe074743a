"""Several workers on one PostgreSQL: who waits for whom, and what each then sees."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.running import until
from tests.store.opened import PATIENCE, Opened, PostgresPlace, batch, due, number, queued
from ujumbe.africastalking.replies import InboxMessage
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.domain.pause import Pause
from ujumbe.flows import claiming, sending
from ujumbe.flows import inbound as inbound_flow
from ujumbe.flows.answering import Answers
from ujumbe.flows.claiming import Limits
from ujumbe.store import accounts, batches, callbacks, calls, inbound, opt_outs, outbox, paces, postgres, standings
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx
from ujumbe.store.standings import Move

WAITING = """SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'ujumbe' AND wait_event_type = 'Lock'"""


DATE = "2026-03-04T10:30:00Z"


@pytest.fixture
def database(postgres_place: PostgresPlace) -> PostgresPlace:
    """What is told here is PostgreSQL's alone."""
    return postgres_place


class Rival:
    """Another process, as it were: a database of its own, whose units run beside ours."""

    def __init__(self, store: Opened, place: PostgresPlace, pool: ThreadPoolExecutor) -> None:
        self._store, self._place, self._pool = store, place, pool

    def begins(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":
        """Its unit is on its way."""
        return self._pool.submit(self._store.write, work, *args, **kwargs)

    def waits(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":
        """Its unit is on its way, and waits for a lock by now."""
        future = self.begins(work, *args, **kwargs)
        until(lambda: future.done() or self._place.ask(WAITING) == [(1,)], PATIENCE)
        assert not future.done(), "it did not wait"
        return future


@pytest.fixture
def rival(database: PostgresPlace) -> Iterator[Rival]:
    with ThreadPoolExecutor(1) as pool, database.open() as theirs:
        yield Rival(theirs, database, pool)


class Held:
    """A unit of ours that stands still after `work`, until it is let go."""

    def __init__(self, work: Callable[[Tx], Any]) -> None:
        self._work = work
        self._there, self._go = threading.Event(), threading.Event()
        self.result: Any = None

    def __call__(self, tx: Tx) -> None:
        self.result = self._work(tx)
        self._there.set()
        assert self._go.wait(PATIENCE)

    def wait(self) -> None:
        assert self._there.wait(PATIENCE)

    def let_go(self) -> None:
        self._go.set()


@contextmanager
def held(store: Opened, work: Callable[[Tx], Any]) -> Iterator[Held]:
    """`work` is done and not committed within; its commit is at the end."""
    unit = Held(work)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(store.write, unit)
        unit.wait()
        try:
            yield unit
        finally:
            unit.let_go()
            future.result(PATIENCE)


def long_due(tx: Tx, account: int, *numbers: str) -> list[int]:
    """Messages in the outbox that are due for both processes, whose clocks may be some answers apart; their ids."""
    return queued(tx, account, *numbers, wait_ms=-10_000)


def claimed(made: claiming.Claimed) -> set[int]:
    return {message for call in made.calls for message in call.messages}


@pytest.mark.parametrize("most", [1, 3, 100])
def test_two_claims_at_once_share_no_message(
    store: Opened, ours: int, rival: Rival, database: PostgresPlace, most: int
) -> None:
    made = set(store.write(long_due, ours, *(number(index) for index in range(10))))
    with held(store, lambda tx: claiming.claim(tx, ours, Limits(numbers=most))) as mine:
        theirs = claimed(rival.begins(claiming.claim, ours, Limits(numbers=most)).result(PATIENCE))
    assert not claimed(mine.result) & theirs, "and neither waited for the other"
    assert len(claimed(mine.result)) == min(most, 10)
    assert len(theirs) == min(most, 10 - len(claimed(mine.result)))
    assert claimed(mine.result) | theirs <= made
    assert database.ask("SELECT count(*), count(DISTINCT message_id) FROM attempts") == [
        (len(claimed(mine.result) | theirs),) * 2
    ]


def test_many_workers_take_each_message_once(store: Opened, ours: int, database: PostgresPlace) -> None:
    made = store.write(long_due, ours, *(number(index) for index in range(300)))
    units = [lambda tx: claiming.claim(tx, ours, Limits(calls=1, recipients=20))] * 20
    found = [claimed(each) for each in store.together(units)]
    while rest := claimed(store.write(units[0])):
        found.append(rest)
    assert sorted(message for each in found for message in each) == made


def test_an_opt_out_waits_for_a_claim_in_progress(store: Opened, ours: int, rival: Rival) -> None:
    [message] = store.write(long_due, ours, number(1))
    with held(store, lambda tx: claiming.claim(tx, ours, Limits())) as claim:
        telling = rival.waits(opt_outs.insert, ours, number(1), "", opt_outs.Source.CALLBACK)
    assert telling.result(PATIENCE)
    assert claimed(claim.result) == {message}, "it was taken up before the opt-out"
    [attempt] = store.read(calls.of_message, message)
    [stopped] = store.read(opt_outs.history, ours, number(1))
    assert attempt.call < stopped.id


@pytest.mark.parametrize("committed", [True, False])
def test_a_claim_that_waits_for_an_opt_out_honours_it(
    store: Opened, ours: int, rival: Rival, *, committed: bool
) -> None:
    """Its snapshot is younger than the lock: it sees what was committed while it waited."""
    stopped, other = store.write(long_due, ours, number(1), number(2))

    def opt_out(tx: Tx) -> None:
        opt_outs.insert(tx, ours, number(1), "UJUMBE", opt_outs.Source.CALLBACK)

    def regrets(tx: Tx) -> None:
        unit(tx)
        raise ValueError("after all not")

    if committed:
        with held(store, opt_out):
            claim = rival.waits(claiming.claim, ours, Limits())
    else:
        unit = Held(opt_out)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(store.write, regrets)
            unit.wait()
            claim = rival.waits(claiming.claim, ours, Limits())
            unit.let_go()
            with pytest.raises(ValueError, match="after all not"):
                writing.result(PATIENCE)
    assert claimed(claim.result(PATIENCE)) == ({other} if committed else {stopped, other})
    state = store.write(standings.one, stopped).state
    assert state is (State.BLOCKED if committed else State.SENDING)


def test_a_text_sent_at_once_honours_it_too(store: Opened, ours: int, rival: Rival) -> None:
    with held(store, lambda tx: opt_outs.insert(tx, ours, number(1), "", opt_outs.Source.CALLBACK)):
        call = rival.waits(sending.accept_now, batch(ours), number(1), Limits())
    assert call.result(PATIENCE) is None


def test_claims_do_not_wait_for_each_other_nor_for_another_account(
    store: Opened, ours: int, other: int, rival: Rival
) -> None:
    with held(store, lambda tx: opt_outs.hold_still(tx, ours)):
        rival.begins(opt_outs.hold_still, ours).result(PATIENCE)
    with held(store, lambda tx: opt_outs.alone(tx, ours)):
        rival.begins(opt_outs.hold_still, other).result(PATIENCE)


def test_a_standing_is_locked_until_its_move(store: Opened, ours: int, rival: Rival) -> None:
    """Who decides on a message second decides on what the first has made of it."""
    [message] = store.write(queued, ours, number(1), state=State.SENDING)

    def decide(tx: Tx, state: State) -> State:
        was = standings.one(tx, message)
        assert standings.move(tx, [Move(was, state, "")]) == 1
        return was.state

    with held(store, lambda tx: decide(tx, State.SENT)):
        second = rival.waits(decide, State.DELIVERED)
    assert second.result(PATIENCE) is State.SENT
    assert store.write(standings.one, message).state is State.DELIVERED


def test_a_move_decided_without_the_lock_is_guarded(store: Opened, ours: int, rival: Rival) -> None:
    [message] = store.write(queued, ours, number(1), state=State.SENDING)
    was = store.write(standings.one, message)
    with held(store, lambda tx: standings.move(tx, [Move(was, State.SENT, "")])):
        late = rival.waits(standings.move, [Move(was, State.UNCERTAIN, "")])
    assert late.result(PATIENCE) == 0
    assert store.write(standings.one, message).state is State.SENT


def test_a_pace_is_taken_one_after_the_other(store: Opened, ours: int, rival: Rival) -> None:
    store.write(paces.free_at, ours, "ujumbe")

    def take(tx: Tx) -> int:
        free_at = paces.free_at(tx, ours, "ujumbe")
        paces.set_free_at(tx, ours, "ujumbe", free_at + 1)
        return free_at

    with held(store, take) as first:
        second = rival.waits(take)
    assert (first.result, second.result(PATIENCE)) == (0, 1)


def test_one_of_two_workers_takes_the_probe_though_both_found_it_free(store: Opened, ours: int, rival: Rival) -> None:
    kind = Pause.UNANSWERED
    store.write(accounts.pause, ours, kind, "", 0)
    with held(store, lambda tx: accounts.take_probe(tx, ours, kind, tx.now + 60_000)) as first:
        second = rival.waits(accounts.take_probe, ours, kind, 1 << 50)
    assert (first.result, second.result(PATIENCE)) == (True, False)


def test_an_account_that_is_decided_about_is_locked(store: Opened, ours: int, rival: Rival) -> None:
    def strike(tx: Tx) -> int:
        strikes = accounts.health(tx, ours, lock=True).strikes + 1
        accounts.strike(tx, ours, strikes)
        return strikes

    with held(store, strike) as first:
        second = rival.waits(strike)
    assert (first.result, second.result(PATIENCE)) == (1, 2)


def test_an_abandoned_call_is_settled_by_one_of_two(store: Opened, ours: int, rival: Rival) -> None:
    [message] = store.write(queued, ours, number(1), state=State.SENDING)
    [call] = store.write(calls.begin, ours, [[(message, number(1))]], -1)
    with held(store, lambda tx: calls.abandon(tx, ours, tx.now, "late")) as first:
        second = rival.begins(calls.abandon, ours, 1 << 62, "late").result(PATIENCE)
    assert (first.result, second) == ([call], [])


def test_what_a_worker_takes_up_is_not_canceled_expired_or_set_aside(store: Opened, ours: int, rival: Rival) -> None:
    made = store.write(queued, ours, number(1), number(2), ttl_ms=0)
    batch_id = store.write(due, ours)[0].batch
    with held(store, lambda tx: outbox.take(tx, [each.id for each in due(tx, ours, 2)][:1])) as taken:
        assert rival.begins(outbox.expire, ours, "late").result(PATIENCE) == 0
        canceled = rival.begins(batches.cancel, ours, batch_id, "on request")
    assert taken.result == 1
    assert canceled.result(PATIENCE) == 1, "it waits for the claim, and cancels what that leaves"
    assert [store.write(standings.one, each).state for each in made] == [State.SENDING, State.CANCELED]


def test_a_deadlock_runs_again(store: Opened, ours: int, other: int, rival: Rival, database: PostgresPlace) -> None:
    """Two units want two rows the other way round: PostgreSQL breaks one off, and it runs again by itself."""
    both, runs = threading.Barrier(2, timeout=PATIENCE), {"mine": 0, "theirs": 0}

    def strike(tx: Tx, who: str, first: int, second: int) -> int:
        runs[who] += 1
        accounts.health(tx, first, lock=True)
        if runs[who] == 1:
            both.wait()
        for account in (second, first):
            accounts.strike(tx, account, accounts.health(tx, account, lock=True).strikes + 1)
        return runs[who]

    theirs = rival.begins(strike, "theirs", other, ours)
    mine = store.write(strike, "mine", ours, other)
    assert max(mine, theirs.result(PATIENCE)) > 1, "one of them ran again"
    assert [store.read(accounts.health, each).strikes for each in (ours, other)] == [2, 2], "each counted once"
    assert store.db.trouble == ""


def test_one_that_is_broken_off_each_time_gives_up(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Tx] = []

    def deadlocked(tx: Tx) -> None:
        runs.append(tx)
        accounts.strike(tx, ours, 9)
        tx.select("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$", {})

    with pytest.raises(StoreUnavailableError, match="DeadlockDetected"):
        store.write(deadlocked)
    assert len(runs) == postgres.REPEATS
    assert store.read(accounts.health, ours).strikes == 0


def test_a_lock_that_is_not_given_is_an_error_in_time(store: Opened, ours: int, rival: Rival) -> None:
    def impatient(tx: Tx) -> None:
        tx.select("SELECT set_config('lock_timeout', '50ms', true)", {})
        opt_outs.alone(tx, ours)

    with held(store, lambda tx: opt_outs.hold_still(tx, ours)):
        with pytest.raises(StoreUnavailableError, match="lock"):
            rival.begins(impatient).result(PATIENCE)
        assert not rival.begins(lambda tx: tx.try_lock(f"consent {ours}")).result(PATIENCE)
    assert rival.begins(lambda tx: tx.try_lock(f"consent {ours}")).result(PATIENCE)


def test_a_fetch_waits_for_callbacks_and_they_for_it(store: Opened, ours: int, rival: Rival) -> None:
    """The same text comes both ways at the same moment when we start: it must find its twin."""
    given = f"id=uuid-1&from=%2B254711000001&to=12345&text=Yes&linkId=&date={DATE}"
    raw = Raw("twoway", b"", "application/x-www-form-urlencoded", given.encode())
    page = [InboxMessage(7, "+254711000001", "12345", "Yes", DATE, "")]
    quiet = Answers("")
    with held(store, lambda tx: inbound_flow.receive(tx, ours, raw, quiet)):
        fetched = rival.waits(lambda tx: inbound_flow.fetched(tx, ours, page, quiet, first=False))
    assert fetched.result(PATIENCE) == 0, "it was no new text"
    assert len(store.read(inbound.list_page, ours, number=None, before=None, limit=9)) == 1


def test_a_waiting_report_is_concluded_once(store: Opened, ours: int, rival: Rival) -> None:
    new = callbacks.New(Raw("delivery-reports", b"", "", b""), number(1), "ATXid_1", Fate.WAITING, "")
    store.write(callbacks.insert_all, ours, [new])

    def conclude(tx: Tx) -> int:
        found = callbacks.waiting(tx, ours, ["ATXid_1"])
        callbacks.conclude(tx, [(each, Fate.APPLIED, "", None) for each, _ in found])
        return len(found)

    with held(store, conclude) as first:
        second = rival.waits(conclude)
    assert (first.result, second.result(PATIENCE)) == (1, 0)
