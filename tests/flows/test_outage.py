"""AT was away for three days: what is still worth sending leaves, and nothing stale does."""

from typing import Any

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from tests.store.opened import batch
from ujumbe.domain import ids, recipients
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.flows import accepting, pausing
from ujumbe.flows.accepting import Accepted, Order, Request

MINUTE, HOUR, DAY = 60_000, 3_600_000, 24 * 3_600_000
S = State


def accept(desk: Desk, index: int, *, category: str = "transactional", **times: Any) -> int:
    """A message with a text of its own."""
    given = batch(desk.account, text=f"text {index}", category=category)
    order = Order(given, recipients.judge([number(index)]), **times)
    [answer] = desk.store.write(accepting.accept_all, [Request(order)])
    assert isinstance(answer, Accepted)
    return ids.read(Kind.MESSAGE, answer.document["messages"][0]["id"])


@pytest.mark.parametrize("how", ["nobody asked", "paused", "not reached"])
def test_three_days_later(desk: Desk, clock: Clock, how: str) -> None:
    now = clock.now
    stale = [
        accept(desk, 1),
        accept(desk, 2, category="otp"),
        accept(desk, 3, category="promotional"),
        accept(desk, 4, expires_at=now + 3 * DAY),
        accept(desk, 5, send_at=now + DAY),
        accept(desk, 6, send_at=now + 2 * DAY),
        accept(desk, 7, send_at=now + 3 * DAY - 11 * MINUTE, category="otp"),
    ]
    fresh = [
        accept(desk, 11, expires_at=now + 4 * DAY),
        accept(desk, 12, send_at=now + 2 * DAY + 1),
        accept(desk, 13, send_at=now + 3 * DAY - 9 * MINUTE, category="otp"),
        accept(desk, 14, send_at=now + 3 * DAY),
    ]
    later = accept(desk, 21, send_at=now + 3 * DAY + HOUR)
    if how == "nobody asked":
        clock.forward(3 * DAY)
    for _ in range(0 if how == "nobody asked" else 3 * 24):
        for call in desk.claim():
            desk.fail(call, ERRORS["credentials" if how == "paused" else "not taken"])
        clock.forward(HOUR)
    assert clock.now == now + 3 * DAY
    desk.store.write(pausing.go_on, desk.account)
    left = [message for _ in range(2) for call in desk.claim() for message in call.messages]
    assert sorted(left) == fresh
    assert {desk.state(each) for each in stale} <= {S.EXPIRED, S.FAILED}
    assert desk.state(later) is S.SCHEDULED
    assert all(desk.message(each).reason for each in stale)


@pytest.mark.parametrize("after", [10 * MINUTE - 1, 10 * MINUTE])
def test_a_login_code_is_worth_nothing_after_ten_minutes(desk: Desk, clock: Clock, after: int) -> None:
    code, other = accept(desk, 1, category="otp"), accept(desk, 2)
    clock.forward(after)
    left = [message for call in desk.claim() for message in call.messages]
    assert left == ([code, other] if after < 10 * MINUTE else [other])
    assert desk.state(code) is (S.SENDING if after < 10 * MINUTE else S.EXPIRED)


def test_a_repeat_that_would_be_late_is_none(desk: Desk, clock: Clock) -> None:
    """Its next try was due before its end, but nobody was there to make it."""
    message = accept(desk, 1, category="otp")
    [call] = desk.claim()
    clock.forward(9 * MINUTE)
    desk.answer(call, Line(500))
    assert desk.state(message) is S.QUEUED
    clock.forward(MINUTE)
    assert desk.claim() == []
    assert desk.state(message) is S.EXPIRED
