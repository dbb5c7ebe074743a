from dataclasses import astuple
from typing import Any

import pytest

from tests.store.opened import Opened, Place, batch, counts, number, queued
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import batches, ids, messages, opt_outs
from ujumbe.store.messages import Facts, Filters, New, Times
from ujumbe.store.database import Tx

FACTS = Facts(provider_id="ATXid_1", progress="Sent", network_code="63902", cost=Money(800_000, "KES"))


def one(store: Opened, account: int, message: int) -> messages.Message:
    found = store.read(messages.find, account, message)
    assert found is not None
    return found


def test_a_message_reads_as_it_was_stored(store: Opened, ours: int) -> None:
    text = "Ünïcode 🙂" * 20
    [message] = store.write(
        queued, ours, number(1), text=text, mode="premium", link_id="l", keyword="k", category="otp"
    )
    found = one(store, ours, message)
    assert (found.number, found.text, found.mode, found.category) == (number(1), text, "premium", "otp")
    assert (found.link_id, found.source, found.sender, found.segments) == ("l", "api", "UJUMBE", 3)
    assert (found.state, found.assumed, found.reason, found.tries) == (State.QUEUED, False, "", 0)
    assert (found.provider_id, found.cost, found.progress) == (None, None, "")
    assert found.expires_at - found.created_at == 60_000
    assert found.due_at == found.created_at == found.updated_at


@pytest.mark.parametrize("state", list(State), ids=str)
def test_every_state_can_be_stored_and_counted(store: Opened, ours: int, other: int, state: State) -> None:
    [message, _] = store.write(queued, ours, number(1), number(2), state=state)
    store.write(queued, other, number(1))
    assert one(store, ours, message).tries == int(state is State.SENDING)
    assert store.read(counts, ours) == {state: 2}
    assert store.read(messages.find, other, message) is None


@pytest.mark.parametrize(
    ("state", "expected"), [(State.QUEUED, True), *((each, False) for each in State if each is not State.QUEUED)]
)
def test_only_queued_messages_are_due_and_taken(store: Opened, ours: int, state: State, *, expected: bool) -> None:
    [message] = store.write(queued, ours, number(1), state=state)
    assert bool(store.read(messages.due, ours, 10)) is expected
    assert bool(store.read(messages.next_due, ours)) is (expected or state is State.SCHEDULED)
    assert store.write(messages.take, [message]) == ({message} if expected else set())
    assert store.write(messages.take, [message]) == set(), "nobody takes it twice"


def test_taking_counts_a_try(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1))
    store.write(messages.take, [message])
    found = one(store, ours, message)
    assert (found.state, found.tries) == (State.SENDING, 1)


def test_due_is_by_priority_then_age(store: Opened, ours: int, other: int, database: Place) -> None:
    numbers = [store.write(queued, ours, number(index))[0] for index in range(5)]
    store.write(queued, other, number(9))
    with database.beside(5) as somebody:
        somebody.execute("UPDATE messages SET priority = 1 WHERE id = ?", (numbers[3],))
        somebody.execute("UPDATE messages SET due_at = due_at - 1000 WHERE id = ?", (numbers[4],))
        somebody.execute("UPDATE messages SET due_at = due_at + 1000000 WHERE id = ?", (numbers[1],))
    due = [each.id for each in store.read(messages.due, ours, 10)]
    assert due == [numbers[3], numbers[4], numbers[0], numbers[2]]
    assert [each.id for each in store.read(messages.due, ours, 2)] == due[:2]
    assert store.read(messages.next_due, ours) == one(store, ours, numbers[4]).due_at


def test_a_due_message_carries_its_batch(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1), text="T", sender="S", mode="two_way", link_id="L", keyword="K")
    [due] = store.read(messages.due, ours, 1)
    assert astuple(due)[:2] == (message, number(1))
    assert astuple(due)[3:] == (False, "two_way", "S", "T", "L", "K")
    assert due.expires_at == one(store, ours, message).expires_at


def test_what_is_too_late_expires(store: Opened, ours: int, other: int) -> None:
    [late] = store.write(queued, ours, number(1), ttl_ms=0)
    [fresh] = store.write(queued, ours, number(2))
    [gone] = store.write(queued, ours, number(3), ttl_ms=0, state=State.SENT)
    [foreign] = store.write(queued, other, number(1), ttl_ms=0)
    assert store.write(messages.expire, ours, "too late") == 1
    assert (one(store, ours, late).state, one(store, ours, late).reason) == (State.EXPIRED, "too late")
    assert one(store, ours, fresh).state is State.QUEUED
    assert one(store, ours, gone).state is State.SENT
    assert one(store, other, foreign).state is State.QUEUED


def test_only_what_is_queued_is_set_aside(store: Opened, ours: int) -> None:
    made = [store.write(queued, ours, number(1), state=state)[0] for state in State]
    store.write(messages.set_aside, made, State.BLOCKED, "opted out")
    store.write(messages.set_aside, [], State.BLOCKED, "nobody")
    found = [one(store, ours, each) for each in made]
    expected = [State.BLOCKED if state is State.QUEUED else state for state in State]
    assert [each.state for each in found] == expected
    assert [each.reason for each in found if each.reason] == ["opted out"]


def test_what_was_scheduled_falls_due(store: Opened, ours: int, other: int) -> None:
    def scheduled(tx: Tx, account_id: int, wait: int) -> int:
        times = Times(tx.now + wait, tx.now + wait + 60_000, priority=3)
        batch_id = batches.insert(tx, batch(account_id))
        return messages.insert(tx, account_id, batch_id, [New(number(1), State.SCHEDULED)], times)[0]

    later, now = store.write(scheduled, ours, 3_600_000), store.write(scheduled, ours, 0)
    foreign = store.write(scheduled, other, 0)
    assert store.read(messages.next_due, ours) == one(store, ours, now).due_at
    assert store.write(messages.fall_due, ours) == 1
    assert [each.id for each in store.read(messages.due, ours, 9)] == [now]
    assert one(store, ours, later).state is State.SCHEDULED
    assert one(store, other, foreign).state is State.SCHEDULED


