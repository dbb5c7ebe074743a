import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from tests.store.opened import account
from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.flows.judging import REPEAT_AFTER_MS
from ujumbe.flows.timeline import Step, explain


def told(desk: Desk, message: int) -> list[Step]:
    found = desk.store.read(explain, desk.account, message)
    assert found is not None
    assert found.message == desk.message(message)
    assert [each.at for each in found.timeline] == sorted(each.at for each in found.timeline)
    return found.timeline


def test_every_attempt_and_every_report_is_told(desk: Desk, clock: Clock) -> None:
    [message] = desk.accept(number(1))
    clock.forward(1)
    [first] = desk.claim()
    clock.forward(1)
    desk.fail(first, ERRORS["429"])
    clock.forward(3_000)
    [second] = desk.claim()
    clock.forward(1)
    desk.report("ATXid_1", "Sent", number(1))
    clock.forward(1)
    desk.answer(second, Line(101, "ATXid_1"))
    for status in ("Buffered", "Quarantined", "Success", "Success"):
        clock.forward(1)
        desk.report("ATXid_1", status, number(1))
    steps = told(desk, message)
    assert [each.what for each in steps] == [
        *("accepted", "submitted", "answered", "submitted", "report", "answered"),
        *["report"] * 4,
        "state",
    ]
    assert steps[0].detail == {"through": "api"}
    begun = steps[1].detail
    assert (begun["call"], begun["recipients"]) == (ids.show(Kind.CALL, first.id), 1)
    assert (begun["request"]["to"], begun["request"]["from"]) == (number(1), "UJUMBE")
    refused = steps[2].detail
    assert (refused["outcome"], refused["http_status"], refused["reply"]) == ("not_taken", 429, "slow down")
    taken = steps[5].detail
    assert (taken["status_code"], taken["provider_message_id"], taken["cost"]) == (101, "ATXid_1", "KES 0.8000")
    reports = [each for each in steps if each.what == "report"]
    assert [(each.detail["fields"]["status"], each.detail["became"]) for each in reports] == [
        ("Sent", "applied"),
        ("Buffered", "applied"),
        ("Quarantined", "ignored"),
        ("Success", "applied"),
        ("Success", "duplicate"),
    ]
    assert all(each.detail["why"] for each in reports)
    assert steps[-1].detail == {"state": "delivered"}


def test_what_at_was_asked_is_told_without_the_others_numbers(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2), number(3), text="siri", link_id="L", keyword="K", mode="premium",
                        retry_hours=5)  # fmt: skip
    told_of = told(desk, call.messages[1])[1].detail["request"]
    assert told_of["to"] == f"{number(2)} and 2 more"
    assert (told_of["message"], told_of["bulkSMSMode"]) == ("(4 characters)", "0")
    assert (told_of["linkId"], told_of["keyword"], told_of["host"]) == ("L", "K", "content")
    assert told_of["retryDurationInHours"] == "5"


def test_decisions_are_told_in_their_place(desk: Desk, clock: Clock) -> None:
    call = desk.claimed(number(1))
    clock.forward(REPEAT_AFTER_MS)
    desk.settle()
    clock.forward(1)
    desk.answer(call, Line(101, "ATXid_1"))
    steps = told(desk, call.messages[0])
    assert [(each.what, each.detail.get("rule")) for each in steps] == [
        ("accepted", None),
        ("submitted", None),
        ("decision", "lease ran out"),
        ("answered", None),
        ("decision", "late answer"),
        ("state", None),
    ]
    assert steps[2].detail["state"] == "uncertain"
    assert "may have been taken" in steps[2].detail["why"]


def test_an_open_call_has_no_answer_yet(desk: Desk) -> None:
    call = desk.claimed(number(1))
    assert [each.what for each in told(desk, call.messages[0])] == ["accepted", "submitted", "state"]


@pytest.mark.parametrize("how", ["opted out", "expired"])
def test_what_never_left_says_why(desk: Desk, how: str) -> None:
    [message] = desk.accept(number(1), lifetime_ms=0 if how == "expired" else 60_000)
    if how == "opted out":
        desk.opt_out(number(1))
    desk.claim()
    accepted, state = told(desk, message)
    assert accepted.what == "accepted"
    assert state.detail["rule"] == ("consent" if how == "opted out" else "expiry")
    assert state.detail["reason"]


def test_a_reply_tells_what_it_came_through(desk: Desk) -> None:
    desk.hear("id-1", number(1), "Habari")
    [call] = desk.claim()
    assert told(desk, call.messages[0])[0].detail == {"through": "reply"}


def test_an_unknown_message_and_a_foreign_one(desk: Desk) -> None:
    [message] = desk.accept(number(1))
    other = desk.store.write(account, "live")
    assert desk.store.read(explain, desk.account, 17) is None
    assert desk.store.read(explain, other, message) is None
