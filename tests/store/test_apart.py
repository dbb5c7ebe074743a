"""Two accounts in one file, sandbox and live: nothing of one ever shows in the other, or is moved by it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.store.opened import Opened, batch, due, found_message, number, queued
from ujumbe.domain.message import State
from ujumbe.flows import claiming, delivery, sending
from ujumbe.flows.claiming import Limits
from ujumbe.store import (
    answers,
    batches,
    callbacks,
    calls,
    inbound,
    messages,
    opt_outs,
    outbox,
    standings,
    subscriptions,
)
from ujumbe.store.answers import Request
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.calls import AttemptResult
from ujumbe.store.inbound import NewText
from ujumbe.store.messages import Filters, Message
from ujumbe.store.standings import Move

SAME_ID = "ATXid_1"
"""AT's id is the same in both: ids of two environments may well collide."""


@dataclass(frozen=True)
class Side:
    """One account with a message that AT calls SAME_ID."""

    account: int
    message: int
    batch: int
    call: int


@pytest.fixture
def sides(store: Opened, ours: int, other: int) -> tuple[Side, Side]:
    return _side(store, ours), _side(store, other)


def _side(store: Opened, account: int) -> Side:
    [message] = store.write(queued, account, number(1))
    store.write(outbox.take, [message])
    [call] = store.write(calls.begin, account, [[(message, number(1))]], 90_000)
    store.write(calls.settle, [AttemptResult(message, call, "taken", provider_id=SAME_ID, code=101, status="Sent")])
    standing = store.write(standings.one, message)
    assert store.write(standings.move, [Move(standing, State.SENT, "")]) == 1
    found = store.read(messages.find, account, message)
    assert found is not None
    return Side(account, message, found.batch, call)


def report(status: str = "Success") -> Raw:
    body = urlencode({"id": SAME_ID, "status": status, "phoneNumber": number(1)})
    return Raw("delivery-reports", b"", "application/x-www-form-urlencoded", body.encode())


def one(store: Opened, side: Side) -> Message:
    found = store.read(messages.find, side.account, side.message)
    assert found is not None
    return found


@pytest.mark.parametrize("reported", [0, 1], ids=["ours", "theirs"])
def test_a_report_moves_the_message_of_its_own_account(store: Opened, sides: tuple[Side, Side], reported: int) -> None:
    mine, foreign = sides[reported], sides[1 - reported]
    untouched = one(store, foreign)
    assert found_message(store, mine.account, SAME_ID, number(1)) == mine.message
    assert store.write(delivery.receive, mine.account, report()) is Fate.APPLIED
    assert one(store, mine).state is State.DELIVERED
    assert one(store, foreign) == untouched
    assert len(store.read(callbacks.of_message, mine.account, mine.message)) == 1
    assert store.read(callbacks.of_message, foreign.account, foreign.message) == []
    assert store.read(callbacks.of_message, foreign.account, mine.message) == [], "nor by asking for its id"


def test_a_report_that_came_too_early_waits_for_its_own_account(store: Opened, ours: int, other: int) -> None:
    assert store.write(delivery.receive, ours, report()) is Fate.WAITING
    foreign = _side(store, other)
    store.write(delivery.apply_waiting, other, [SAME_ID])
    assert one(store, foreign).state is State.SENT, "it was not about theirs"
    mine = _side(store, ours)
    store.write(delivery.apply_waiting, ours, [SAME_ID])
    assert one(store, mine).state is State.DELIVERED
    assert one(store, foreign).state is State.SENT


def test_an_id_that_only_the_other_account_knows_is_unknown_here(store: Opened, ours: int, other: int) -> None:
    foreign = _side(store, other)
    assert store.write(delivery.receive, ours, report()) is Fate.WAITING
    assert one(store, foreign).state is State.SENT


def test_nothing_is_listed_or_found_across(store: Opened, sides: tuple[Side, Side], ours: int, other: int) -> None:
    for mine, foreign in (sides, sides[::-1]):
        for filters in ({}, {"number": number(1)}, {"state": State.SENT}, {"sender": "UJUMBE"}, {"since": 0}):
            given: dict[str, Any] = filters
            assert [each.id for each in store.read(messages.list_page, mine.account, Filters(**given))] == [
                mine.message
            ], filters
        assert store.read(messages.list_page, mine.account, Filters(batch=foreign.batch)) == []
        assert store.read(messages.find, mine.account, foreign.message) is None
        assert store.read(batches.find, mine.account, foreign.batch) is None
        assert store.read(calls.in_flight, mine.account) == (1, 1)
        assert store.read(calls.known, mine.account, [SAME_ID]) == {SAME_ID}
    assert store.write(calls.abandon, ours, 1 << 62, "late") == [sides[0].call]
    assert store.read(calls.in_flight, other) == (1, 1)


def test_a_claim_takes_only_its_own(store: Opened, ours: int, other: int) -> None:
    theirs = store.write(queued, other, number(1), number(2))
    scheduled = store.write(queued, other, number(3), state=State.SCHEDULED)
    late = store.write(queued, other, number(4), ttl_ms=0)
    mine = store.write(queued, ours, number(1))
    [call] = store.write(claiming.claim, ours, Limits()).calls
    assert (call.account, call.messages) == (ours, tuple(mine))
    assert store.write(claiming.claim, ours, Limits()).calls == []
    assert store.write(outbox.expire, ours, "late") == 0
    assert store.read(outbox.next_due, ours) is None
    states = [store.write(standings.one, each).state for each in (*theirs, *scheduled, *late)]
    assert states == [State.QUEUED, State.QUEUED, State.SCHEDULED, State.QUEUED]


def test_what_people_said_is_said_to_one_account(store: Opened, ours: int, other: int) -> None:
    store.write(opt_outs.insert, other, number(1), "", opt_outs.Source.CALLBACK)
    store.write(subscriptions.start, other, number(1), "12345", "news")
    store.write(inbound.insert, other, NewText("id-1", number(1), "12345", "Habari", None, "", "", "", ""))
    request = Request(other, 0, "key", b"hash")
    store.write(answers.keep, request, {"id": 1})
    assert not store.read(opt_outs.in_force, ours, number(1), "UJUMBE")
    assert store.read(opt_outs.in_force_among, ours, [number(1)], "UJUMBE") == set()
    assert store.read(opt_outs.history, ours, number(1)) == []
    assert store.write(opt_outs.end, ours, number(1), None, "operator") == 0
    assert store.read(subscriptions.list_page, ours, before=None, limit=9) == []
    assert not store.write(subscriptions.end, ours, number(1), "12345", "news")
    for who in (None, number(1)):
        assert store.read(inbound.list_page, ours, number=who, before=None, limit=9) == []
    assert store.read(answers.find, Request(ours, 0, "key", b"hash")) is None
    assert store.read(opt_outs.in_force, other, number(1), "UJUMBE"), "and all of it stands"
    found = store.write(sending.accept, batch(ours), [number(1)])
    assert [each.opted_out for each in store.write(due, ours) if each.id in found] == [False]
