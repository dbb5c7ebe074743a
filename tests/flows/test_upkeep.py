import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from tests.flows.places import account
from ujumbe.domain.message import State
from ujumbe.flows import upkeep
from ujumbe.flows.recording import LEASE_MS


def test_what_a_dead_owner_left_open_is_uncertain_and_never_queued(desk: Desk) -> None:
    call = desk.claimed(*map(number, range(3)))
    other = desk.claimed(number(9), text="other")
    waiting = desk.accept(number(5), text="waits")
    assert desk.crash() == 2
    assert [desk.verdict(each) for each in (call, other)] == ["maybe_taken"] * 2
    for message in call.messages + other.messages:
        found = desk.message(message)
        assert found.state is State.UNCERTAIN
        assert "may have been taken" in found.reason
        [attempt] = desk.attempts(message)
        assert (attempt.state, attempt.summary) == ("uncertain", found.reason)
        assert attempt.finished_at is not None
    [again] = desk.claim()
    assert again.messages == tuple(waiting)
    assert desk.crash() == 1


def test_an_invoked_one_too(desk: Desk) -> None:
    call = desk.invoked(number(1))
    assert desk.crash() == 1
    assert desk.state(call.messages[0]) is State.UNCERTAIN


@pytest.mark.parametrize("forward", [LEASE_MS - 1, LEASE_MS])
def test_a_living_owner_has_its_lease(desk: Desk, clock: Clock, forward: int) -> None:
    call = desk.claimed(number(1))
    clock.forward(forward)
    late = forward >= LEASE_MS
    assert desk.settle() == late
    assert desk.state(call.messages[0]) is (State.UNCERTAIN if late else State.SENDING)
    assert desk.settle() == 0, "once"


def test_calls_with_an_outcome_are_left_alone(desk: Desk) -> None:
    done = desk.claimed(number(1), text="1")
    desk.answer(done, Line(101, "ATXid_1"))
    failed = desk.claimed(number(2), text="2")
    desk.fail(failed, ERRORS["refused"])
    assert desk.settle(all_owners_dead=True) == 0
    assert [desk.state(each.messages[0]) for each in (done, failed)] == [State.SENT, State.FAILED]


def test_a_message_that_a_report_moved_on_stays_there(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2))
    # an id we learnt of elsewhere
    desk.place.ask(f"UPDATE attempts SET provider_id = 'ATXid_1' WHERE message_id = {call.messages[0]}")
    desk.report("ATXid_1", "Success")
    assert desk.crash() == 1
    assert [desk.state(each) for each in call.messages] == [State.DELIVERED, State.UNCERTAIN]


def test_another_accounts_calls_are_left_to_it(desk: Desk) -> None:
    call = desk.claimed(number(1))
    other = desk.store.write(account, "live")
    assert desk.store.write(upkeep.settle_abandoned, other, all_owners_dead=True) == 0
    assert desk.state(call.messages[0]) is State.SENDING
