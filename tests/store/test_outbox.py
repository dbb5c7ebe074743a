from dataclasses import replace

import pytest

from tests.store.opened import Opened, Place, batch, due, number, queued
from tests.store.test_messages import one
from ujumbe.domain.message import State
from ujumbe.store import batches, opt_outs, outbox
from ujumbe.store.database import DataRefusedError, Tx
from ujumbe.store.outbox import Due, Lane, Lot, New, Times


def heads(tx: Tx, account: int, most: int) -> dict[str, list[int]]:
    """The ids of what is due, by sender."""
    return {lane.scope: [each.id for each in outbox.due(tx, account, lane, most)] for lane in outbox.lanes(tx, account)}


@pytest.mark.parametrize(
    ("state", "expected"), [(State.QUEUED, True), *((each, False) for each in State if each is not State.QUEUED)]
)
def test_only_queued_messages_are_due_and_taken(store: Opened, ours: int, state: State, *, expected: bool) -> None:
    [message] = store.write(queued, ours, number(1), state=state)
    assert bool(store.write(due, ours)) is expected
    assert bool(store.read(outbox.next_due, ours)) is (expected or state is State.SCHEDULED)
    assert store.write(outbox.take, [message]) == int(expected)
    assert store.write(outbox.take, [message]) == 0, "nobody takes it twice"


def test_taking_counts_a_try(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1))
    store.write(outbox.take, [message])
    found = one(store, ours, message)
    assert (found.state, found.tries) == (State.SENDING, 1)
    assert store.write(outbox.take, []) == 0


def test_due_is_by_priority_then_age(store: Opened, ours: int, other: int) -> None:
    given = [(0, 0), (1_000_000, 0), (0, 0), (0, 1), (-1_000, 0), (0, -2), (0, 9)]
    made = [store.write(queued, ours, number(1), wait_ms=wait, priority=each)[0] for wait, each in given]
    store.write(queued, other, number(9))
    expected = [made[6], made[3], made[4], made[0], made[2], made[5]]
    assert [each.id for each in store.write(due, ours)] == expected
    for most in range(1, 7):
        assert [each.id for each in store.write(due, ours, most)] == expected[:most], most
    assert store.read(outbox.next_due, ours) == one(store, ours, made[4]).due_at


def test_lanes_are_the_senders_with_something_queued(store: Opened, ours: int, other: int) -> None:
    assert store.read(outbox.lanes, ours) == []
    store.write(queued, ours, number(1), sender="UJUMBE")
    store.write(queued, ours, number(1), sender=" ujumbe", priority=3)
    store.write(queued, ours, number(1), sender="12345", priority=-1, wait_ms=60_000)
    store.write(queued, ours, number(1), sender="")
    store.write(queued, ours, number(1), sender="gone", state=State.SENT)
    store.write(queued, ours, number(1), sender="later", state=State.SCHEDULED)
    store.write(queued, other, number(1), sender="theirs")
    found = store.read(outbox.lanes, ours)
    assert found == [Lane("12345", -1), Lane("africastkng", 0), Lane("ujumbe", 3)]


def test_a_sender_that_is_held_hides_nobody(store: Opened, ours: int) -> None:
    """However many of one sender wait before those of another, whoever does not ask for them does not meet them."""
    held = store.write(queued, ours, *(number(index) for index in range(3_000)), sender="HELD", priority=9)
    free = store.write(queued, ours, number(1), number(2), sender="FREE")
    lanes = {lane.scope: lane for lane in store.read(outbox.lanes, ours)}
    found = store.write(lambda tx: outbox.due(tx, ours, lanes["free"], 1_000))
    assert [each.id for each in found] == free
    assert store.write(heads, ours, 3) == {"held": held[:3], "free": free}


def test_there_are_only_so_many_lanes(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_LANES", 2)
    for sender in ("C", "A", "B"):
        store.write(queued, ours, number(1), sender=sender)
    assert [lane.scope for lane in store.read(outbox.lanes, ours)] == ["a", "b"]


def test_a_due_message_tells_what_a_claim_needs(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1), priority=7)
    shown = one(store, ours, message)
    expected = Due(message, number(1), shown.batch, 7, shown.due_at, shown.expires_at, opted_out=False)
    assert store.write(due, ours) == [expected]


def test_what_is_too_late_expires(store: Opened, ours: int, other: int) -> None:
    [late] = store.write(queued, ours, number(1), ttl_ms=0)
    [fresh] = store.write(queued, ours, number(2))
    [gone] = store.write(queued, ours, number(3), ttl_ms=0, state=State.SENT)
    [foreign] = store.write(queued, other, number(1), ttl_ms=0)
    assert store.write(outbox.expire, ours, "too late") == 1
    assert (one(store, ours, late).state, one(store, ours, late).reason) == (State.EXPIRED, "too late")
    assert one(store, ours, fresh).state is State.QUEUED
    assert one(store, ours, gone).state is State.SENT
    assert one(store, other, foreign).state is State.QUEUED


def test_only_what_is_queued_is_set_aside(store: Opened, ours: int) -> None:
    made = [store.write(queued, ours, number(1), state=state)[0] for state in State]
    store.write(outbox.set_aside, ours, made, State.BLOCKED, "opted out")
    store.write(outbox.set_aside, ours, [], State.BLOCKED, "nobody")
    found = [one(store, ours, each) for each in made]
    expected = [State.BLOCKED if state is State.QUEUED else state for state in State]
    assert [each.state for each in found] == expected
    assert [each.reason for each in found if each.reason] == ["opted out"]


