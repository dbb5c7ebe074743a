"""What a message's own policy, or a person, makes of an attempt that may have been taken."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from ujumbe.domain.message import State
from ujumbe.flows import deciding
from ujumbe.flows.deciding import StateError
from ujumbe.flows.judging import REPEAT_AFTER_MS

S = State
ID = "ATXid_1"


def resolve(desk: Desk, message: int, *, sent: bool = False, resend: bool = False) -> bool:
    return desk.store.write(deciding.resolve, desk.account, message, sent=sent, resend=resend)


@pytest.mark.parametrize(
    ("policy", "state", "assumed"),
    [("hold", S.UNCERTAIN, False), ("resend", S.QUEUED, True), ("fail", S.FAILED, True)],
)
@pytest.mark.parametrize("how", ["error", "left out", "crash"])
def test_each_policy(desk: Desk, policy: str, state: State, how: str, *, assumed: bool) -> None:
    call = desk.claimed(number(1), on_uncertain=policy)
    [message] = call.messages
    if how == "error":
        desk.fail(call, ERRORS["maybe"])
    elif how == "left out":
        desk.answer(call, Line(0))
    else:
        desk.crash()
    found = desk.message(message)
    assert (found.state, found.assumed) == (state, assumed)
    assert found.reason
    assert [each.state for each in desk.attempts(message)] == ["uncertain"]
    assert desk.claim() == [], "a repeat waits"


def test_a_repeat_waits_for_the_old_lease(desk: Desk, clock: Clock) -> None:
    call = desk.claimed(number(1), on_uncertain="resend")
    desk.fail(call, ERRORS["maybe"])
    clock.forward(REPEAT_AFTER_MS - 1)
    assert desk.claim() == []
    clock.forward(1)
    [again] = desk.claim()
    assert again.messages == call.messages
    desk.answer(again, Line(101, ID))
    assert desk.state(call.messages[0]) is S.SENT
    assert [each.state for each in desk.attempts(call.messages[0])] == ["uncertain", "taken"]


def test_no_repeat_that_would_be_late(desk: Desk) -> None:
    call = desk.claimed(number(1), on_uncertain="resend", lifetime_ms=REPEAT_AFTER_MS)
    desk.fail(call, ERRORS["maybe"])
    found = desk.message(call.messages[0])
    assert (found.state, found.assumed) == (S.FAILED, True)


@pytest.mark.parametrize("policy", ["resend", "fail"])
def test_an_invoked_message_is_held_whatever_its_policy(desk: Desk, policy: str) -> None:
    call = desk.invoked(number(1), on_uncertain=policy)
    desk.fail(call, ERRORS["maybe"])
    assert desk.state(call.messages[0]) is S.UNCERTAIN


@pytest.mark.parametrize(
    ("sent", "resend", "state", "assumed"),
    [(True, False, S.SENT, True), (False, False, S.FAILED, True), (False, True, S.QUEUED, True)],
    ids=["sent", "not sent", "again"],
)
def test_a_persons_word(desk: Desk, state: State, *, sent: bool, resend: bool, assumed: bool) -> None:
    call = desk.claimed(number(1))
    [message] = call.messages
    desk.fail(call, ERRORS["maybe"])
    assert resolve(desk, message, sent=sent, resend=resend)
    found = desk.message(message)
    assert (found.state, found.assumed) == (state, assumed)
    assert "by hand" in found.reason
    with pytest.raises(StateError):
        resolve(desk, message, sent=True)
    assert len(desk.claim()) == resend
    assert not resolve(desk, 17, sent=True)


@pytest.mark.parametrize(("status", "state"), [("Success", S.DELIVERED), ("Failed", S.UNDELIVERED), ("Sent", S.SENT)])
@pytest.mark.parametrize("assumption", ["fail", "sent", "not sent"])
def test_evidence_replaces_an_assumed_end(desk: Desk, status: str, state: State, assumption: str) -> None:
    call = desk.claimed(number(1), on_uncertain="fail" if assumption == "fail" else "hold")
    [message] = call.messages
    desk.answer(call, Line(501, ID))
    if assumption != "fail":
        resolve(desk, message, sent=assumption == "sent")
    assert desk.message(message).assumed
    desk.report(ID, status, number(1))
    found = desk.message(message)
    assert (found.state, found.assumed) == (state, False)
    desk.report(ID, "Rejected" if state is S.DELIVERED else "Success", number(1))
    assert desk.state(message) is (S.DELIVERED if state is S.SENT else state), "and then it is final"


@pytest.mark.parametrize("state", list(State), ids=str)
def test_only_what_has_not_left_is_canceled(desk: Desk, state: State) -> None:
    [message] = desk.accept(number(1))
    desk.place.ask(f"UPDATE messages SET state = '{state}'")
    if state in (S.QUEUED, S.SCHEDULED):
        assert desk.store.write(deciding.cancel, desk.account, message)
        assert desk.state(message) is S.CANCELED
        assert desk.claim() == []
    else:
        with pytest.raises(StateError, match=state):
            desk.store.write(deciding.cancel, desk.account, message)
        assert desk.state(message) is state


# A repeat that is decided on while the first call's owner still lives (a laptop that slept: its upkeep runs before the
# answer is read), or that never goes out, meets late evidence about the first attempt.


@pytest.mark.parametrize(("line", "state"), [(Line(101, ID), S.SENT), (Line(403), S.FAILED)], ids=["taken", "refused"])
def test_a_late_answer_stops_the_repeat(desk: Desk, clock: Clock, line: Line, state: State) -> None:
    call = desk.claimed(number(1), on_uncertain="resend")
    clock.forward(REPEAT_AFTER_MS)
    assert desk.settle() == 1
    desk.answer(call, line)
    assert desk.state(call.messages[0]) is state
    clock.forward(REPEAT_AFTER_MS)
    assert desk.claim() == []


@pytest.mark.parametrize("end", ["canceled", "expired", "blocked"])
def test_a_report_on_the_first_attempt_replaces_the_end_of_a_repeat_that_never_left(
    desk: Desk, clock: Clock, end: str
) -> None:
    call = desk.claimed(number(1), on_uncertain="resend", lifetime_ms=2 * REPEAT_AFTER_MS)
    [message] = call.messages
    desk.answer(call, Line(501, ID))
    if end == "canceled":
        desk.store.write(deciding.cancel, desk.account, message)
    elif end == "blocked":
        desk.opt_out(number(1))
    clock.forward(2 * REPEAT_AFTER_MS if end == "expired" else REPEAT_AFTER_MS)
    desk.claim()
    assert desk.state(message) == end
    desk.report(ID, "Success", number(1))
    assert desk.state(message) is S.DELIVERED
