"""Who may be claimed, with whom, and how often: once."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.conftest import Clock, Fresh
from tests.flows.desk import Desk, Line, form, number
from tests.flows.places import during, overlapped
from tests.store.opened import account, batch, finished, python
from ujumbe.domain.message import State
from ujumbe.flows import claiming, consent, sending
from ujumbe.flows.claiming import Call, Claimed, Limits
from ujumbe.store import batches, outbox
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, New, Times

CLAIM = """
import asyncio, sys
from ujumbe.flows import claiming
from ujumbe.store.opening import open_database

async def main():
    db = await open_database(sys.argv[1])
    print("open", flush=True)
    sys.stdin.readline()
    while calls := (await db.write(claiming.claim, int(sys.argv[2]), claiming.Limits(calls=1))).calls:
        for call in calls:
            print(*call.messages)
    await db.close()

asyncio.run(main())
"""
OPTIONS: dict[str, Any] = {"text": "other", "sender": "12345", "mode": "two_way", "link_id": "L", "keyword": "K",
                           "retry_hours": 5}  # fmt: skip


def shapes(calls: list[Call]) -> list[tuple[str, list[str]]]:
    return [(call.outgoing.text, list(call.outgoing.to)) for call in calls]


def test_equal_texts_share_a_call(desk: Desk) -> None:
    first = desk.accept(number(1), number(2), text="a")
    desk.accept(number(1), text="b")
    third = desk.accept(number(3), text="a")
    calls = desk.claim()
    assert shapes(calls) == [("a", [number(1), number(2), number(3)]), ("b", [number(1)])]
    assert calls[0].messages == (*first, *third)


@pytest.mark.parametrize("option", OPTIONS)
def test_what_differs_takes_a_call_of_its_own(desk: Desk, option: str) -> None:
    desk.accept(number(1))
    desk.accept(number(2), **{option: OPTIONS[option]})
    plain, special = desk.claim()
    outgoing = special.outgoing
    told: dict[str, Any] = {"text": outgoing.text, "sender": outgoing.sender, "mode": outgoing.mode.value}
    told |= {"link_id": outgoing.link_id, "keyword": outgoing.keyword, "retry_hours": outgoing.retry_hours}
    usual = {"text": "Habari", "sender": "UJUMBE", "mode": "bulk", "link_id": "", "keyword": "", "retry_hours": None}
    assert told == usual | {option: OPTIONS[option]}
    assert plain.outgoing != outgoing


def test_a_number_comes_once_in_a_call(desk: Desk) -> None:
    desk.accept(number(1), number(2), number(1))
    desk.accept(number(1))
    assert shapes(desk.claim()) == [
        ("Habari", [number(1), number(2)]),
        ("Habari", [number(1)]),
        ("Habari", [number(1)]),
    ]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_calls_than_asked_for(desk: Desk, most: int) -> None:
    for index in range(3):
        desk.accept(number(index), text=str(index))
    assert len(desk.claim(most)) == min(most, 3)
    assert len(desk.claim(16)) == 3 - min(most, 3)


def test_no_more_numbers_than_a_call_holds(desk: Desk) -> None:
    desk.accept(*map(number, range(25)))
    sizes = [len(call.messages) for _ in range(4) for call in desk.claim(1, recipients=10)]
    assert sizes == [10, 10, 5]


def test_more_than_a_claim_looks_at(desk: Desk) -> None:
    made = desk.accept(*map(number, range(2_500)))
    claimed = [each for _ in range(4) for call in desk.claim(1) for each in call.messages]
    assert claimed == made


def test_the_intent_is_committed_with_the_claim(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2))
    rows = desk.place.ask("SELECT message_id, state FROM attempts ORDER BY message_id")
    assert rows == [(each, "open") for each in call.messages]
    [row] = desk.place.ask("SELECT id, verdict, recipients, lease_until - started_at FROM calls")
    assert row == (call.id, "open", 2, Limits().lease_ms)
    assert desk.place.ask("SELECT DISTINCT state, tries FROM messages") == [("sending", 1)]


def test_later_ones_wait_for_their_time(desk: Desk, clock: Clock) -> None:
    desk.answer(desk.claimed(number(1)), Line(500))
    assert desk.claim() == []
    [call] = [desk.claimed(number(2))]
    assert call.outgoing.to == (number(2),)
    clock.forward(2_001)
    assert shapes(desk.claim()) == [("Habari", [number(1)])]


def test_another_accounts_messages_are_not_ours(desk: Desk) -> None:
    desk.accept(number(1))
    other = desk.store.write(account, "live")
    assert desk.store.write(claiming.claim, other, Limits()).calls == []
    assert len(desk.claim()) == 1


def numbered(desk: Desk, count: int) -> set[int]:
    return {each for index in range(count) for each in desk.accept(number(index), text=str(index))}


def test_two_processes_claim_at_once_and_nothing_twice(desk: Desk) -> None:
    made = numbered(desk, 30)
    processes = [python(CLAIM, desk.place.url, desk.account) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [[int(word) for word in finished(process).split()] for process in processes]
    assert sorted(found[0] + found[1]) == sorted(made)
    assert desk.place.ask("SELECT count(*), count(DISTINCT message_id) FROM attempts") == [(30, 30)]


def test_two_threads_claim_at_once_and_nothing_twice(desk: Desk) -> None:
    made = numbered(desk, 60)
    found: list[int] = []

    def take() -> None:
        with desk.place.open() as store:
            while calls := store.write(claiming.claim, desk.account, Limits(calls=3)).calls:
                found.extend(each for call in calls for each in call.messages)

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(made)


def prepared(desk: Desk, *numbers: str, text: str = "Habari", sender: str = "UJUMBE", **times: int) -> list[int]:
    """Messages with a time and a priority of their own."""

    def work(tx: Tx) -> list[int]:
        given = batch(desk.account, text=text, sender=sender)
        chosen = {"due": tx.now, "expires": tx.now + 3_600_000, **times}
        lot = Lot(
            batches.insert(tx, given),
            batches.scope_of(given),
            Times(**chosen),
            [New(each, State.QUEUED) for each in numbers],
        )
        return outbox.insert(tx, desk.account, [lot])[0]

    return desk.store.write(work)


def test_priority_and_age_count_across_senders(desk: Desk, clock: Clock) -> None:
    for text, sender, priority, age in (
        ("fourth", "A", 0, 10),
        ("second", "B", 5, 10),
        ("first", "C", 5, 20),
        ("third", "A", 1, 0),
        ("fifth", "B", 0, 5),
        ("sixth", "C", -1, 90),
    ):
        prepared(desk, number(1), text=text, sender=sender, priority=priority, due=clock.now - age)
    found = [call.outgoing.text for _ in range(6) for call in desk.claim(1)]
    assert found == ["first", "second", "third", "fourth", "fifth", "sixth"]


def test_what_belongs_together_leaves_in_few_calls(desk: Desk) -> None:
    made = [message for index in range(25) for message in desk.accept(number(index))]
    calls = desk.claim(recipients=10)
    assert [len(call.messages) for call in calls] == [10, 10, 5]
    assert [message for call in calls for message in call.messages] == made


def test_a_free_place_is_filled_however_few_there_are(desk: Desk) -> None:
    desk.accept(*map(number, range(500)))
    [call] = desk.claim(1)
    assert len(call.messages) == 500


def test_no_more_numbers_than_there_is_room_for(desk: Desk) -> None:
    desk.accept(*map(number, range(20)))
    desk.accept(*map(number, range(20)), text="other")
    assert sum(len(call.messages) for call in desk.claim(numbers=7)) == 7


@pytest.mark.parametrize("rate", [1.0, 8.0, 30.0])
def test_a_paced_sender_shares_its_pace_among_all_workers(desk: Desk, clock: Clock, rate: float) -> None:
    seconds = 10
    desk.accept(*map(number, range(round(rate * seconds * 2))))
    begin, taken = clock.now, list[int]()
    with desk.place.open() as other:
        while clock.now < begin + 1_000 * seconds:
            for store in (desk.store, other):
                claimed = store.write(claiming.claim, desk.account, Limits(paces={"ujumbe": rate}))
                taken += [clock.now] * sum(len(call.messages) for call in claimed.calls)
            assert claimed.again_ms is not None
            clock.forward(claimed.again_ms)
    for moment in taken:
        assert sum(moment <= each < moment + 1_000 for each in taken) <= max(1.25 * rate, 1)
    assert len(taken) >= 0.99 * rate * seconds, "and it is used"


@pytest.mark.parametrize("pace", [{"ujumbe": 1.0}, {"*": 1.0, "12345": 1_000.0}], ids=["named", "all but one"])
def test_a_held_sender_holds_up_nobody_else(desk: Desk, clock: Clock, pace: dict[str, float]) -> None:
    prepared(desk, *map(number, range(1_500)), priority=9)
    prepared(desk, *map(number, range(20)), sender="12345")
    claimed = desk.take(paces=pace)
    assert [(call.outgoing.sender, len(call.messages)) for call in claimed.calls] == [("UJUMBE", 1), ("12345", 20)]
    again = desk.take(paces=pace)
    assert (again.calls, again.again_ms, again.more) == ([], 1_001, False)
    clock.forward(1_001)
    assert [(call.outgoing.sender, len(call.messages)) for call in desk.claim(paces=pace)] == [("UJUMBE", 1)]


def test_opted_out_heads_are_set_aside_and_more_is_behind_them(desk: Desk) -> None:
    for index in range(40):
        desk.opt_out(number(index))
    out = desk.accept(*map(number, range(40)))
    [message] = desk.accept(number(99))
    rounds = 0
    while not (claimed := desk.take(calls=2)).calls:
        assert claimed.more
        rounds += 1
    assert rounds > 1
    assert [call.messages for call in claimed.calls] == [(message,)]
    assert {desk.state(each) for each in out} == {State.BLOCKED}
    assert not desk.take().more


def test_expired_heads_are_set_aside_and_more_is_behind_them(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_MOVED", 10)
    late = desk.accept(*map(number, range(25)), lifetime_ms=1_000)
    clock.forward(1_000)
    seen = [desk.take() for _ in range(3)]
    assert [(each.calls, each.more) for each in seen] == [([], True), ([], True), ([], False)]
    assert {desk.state(each) for each in late} == {State.EXPIRED}


def test_a_message_is_claimed_until_the_last_moment_and_not_after(desk: Desk, clock: Clock) -> None:
    prepared(desk, number(1), expires=clock.now + 1)
    prepared(desk, number(2), text="other", expires=clock.now)
    assert [call.outgoing.to for call in desk.claim()] == [(number(1),)]


SENDERS = ("UJUMBE", "12345", "")
STEP = st.one_of(
    st.tuples(st.just("accept"), st.integers(0, 3), st.sampled_from(SENDERS)),
    st.tuples(st.just("invoke"), st.integers(0, 3), st.sampled_from(SENDERS)),
    st.tuples(st.just("opt-out"), st.integers(0, 3), st.sampled_from(("ujumbe", "12345", "AfricasTkng", ""))),
    st.tuples(st.just("claim"), st.integers(1, 3), st.just("")),
    st.tuples(st.just("not taken"), st.just(0), st.just("")),
)
# An id is made inside the transaction that commits it, so a smaller one was committed before.
ATTEMPTS_AFTER_OPT_OUTS = """
SELECT b.sender, o.sender FROM attempts a JOIN messages m ON m.id = a.message_id JOIN batches b ON b.id = m.batch_id
  JOIN opt_outs o ON o.number = a.number WHERE o.id < a.call_id
