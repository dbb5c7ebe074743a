"""Which hours have to be counted again."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk, Line, number
from tests.flows.tally import counted, tallied, tally
from tests.store.opened import account
from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.store import events, ids, tallies
from ujumbe.store.tallies import HOUR_MS

HOUR = 498_000


def id_in(hour: int) -> int:
    return ids.floor(hour * HOUR_MS) + 7


def told(desk: Desk, type_: Type, *hours: int, of: int | None = None) -> None:
    subjects = [id_in(hour) for hour in hours]
    desk.store.write(events.add, desk.account if of is None else of, type_, subjects)


def changed(desk: Desk) -> tuple[set[int], int]:
    while desk.store.write(events.number):
        pass
    return desk.store.read(tallies.changed, desk.account, 0)


def test_ids_tell_the_hours_in_whatever_order_they_come(desk: Desk) -> None:
    told(desk, Type.ACCEPTED, HOUR, HOUR)
    told(desk, Type.DELIVERED, HOUR + 9, HOUR + 2, HOUR + 5, HOUR + 2)
    assert changed(desk) == ({HOUR, HOUR + 2, HOUR + 5, HOUR + 9}, 6)


@pytest.mark.parametrize("type_", [Type.RECEIVED, Type.OPTED_OUT, Type.BALANCE_LOW])
def test_what_is_about_no_message_names_no_hour(desk: Desk, type_: Type) -> None:
    told(desk, type_, HOUR)
    assert changed(desk) == (set(), 1)


def test_another_account_has_hours_of_its_own(desk: Desk) -> None:
    told(desk, Type.SENT, HOUR, of=desk.store.write(account, "live"))
    told(desk, Type.SENT, HOUR + 1)
    assert changed(desk) == ({HOUR + 1}, 2)


def test_a_long_log_is_read_piece_by_piece(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_ROWS", 2)
    for hour in range(5):
        told(desk, Type.SENT, HOUR + hour)
    found, seen = changed(desk)
    assert (found, seen) == ({HOUR, HOUR + 1}, 2)
    found, seen = desk.store.read(tallies.changed, desk.account, seen)
    assert (found, seen) == ({HOUR + 2, HOUR + 3}, 4)
    found, seen = desk.store.read(tallies.changed, desk.account, seen)
    assert (found, seen) == ({HOUR + 4}, 5)
    assert desk.store.read(tallies.changed, desk.account, seen) == (set(), 5)


def test_a_late_report_is_counted_in_the_hour_of_its_message(desk: Desk, clock: Clock) -> None:
    call = desk.claimed(number(0))
    desk.answer(call, Line(101, "ATXid_1"))
    tally(desk)
    [message] = call.messages
    hour = tallies.hour_of_id(message)
    assert tallied(desk) == ({(hour, State.SENT, ""): 1}, {}, {"KES": 800_000})
    clock.forward(3 * 24 * HOUR_MS)
    desk.report("ATXid_1", "Success", number(0), networkCode="63902")
    tally(desk)
    expected = {(hour, State.DELIVERED, "63902"): 1}, {(hour, "63902", 259_200): 1}, {"KES": 800_000}
    assert tallied(desk) == counted(desk) == expected
