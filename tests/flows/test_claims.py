"""Who may be claimed, with whom, and how often: once."""

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.conftest import Clock, Fresh
from tests.flows.desk import Desk, Line, number
from tests.flows.places import account, finished, python
from ujumbe.flows import claiming
from ujumbe.flows.claiming import Call, Limits

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
OPTIONS: dict[str, Any] = {"text": "other", "sender": "12345", "mode": "two_way", "link_id": "L", "keyword": "K"}


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
    told = {"text": outgoing.text, "sender": outgoing.sender, "mode": outgoing.mode.value}
    told |= {"link_id": outgoing.link_id, "keyword": outgoing.keyword}
    assert told == {"text": "Habari", "sender": "UJUMBE", "mode": "bulk", "link_id": "", "keyword": ""} | {
        option: OPTIONS[option]
    }
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
def test_no_attempt_begins_after_an_opt_out_in_its_scope(
    fresh: Fresh, steps: list[tuple[str, int, str]]
) -> None:
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