def test_each_message_of_a_batch_has_its_own_beginning(store: Opened, ours: int) -> None:
    new = [New(number(1), State.QUEUED), New(number(2), State.BLOCKED, 'said "stop" \U0001f6d1')]

    def insert(tx: Tx) -> list[int]:
        return messages.insert(tx, ours, batches.insert(tx, batch(ours)), new, Times(tx.now, tx.now + 1))

    found = [one(store, ours, each) for each in store.write(insert)]
    assert [New(each.number, each.state, each.reason) for each in found] == new


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
    assert [each.opted_out for each in store.read(messages.due, ours, 9)] == [forbidden, False]
    assert [each.opted_out for each in store.read(messages.due, other, 9)] == [False]
    store.write(opt_outs.end, ours, number(1), None, "operator")
    assert [each.opted_out for each in store.read(messages.due, ours, 9)] == [False, False]


def test_a_move_is_guarded_by_the_state_it_was_decided_on(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1), state=State.SENDING)
    was = store.read(messages.standing, message)
    assert store.write(messages.move, was, State.SENT, "", FACTS, due=17)
    assert not store.write(messages.move, was, State.FAILED, "too late")
    found = one(store, ours, message)
    assert (found.state, found.reason, found.due_at) == (State.SENT, "", 17)
    assert Facts(found.provider_id, found.progress, found.network_code, found.cost) == FACTS


@pytest.mark.parametrize("how", ["move", "annotate"])
def test_facts_that_are_not_given_stay(store: Opened, ours: int, how: str) -> None:
    [message] = store.write(queued, ours, number(1), state=State.SENDING)
    store.write(messages.annotate, message, FACTS)

    def add(tx: Tx) -> None:
        if how == "move":
            messages.move(tx, messages.standing(tx, message), State.SENT, "")
        else:
            messages.annotate(tx, message, Facts(provider_id=""))

    store.write(add)
    found = one(store, ours, message)
    assert Facts(found.provider_id, found.progress, found.network_code, found.cost) == FACTS


def test_a_standing_tells_what_decisions_need(store: Opened, ours: int) -> None:
    [message] = store.write(queued, ours, number(1), state=State.SENDING, sender="S", source="invoke")
    found = store.read(messages.standing, message)
    assert (found.id, found.account, found.number, found.sender) == (message, ours, number(1), "S")
    assert (found.state, found.assumed, found.progress, found.tries) == (State.SENDING, False, "", 1)
    assert found.source is batches.Source.INVOKE


@pytest.fixture
def shelf(store: Opened, ours: int, other: int) -> list[int]:
    """Six messages, oldest first, in two batches of two senders; a foreign one beside them."""
    first = store.write(queued, ours, number(1), number(2), number(3))
    second = store.write(queued, ours, number(1), number(2), number(3), state=State.SENT, sender="12345")
    store.write(queued, other, number(1))
    return first + second


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        pytest.param({}, [5, 4, 3, 2, 1, 0], id="all, newest first"),
        pytest.param({"limit": 2}, [5, 4], id="limit"),
        pytest.param({"state": State.SENT}, [5, 4, 3], id="state"),
        pytest.param({"number": number(2)}, [4, 1], id="number"),
        pytest.param({"sender": " ujumbe"}, [2, 1, 0], id="sender, as opt-outs compare it"),
        pytest.param({"state": State.SENT, "number": number(1)}, [3], id="both"),
        pytest.param({"number": number(9)}, [], id="nobody"),
    ],
)
def test_lists(store: Opened, ours: int, shelf: list[int], filters: dict[str, Any], found: list[int]) -> None:
    listed = store.read(messages.list_page, ours, Filters(**filters))
    assert [shelf.index(each.id) for each in listed] == found


def test_pages_and_batches(store: Opened, ours: int, shelf: list[int]) -> None:
    below = store.read(messages.list_page, ours, Filters(before=shelf[3]))
    assert [each.id for each in below] == shelf[2::-1]
    of_batch = store.read(messages.list_page, ours, Filters(batch=below[0].batch))
    assert [each.id for each in of_batch] == shelf[2::-1]


def test_lists_by_time(store: Opened, ours: int, shelf: list[int], database: Place) -> None:
    created = one(store, ours, shelf[0]).created_at
    with database.beside(5) as somebody:  # as after a burst: ids run ahead of the rows' moments
        somebody.execute("UPDATE messages SET created_at = ? WHERE account_id = ?", (created, ours))
        somebody.execute("UPDATE messages SET created_at = ? WHERE id = ?", (created - 1, shelf[0]))
    since = store.read(messages.list_page, ours, Filters(since=created))
    assert [each.id for each in since] == shelf[:0:-1]
    until = store.read(messages.list_page, ours, Filters(until=created))
    assert [each.id for each in until] == [shelf[0]]
    assert ids.floor(created - 1) <= shelf[0]


def test_a_batch_of_many_numbers_keeps_their_order(store: Opened, ours: int) -> None:
    numbers = [number(index) for index in range(2_000)]
    made = store.write(queued, ours, *numbers)
    assert made == sorted(made)
    assert [each.number for each in store.read(messages.due, ours, 5_000)] == numbers


def test_a_batch_without_an_account_is_refused_and_leaves_nothing(store: Opened, database: Place) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        store.write(batches.insert, batch(17))
    assert database.ask("SELECT count(*) FROM batches") == [(0,)]
