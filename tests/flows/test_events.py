"""Every change is an event, in the transaction that made it."""

from collections import Counter

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from ujumbe.domain.event import Type
from ujumbe.flows import deciding, upkeep
from ujumbe.store import batches, events, opt_outs

T = Type


def told(desk: Desk) -> list[tuple[Type, int]]:
    while desk.store.write(events.number):
        pass
    return [(each.type, each.subject) for each in desk.store.read(events.after, desk.account, 0, 10_000)]


def test_the_life_of_a_message(desk: Desk) -> None:
    call = desk.claimed(number(1))
    [message] = call.messages
    assert told(desk) == [(T.ACCEPTED, message)]
    desk.answer(call, Line(101, "ATXid_1"))
    desk.report("ATXid_1", "Buffered", number(1))
    desk.report("ATXid_1", "Success", number(1))
    desk.report("ATXid_1", "Success", number(1))
    assert told(desk) == [(T.ACCEPTED, message), (T.SENT, message), (T.DELIVERED, message)]


def test_each_end_has_its_event(desk: Desk, clock: Clock) -> None:
    refused, unclear, undelivered = desk.claimed(number(1)), desk.claimed(number(2)), desk.claimed(number(3))
    desk.answer(refused, Line(403))
    desk.fail(unclear, ERRORS["maybe"])
    desk.answer(undelivered, Line(101, "ATXid_3"))
    desk.report("ATXid_3", "Failed", number(3))
    [blocked] = desk.accept(number(4))
    desk.opt_out(number(4))
    desk.claim()
    [canceled] = desk.accept(number(5))
    desk.store.write(deciding.cancel, desk.account, canceled)
    [late] = desk.accept(number(6), lifetime_ms=1_000)
    clock.forward(2_000)
    desk.store.write(upkeep.expire, desk.account)
    found = set(told(desk))
    assert {
        (T.FAILED, refused.messages[0]),
        (T.UNCERTAIN, unclear.messages[0]),
        (T.UNDELIVERED, undelivered.messages[0]),
        (T.BLOCKED, blocked),
        (T.CANCELED, canceled),
        (T.EXPIRED, late),
    } <= found
    assert Counter(each for each, _ in found)[T.ACCEPTED] == 6


def test_a_batch_that_is_canceled(desk: Desk) -> None:
    made = desk.accept(*map(number, range(3)))
    batch = desk.message(made[0]).batch
    desk.store.write(batches.cancel, desk.account, batch, "on request")
    assert told(desk)[3:] == [(T.CANCELED, each) for each in made]


def test_what_people_say(desk: Desk) -> None:
    desk.hear("in-1", number(1), "Habari", template="")
    desk.hear("in-1", number(1), "Habari", template="")
    desk.opt_out(number(1))
    desk.opt_out(number(1))
    desk.store.write(opt_outs.end, desk.account, number(1), None, "operator")
    desk.subscribe(phoneNumber=number(1), shortCode="12345", keyword="NEWS", updateType="addition")
    desk.subscribe(phoneNumber=number(1), shortCode="12345", keyword="news", updateType="deletion")
    types = [each for each, _ in told(desk)]
    assert types == [T.RECEIVED, T.OPTED_OUT, T.OPTED_IN, T.SUBSCRIBED, T.UNSUBSCRIBED]


def test_an_empty_balance(desk: Desk) -> None:
    desk.answer(desk.claimed(number(1)), Line(405))
    assert told(desk)[-1] == (T.BALANCE_LOW, desk.account)