"""


@settings(max_examples=20)
@given(st.lists(STEP, max_size=25))
def test_no_attempt_begins_after_an_opt_out_in_its_scope(fresh: Fresh, steps: list[tuple[str, int, str]]) -> None:
    desk = Desk(fresh())
    open_calls: list[Call] = []
    try:
        for what, value, sender in steps:
            if what == "accept":
                desk.accept(number(value), number(value + 1), sender=sender)
            elif what == "invoke":
                call = desk.invoke(number(value), sender=sender)
                open_calls += [call] if isinstance(call, Call) else []
            elif what == "opt-out":
                desk.opt_out(number(value), sender)
            elif what == "claim":
                open_calls += desk.claim(value)
            elif open_calls:
                call = open_calls.pop(0)
                desk.answer(call, *[Line(500)] * len(call.messages))
                desk.place.ask("UPDATE messages SET due_at = 0 WHERE state = 'queued'")  # its time has come
        open_calls += desk.claim()
        for sender, stopped in desk.place.ask(ATTEMPTS_AFTER_OPT_OUTS):
            assert stopped, "an opt-out of all senders"
            assert stopped.upper() != (sender or "AFRICASTKNG").upper()
        assert (
            desk.place.ask("SELECT 1 FROM attempts WHERE state = 'open' GROUP BY message_id HAVING count(*) > 1") == []
        )
    finally:
        desk.close()


# An opt-out and a claim at the same time, on two connections: whichever commits first, the other knows of it.


@pytest.mark.parametrize("invoke", [False, True], ids=["queued", "invoked"])
def test_a_claim_waits_for_an_opt_out_that_is_being_written(shared: Desk, *, invoke: bool) -> None:
    shared.accept(number(1))

    def submit(tx: Tx) -> Claimed | Call | Exception | None:
        if invoke:
            return sending.accept_now(tx, batch(shared.account, source="invoke"), number(1), Limits())
        return claiming.claim(tx, shared.account, Limits())

    submitted = overlapped(shared.store, lambda tx: stop(tx, shared), submit)
    assert submitted is None or (isinstance(submitted, Claimed) and submitted.calls == [])
    assert set(shared.place.ask("SELECT state FROM messages")) <= {("blocked",), ("queued",)}
    assert shared.place.ask("SELECT 1 FROM attempts") == []


def test_an_opt_out_waits_for_a_claim_that_is_being_written(shared: Desk) -> None:
    """It is committed after the attempt, which therefore stands; whatever comes later knows of it."""
    shared.accept(number(1))
    overlapped(shared.store, lambda tx: claiming.claim(tx, shared.account, Limits()), lambda tx: stop(tx, shared))
    [(attempt, opt_out)] = shared.place.ask("SELECT a.call_id, o.id FROM attempts a, opt_outs o")
    assert attempt < opt_out
    shared.accept(number(1))
    assert shared.claim() == []


def test_claims_do_not_wait_for_each_other(shared: Desk) -> None:
    made = numbered(shared, 10)

    first: list[Call] = []

    def hold(tx: Tx) -> None:
        first.extend(claiming.claim(tx, shared.account, Limits(calls=1)).calls)

    second = during(shared.store, hold, lambda tx: claiming.claim(tx, shared.account, Limits()).calls)

    def of(calls: list[Call]) -> list[int]:
        return [message for call in calls for message in call.messages]

    assert of(first) == [min(made)]
    assert set(of(second)) == made - set(sorted(made)[: claiming.FIRST_LOOK]), (
        "what the first has only looked at is its own"
    )


def stop(tx: Tx, desk: Desk) -> object:
    return consent.receive(tx, desk.account, form("opt-out", {"phoneNumber": number(1)}))
