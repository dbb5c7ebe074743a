from typing import Any

import pytest

from tests.store.opened import Opened, number, queued
from tests.store.test_messages import one
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import batches, messages, standings
from ujumbe.store.database import Tx
from ujumbe.store.messages import Message
from ujumbe.store.standings import NOTHING, Facts, Move, Standing

FACTS = Facts(progress="Sent", network_code="63902", cost=Money(800_000, "KES"))


def facts(shown: Message) -> Facts:
    return Facts(shown.progress, shown.network_code, shown.cost)


def to(was: Standing, state: State, reason: str | None = "", more: Facts = NOTHING, **how: Any) -> Move:
    return Move(was, state, reason, more, **how)


def sending(store: Opened, account: int) -> tuple[int, Standing]:
    [message] = store.write(queued, account, number(1), state=State.SENDING)
    return message, store.write(standings.one, message)


def test_a_standing_tells_what_decisions_need(store: Opened, ours: int) -> None:
    [message] = store.write(
        queued, ours, number(1), state=State.SENDING, sender="S", source="invoke", on_uncertain="fail"
    )
    found = store.write(standings.one, message)
    assert (found.id, found.account, found.number, found.sender) == (message, ours, number(1), "S")
    assert (found.state, found.assumed, found.progress, found.tries) == (State.SENDING, False, "", 1)
    assert (found.source, found.on_uncertain) == (batches.Source.INVOKE, "fail")
    shown = one(store, ours, message)
    assert (found.expires_at, found.sent_at, found.network_code) == (shown.expires_at, None, "")


def test_many_are_read_by_id_and_unknown_ones_are_missing(store: Opened, ours: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(50)))
    found = store.write(standings.read, [*made[::-1], 17])
    assert list(found) == made
    assert [each.number for each in found.values()] == [number(index) for index in range(50)]
    assert store.write(standings.read, []) == {}


def test_a_move_is_guarded_by_the_state_it_was_decided_on(store: Opened, ours: int) -> None:
    message, was = sending(store, ours)
    assert store.write(standings.move, [to(was, State.SENT, "", FACTS, due=17)]) == 1
    assert store.write(standings.move, [to(was, State.FAILED, "too late")]) == 0
    found = one(store, ours, message)
    assert (found.state, found.reason, found.due_at) == (State.SENT, "", 17)
    assert facts(found) == FACTS


def test_some_move_and_others_have_moved_before(store: Opened, ours: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(5)), state=State.SENDING)
    was = store.write(standings.read, made)
    store.write(standings.move, [to(was[made[1]], State.FAILED, "first")])
    moves = [to(was[each], State.SENT, f"second {index}") for index, each in enumerate(made)]
    assert store.write(standings.move, moves) == 4
    assert [one(store, ours, each).reason for each in made] == [
        "second 0", "first", "second 2", "second 3", "second 4"
    ]  # fmt: skip
    assert store.write(standings.move, []) == 0


@pytest.mark.parametrize("reason", [None, "", "why"])
def test_a_reason_that_is_not_given_stays(store: Opened, ours: int, reason: str | None) -> None:
    message, was = sending(store, ours)
    store.write(standings.move, [to(was, State.SENDING, "before")])
    store.write(standings.move, [to(was, State.UNCERTAIN, reason)])
    assert one(store, ours, message).reason == ("before" if reason is None else reason)


@pytest.mark.parametrize("empty", [NOTHING, Facts(network_code="")], ids=["none", "network"])
def test_facts_that_are_not_given_stay(store: Opened, ours: int, empty: Facts) -> None:
    message, was = sending(store, ours)
    store.write(standings.move, [to(was, State.SENDING, "", FACTS)])
    store.write(standings.move, [to(was, State.SENT, "", empty)])
    assert facts(one(store, ours, message)) == FACTS


def test_what_is_assumed_is_marked_until_a_move_says_otherwise(store: Opened, ours: int) -> None:
    message, was = sending(store, ours)
    store.write(standings.move, [to(was, State.FAILED, assumed=True)])
    was = store.write(standings.one, message)
    assert was.assumed
    store.write(standings.move, [to(was, State.DELIVERED)])
    assert not store.write(standings.one, message).assumed


@pytest.mark.parametrize("state", list(State), ids=str)
def test_sent_at_is_when_at_is_first_known_to_have_it(store: Opened, ours: int, state: State) -> None:
    message, was = sending(store, ours)
    store.write(standings.move, [to(was, state)])
    first = one(store, ours, message)
    known = state in (State.SENT, State.DELIVERED, State.UNDELIVERED)
    assert first.sent_at == (first.updated_at if known else None)
    store.write(standings.move, [to(store.write(standings.one, message), State.DELIVERED)])
    later = one(store, ours, message)
    assert later.sent_at == (first.sent_at if known else later.updated_at)


def test_a_message_is_overdue_only_while_it_is_sent(store: Opened, ours: int) -> None:
    message, was = sending(store, ours)
    store.write(messages.mark_overdue, [message])
    assert not one(store, ours, message).overdue, "it was not sent yet"
    store.write(standings.move, [to(was, State.SENT)])
    store.write(messages.mark_overdue, [message])
    assert one(store, ours, message).overdue
    assert store.read(messages.attention, ours) == (0, 1)
    sent = store.write(standings.one, message)
    store.write(standings.move, [to(sent, State.SENT, None, Facts(progress="Buffered"))])
    assert one(store, ours, message).overdue
    store.write(standings.move, [to(sent, State.DELIVERED)])
    assert not one(store, ours, message).overdue


@pytest.mark.parametrize(("state", "woken"), [(State.QUEUED, True), (State.SENT, False)])
def test_the_worker_is_told_of_what_is_queued_again(store: Opened, ours: int, state: State, *, woken: bool) -> None:
    _, was = sending(store, ours)
    assert store.wakes(lambda: store.write(standings.move, [to(was, state, due=1)])) is woken


def test_a_unit_sees_its_own_moves(store: Opened, ours: int) -> None:
    message, was = sending(store, ours)

    def work(tx: Tx) -> list[State]:
        standings.move(tx, [to(was, State.SENT)])
        standings.move(tx, [to(standings.one(tx, message), State.DELIVERED)])
        return [standings.one(tx, message).state]

    assert store.write(work) == [State.DELIVERED]
