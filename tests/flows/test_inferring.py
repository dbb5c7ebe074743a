"""Reports of ids that AT never told us."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from ujumbe.domain.message import State
from ujumbe.flows import deciding, delivery, inferring
from ujumbe.flows.claiming import Call
from ujumbe.flows.judging import REPEAT_AFTER_MS
from ujumbe.store.callbacks import Fate
from ujumbe.store.decisions import Rule

S = State
UNKNOWN = "ATXid_unknown"


def lost(desk: Desk, *numbers: str, **fields: str) -> Call:
    """A call of which nobody knows whether AT took it."""
    call = desk.claimed(*numbers, **fields)
    desk.fail(call, ERRORS["maybe"])
    return call


def report(desk: Desk, to: str, status: str = "Success", provider_id: str = UNKNOWN, *, infer: bool = True) -> Fate:
    """A report as the web takes it: what becomes of it at once."""
    fate, raw = desk.reported(provider_id, status, to)
    if fate is Fate.WAITING:
        desk.store.write(inferring.after_reports, desk.account, [delivery.read(raw).report], infer=infer)
    [[state]] = desk.place.ask(
        f"SELECT state FROM callbacks WHERE provider_id = '{provider_id}' ORDER BY id DESC LIMIT 1"
    )
    return Fate(state)


@pytest.mark.parametrize(
    ("status", "state"), [("Success", S.DELIVERED), ("Failed", S.UNDELIVERED), ("Sent", S.SENT), ("New", S.UNCERTAIN)]
)
def test_one_report_and_one_text_that_it_can_mean(desk: Desk, status: str, state: State) -> None:
    call = lost(desk, number(1), number(2))
    [message, other] = call.messages
    assert report(desk, number(1), status) is (Fate.IGNORED if state is S.UNCERTAIN else Fate.APPLIED)
    assert [desk.state(message), desk.state(other)] == [state, S.UNCERTAIN]
    [attempt] = desk.attempts(message)
    assert (attempt.inferred, attempt.provider_id) == (True, UNKNOWN)
    assert desk.message(message).provider_id == UNKNOWN
    [[note]] = desk.place.ask("SELECT note FROM callbacks")
    assert "inferred" in note
    told = [] if state is S.UNCERTAIN else [(Rule.INFERRED, state)]
    assert [(each.rule, each.state) for each in desk.decided(message)] == told
    if state is S.SENT:
        assert report(desk, number(1), "Success") is Fate.APPLIED, "from here on its id is known"
        assert desk.state(message) is S.DELIVERED


def test_a_report_that_came_before_the_call_is_about_another(desk: Desk, clock: Clock) -> None:
    assert report(desk, number(1)) is Fate.WAITING
    clock.forward(1)
    [message] = lost(desk, number(1)).messages
    desk.join()
    assert desk.state(message) is S.UNCERTAIN


@pytest.mark.parametrize("which", ["same text", "other text", "other sender"])
def test_of_two_texts_it_may_mean_either(desk: Desk, which: str) -> None:
    fields = {"same text": {}, "other text": {"text": "other"}, "other sender": {"sender": "12345"}}
    calls = [lost(desk, number(1)), lost(desk, number(1), **fields[which])]
    assert report(desk, number(1)) is Fate.WAITING
    assert [desk.state(each.messages[0]) for each in calls] == [S.UNCERTAIN] * 2
    desk.answer(calls[0], Line(101, "ATXid_1"))
    desk.join()
    assert [desk.state(each.messages[0]) for each in calls] == [S.SENT, S.DELIVERED], "until the other is settled"


def test_two_attempts_of_one_text_are_two(desk: Desk, clock: Clock) -> None:
    call = lost(desk, number(1), on_uncertain="resend")
    clock.forward(REPEAT_AFTER_MS)
    [again] = desk.claim()
    desk.fail(again, ERRORS["maybe"])
    assert report(desk, number(1)) is Fate.WAITING
    assert not any(each.inferred for each in desk.attempts(call.messages[0]))


def test_two_unknown_ids_for_one_text_are_one_too_many(desk: Desk) -> None:
    desk.accept(number(1))
    [call] = desk.claim()
    assert report(desk, number(1), provider_id="ATXid_a") is Fate.WAITING
    assert report(desk, number(1), provider_id="ATXid_b") is Fate.WAITING
    desk.fail(call, ERRORS["maybe"])
    desk.join()
    assert desk.state(call.messages[0]) is S.UNCERTAIN


def test_several_reports_of_one_unknown_id_are_one_story(desk: Desk) -> None:
    call = desk.claimed(number(1))
    for status in ("Sent", "Success", "Success"):
        assert report(desk, number(1), status) is Fate.WAITING, "the call is open: its answer may still tell the id"
    desk.fail(call, ERRORS["maybe"])
    desk.join()
    assert desk.state(call.messages[0]) is S.DELIVERED
    assert desk.place.ask("SELECT state FROM callbacks ORDER BY id") == [("applied",), ("applied",), ("duplicate",)]
    assert [each.state for each in desk.decided(call.messages[0])] == [S.DELIVERED]


def test_an_open_attempt_is_waited_for(desk: Desk, clock: Clock) -> None:
    [message] = lost(desk, number(1)).messages
    still = desk.claimed(number(1), text="other")
    assert report(desk, number(1)) is Fate.WAITING
    desk.join()
    assert [desk.state(each) for each in (message, *still.messages)] == [S.UNCERTAIN, S.SENDING]
    desk.answer(still, Line(101, "ATXid_1"))
    desk.join()
    assert [desk.state(each) for each in (message, *still.messages)] == [S.DELIVERED, S.SENT]


@pytest.mark.parametrize("how", ["at the report", "by upkeep"])
def test_where_the_account_is_shared_nothing_is_inferred(desk: Desk, how: str) -> None:
    [message] = lost(desk, number(1)).messages
    assert report(desk, number(1), infer=False) is Fate.WAITING
    if how == "by upkeep":
        desk.join(infer=False)
    assert desk.state(message) is S.UNCERTAIN
    desk.join(infer=True)
    assert desk.state(message) is S.DELIVERED


@pytest.mark.parametrize("to", ["", "SAFARICOM", number(2)], ids=["none", "a name", "another"])
def test_it_must_be_of_that_number(desk: Desk, to: str) -> None:
    [message] = lost(desk, number(1)).messages
    assert report(desk, to) is Fate.WAITING
    desk.join()
    assert desk.state(message) is S.UNCERTAIN


def test_what_has_an_id_is_not_meant_by_another(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(501, "ATXid_1"))
    assert report(desk, number(1)) is Fate.WAITING
    desk.join()
    assert desk.state(call.messages[0]) is S.UNCERTAIN


def test_an_assumed_end_gives_way_to_it(desk: Desk) -> None:
    [message] = lost(desk, number(1)).messages
    desk.store.write(deciding.resolve, desk.account, message, sent=False, resend=False)
    assert desk.message(message).assumed
    assert report(desk, number(1)) is Fate.APPLIED
    assert (desk.state(message), desk.message(message).assumed) == (S.DELIVERED, False)


def test_what_was_settled_by_a_late_answer_needs_no_guess(desk: Desk, clock: Clock) -> None:
    call = desk.claimed(number(1))
    clock.forward(REPEAT_AFTER_MS)
    desk.settle()
    desk.answer(call, Line(403))
    assert report(desk, number(1)) is Fate.WAITING
    assert desk.state(call.messages[0]) is S.FAILED


def test_a_late_answer_with_another_id_has_the_last_word(desk: Desk, clock: Clock) -> None:
    """The guess was wrong: the report was about a text that somebody else sent. Delivered it stays, as it was said."""
    call = desk.claimed(number(1))
    clock.forward(REPEAT_AFTER_MS)
    desk.settle()
    assert report(desk, number(1), "Sent") is Fate.APPLIED
    desk.answer(call, Line(101, "ATXid_1"))
    assert desk.message(call.messages[0]).provider_id == "ATXid_1"
    assert report(desk, number(1), "Failed", "ATXid_1") is Fate.APPLIED
    assert desk.state(call.messages[0]) is S.UNDELIVERED


def test_a_text_of_last_week_is_left_alone(desk: Desk, clock: Clock) -> None:
    [message] = lost(desk, number(1)).messages
    clock.forward(inferring.LOOK_BACK_MS + 1_000)
    assert report(desk, number(1)) is Fate.WAITING
    assert desk.state(message) is S.UNCERTAIN