def test_what_was_scheduled_falls_due(store: Opened, ours: int, other: int) -> None:
    def scheduled(account: int, wait: int) -> int:
        return store.write(queued, account, number(1), state=State.SCHEDULED, wait_ms=wait, priority=3)[0]

    later, now, foreign = scheduled(ours, 3_600_000), scheduled(ours, 0), scheduled(other, 0)
    assert store.read(outbox.next_due, ours) == one(store, ours, now).due_at
    assert store.write(outbox.fall_due, ours) == 1
    assert [(each.id, each.priority) for each in store.write(due, ours)] == [(now, 3)]
    assert one(store, ours, later).state is State.SCHEDULED
    assert one(store, other, foreign).state is State.SCHEDULED
    store.write(outbox.take, [now])
    assert store.read(outbox.next_due, ours) == one(store, ours, later).due_at


def test_only_so_many_move_at_a_time(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_MOVED", 2)
    numbers = [number(index) for index in range(3)]
    made = [store.write(queued, ours, each, state=State.SCHEDULED, wait_ms=-index)[0]
            for index, each in enumerate(numbers)]  # fmt: skip
    assert [store.write(outbox.fall_due, ours) for _ in range(3)] == [2, 1, 0]
    late = store.write(queued, ours, *numbers, ttl_ms=-1)
    assert [store.write(outbox.expire, ours, "late") for _ in range(3)] == [2, 1, 0]
    assert {one(store, ours, each).state for each in made} == {State.QUEUED}
    assert {one(store, ours, each).state for each in late} == {State.EXPIRED}


def test_each_message_of_a_lot_has_its_own_beginning(store: Opened, ours: int) -> None:
    """Lots of several batches are stored at once; each list of ids is one lot's, in its order."""
    new = [New(number(1), State.QUEUED), New(number(2), State.BLOCKED, 'said "stop" \U0001f6d1')]

    def insert(tx: Tx) -> list[list[int]]:
        given = batch(ours)
        times = Times(tx.now, tx.now + 1)
        lots = [Lot(each, batches.scope_of(given), times, new) for each in batches.insert_all(tx, [given, given])]
        return outbox.insert(tx, ours, [lots[0], replace(lots[1], new=[]), replace(lots[1], new=new[::-1])])

    first, none, second = store.write(insert)
    assert none == []
    found = [one(store, ours, each) for each in first + second]
    assert [New(each.number, each.state, each.reason) for each in found] == new + new[::-1]
    assert [each.batch for each in found[:2]] != [each.batch for each in found[2:]]
    assert first + second == sorted(first + second)


@pytest.mark.parametrize("lots", [[], [Lot(1, "", Times(0, 0), [])]], ids=["no lot", "an empty lot"])
def test_nothing_to_store(store: Opened, ours: int, lots: list[Lot]) -> None:
    assert store.write(outbox.insert, ours, lots) == [[] for _ in lots]


def test_a_batch_of_many_numbers_keeps_their_order(store: Opened, ours: int) -> None:
    numbers = [number(index) for index in range(2_000)]
    made = store.write(queued, ours, *numbers)
    assert made == sorted(made)
    assert [each.number for each in store.write(due, ours, 5_000)] == numbers


def test_a_batch_without_an_account_is_refused_and_leaves_nothing(store: Opened, database: Place) -> None:
    with pytest.raises(DataRefusedError, match=r"(?i)foreign key"):
        store.write(batches.insert, batch(17))
    assert database.ask("SELECT count(*) FROM batches") == [(0,)]


@pytest.mark.parametrize(
    ("opted_out_of", "sender", "forbidden"),
    [
        pytest.param("UJUMBE", "UJUMBE", True, id="this sender"),
        pytest.param("ujumbe", "UJUMBE ", True, id="however it is written"),
        pytest.param("", "UJUMBE", True, id="all senders"),
        pytest.param("OTHER", "UJUMBE", False, id="another sender"),
        pytest.param("AFRICASTKNG", "", True, id="AT's own, for a text that names none"),
        pytest.param("UJUMBE", "", False, id="ours, for a text that names none"),
    ],
)
def test_who_opted_out_is_known_when_due(
    store: Opened, ours: int, other: int, opted_out_of: str, sender: str, *, forbidden: bool
) -> None:
    store.write(queued, ours, number(1), number(2), sender=sender)
    store.write(queued, other, number(1), sender=sender)
    store.write(opt_outs.insert, ours, number(1), opted_out_of, opt_outs.Source.CALLBACK)
    assert [each.opted_out for each in store.write(due, ours)] == [forbidden, False]
    assert [each.opted_out for each in store.write(due, other)] == [False]
    store.write(opt_outs.end, ours, number(1), None, "operator")
    assert [each.opted_out for each in store.write(due, ours)] == [False, False]


def test_depth_counts_what_waits_and_since_when(store: Opened, ours: int, other: int) -> None:
    assert store.read(outbox.depth, ours) == {}
    [first] = store.write(queued, ours, number(1), wait_ms=-5_000)
    store.write(queued, ours, number(2), number(3))
    [later] = store.write(queued, ours, number(4), state=State.SCHEDULED, wait_ms=60_000)
    store.write(queued, ours, number(5), state=State.SENDING)
    store.write(queued, other, number(6))
    assert store.read(outbox.depth, ours) == {
        State.QUEUED: (3, one(store, ours, first).due_at),
        State.SCHEDULED: (1, one(store, ours, later).due_at),
    }


@pytest.mark.parametrize(("state", "woken"), [(State.QUEUED, True), (State.SCHEDULED, False), (State.SENDING, False)])
def test_the_worker_is_told_of_what_is_queued(store: Opened, ours: int, state: State, *, woken: bool) -> None:
    assert store.wakes(lambda: store.write(queued, ours, number(1), state=state)) is woken
