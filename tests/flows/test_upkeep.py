import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, form, number, reply
from tests.flows.places import during, overlapped
from tests.store.opened import account
from ujumbe.domain import overdue as overdue_after
from ujumbe.domain.message import State
from ujumbe.flows import delivery, inferring, recording, upkeep
from ujumbe.flows.judging import REPEAT_AFTER_MS
from ujumbe.flows.recording import Finished
from ujumbe.store import answers, events, webhooks
from ujumbe.store.callbacks import Fate
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Rule


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


@pytest.mark.parametrize("forward", [REPEAT_AFTER_MS - 1, REPEAT_AFTER_MS])
def test_a_living_owner_has_its_lease(desk: Desk, clock: Clock, forward: int) -> None:
    call = desk.claimed(number(1))
    clock.forward(forward)
    late = forward >= REPEAT_AFTER_MS
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


def sent(desk: Desk, index: int, text: str = "Habari") -> int:
    call = desk.claimed(number(index), text=text)
    desk.answer(call, Line(101, f"ATXid_{index}"))
    return call.messages[0]


def look(desk: Desk, after: int = 0) -> int:
    return desk.store.write(upkeep.note_overdue, desk.account, after)


def overdue(desk: Desk) -> list[int]:
    return [each for [each] in desk.place.ask("SELECT id FROM messages WHERE overdue = 1 ORDER BY id")]


def test_a_text_is_overdue_when_it_waits_longer_than_is_usual(desk: Desk, clock: Clock) -> None:
    for index in range(60):
        sent(desk, index)
    clock.forward(10_000)
    for index in range(60):
        desk.report(f"ATXid_{index}", "Success", networkCode="63902")
    quick, unknown = sent(desk, 70), sent(desk, 71)
    desk.report("ATXid_70", "Sent", networkCode="63902")
    clock.forward(1000 * overdue_after.SHORTEST_SECONDS)
    look(desk)
    assert overdue(desk) == []
    clock.forward(1_000)
    look(desk)
    assert overdue(desk) == [quick, unknown], "what is usual everywhere counts where nothing else is known"
    [made] = desk.decided(quick)
    assert (made.rule, made.state) == (Rule.OVERDUE, State.SENT)
    assert "within 16 s" in made.note
    assert desk.state(quick) is State.SENT, "nothing is concluded from it"
    look(desk)
    assert len(desk.decided(quick)) == 1, "it is said once"
    desk.report("ATXid_70", "Success")
    assert overdue(desk) == [unknown]


def test_without_experience_a_text_has_half_a_day(desk: Desk, clock: Clock) -> None:
    message = sent(desk, 1)
    clock.forward(1000 * overdue_after.UNKNOWN_SECONDS)
    look(desk)
    assert overdue(desk) == []
    clock.forward(1_000)
    look(desk)
    assert overdue(desk) == [message]
    assert "too few" in desk.decided(message)[0].note


def test_many_quiet_texts_are_looked_at_in_turns(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MOST_QUIET", 3)
    made = [sent(desk, index) for index in range(7)]
    clock.forward(1000 * overdue_after.UNKNOWN_SECONDS + 1_000)
    after, seen = look(desk), []
    while after:
        seen.append(after)
        after = look(desk, after)
    assert (seen, overdue(desk)) == ([made[2], made[5]], made)


def test_what_is_kept_long_enough_is_forgotten(desk: Desk, clock: Clock) -> None:
    def forget(days: int) -> int:
        return desk.store.write(upkeep.forget, days, days)

    def answered(tx: Tx) -> None:
        answers.keep(tx, answers.Request(desk.account, 0, "key", b"hash"), {"id": "x"})

    desk.store.write(answered)
    desk.report("ATXid_1", "Success")
    desk.accept(number(1))
    clock.forward(3_600_000)
    desk.report("ATXid_2", "Success")
    desk.accept(number(2))
    clock.forward(24 * 3_600_000 - 1)
    assert forget(1) == 3, "the answer, the first report and the first event"
    assert [each.seq for each in desk.store.read(events.after, desk.account, 0, 9)] == [2]
    assert desk.place.ask("SELECT provider_id FROM callbacks") == [("ATXid_2",)]
    clock.forward(400 * 24 * 3_600_000)
    assert forget(0) == 0, "0 keeps them for ever"
    assert forget(90) == 2
    desk.accept(number(3))
    desk.store.write(events.number)
    assert [each.seq for each in desk.store.read(events.after, desk.account, 0, 9)] == [3], "no number comes twice"


def test_what_nobody_claims_expires_too(desk: Desk, clock: Clock) -> None:
    made = desk.accept(number(1), lifetime_ms=1_000)
    clock.forward(999)
    assert desk.store.write(upkeep.expire, desk.account) == 0
    clock.forward(1)
    assert desk.store.write(upkeep.expire, desk.account) == 1
    assert [desk.state(each) for each in made] == [State.EXPIRED]


def test_a_report_is_joined_by_upkeep_for_a_quarter_of_an_hour(desk: Desk, clock: Clock) -> None:
    """Later only where its id is learnt: nobody can have missed the other for so long."""
    call = desk.claimed(number(1))
    desk.report("ATXid_1", "Success")
    clock.forward(upkeep.RECENT_MS - 1_000)
    desk.join()
    assert desk.state(call.messages[0]) is State.SENDING
    clock.forward(24 * 3_600_000)
    desk.answer(call, Line(101, "ATXid_1"))
    assert desk.state(call.messages[0]) is State.DELIVERED


# On PostgreSQL a report and the record of its send can be written at the same time, each without seeing the other.


@pytest.mark.parametrize("how", ["the record looks again", "the report looks again", "upkeep looks"])
def test_a_report_and_a_record_that_miss_each_other_meet_afterwards(shared: Desk, how: str) -> None:
    call = shared.claimed(number(1))
    raw = form("delivery-reports", {"id": "ATXid_1", "status": "Success", "phoneNumber": number(1)})

    def record(tx: Tx) -> None:
        recording.record_all(tx, [Finished(call, reply(call, [Line(101, "ATXid_1")]))])

    fate = during(shared.store, record, lambda tx: delivery.receive(tx, shared.account, raw))
    assert fate is Fate.WAITING
    assert shared.state(call.messages[0]) is State.SENT
    if how == "the record looks again":
        shared.store.write(delivery.match_again, [(shared.account, ["ATXid_1"])])
    elif how == "the report looks again":
        shared.store.write(inferring.after_reports, shared.account, [delivery.read(raw).report], infer=False)
    else:
        shared.join(infer=False)
    assert shared.state(call.messages[0]) is State.DELIVERED
    assert shared.place.ask("SELECT state FROM callbacks") == [("applied",)]


def test_a_lease_is_not_settled_while_its_end_is_being_recorded(shared: Desk, clock: Clock) -> None:
    call = shared.claimed(number(1))
    clock.forward(REPEAT_AFTER_MS)

    def record(tx: Tx) -> None:
        recording.record_all(tx, [Finished(call, reply(call, [Line(101, "ATXid_1")]))])

    assert (
        during(shared.store, record, lambda tx: upkeep.settle_abandoned(tx, shared.account, all_owners_dead=False)) == 0
    )
    assert shared.state(call.messages[0]) is State.SENT
    assert shared.settle() == 0


def test_a_record_waits_for_a_lease_that_is_being_settled_and_has_the_last_word(shared: Desk, clock: Clock) -> None:
    call = shared.claimed(number(1))
    clock.forward(REPEAT_AFTER_MS)

    def record(tx: Tx) -> None:
        recording.record_all(tx, [Finished(call, reply(call, [Line(101, "ATXid_1")]))])

    overlapped(shared.store, lambda tx: upkeep.settle_abandoned(tx, shared.account, all_owners_dead=False), record)
    assert shared.state(call.messages[0]) is State.SENT
    assert [each.rule for each in shared.decided(call.messages[0])] == [Rule.LEASE, Rule.LATE]


def test_what_an_endpoint_was_not_told_is_kept_longer(desk: Desk, clock: Clock) -> None:
    """It may be away, or disabled by mistake; but not for ever."""
    desk.accept(number(1))
    desk.store.write(events.number)
    desk.store.write(webhooks.create, desk.account, "https://example.org/", [])
    desk.accept(number(2))
    day = 24 * 3_600_000

    def left() -> list[int]:
        while desk.store.write(upkeep.forget, 1, 1):
            pass
        return [each.seq for each in desk.store.read(events.after, desk.account, 0, 9)]

    clock.forward(2 * day)
    assert left() == [2]
    clock.forward((upkeep.UNTOLD_FACTOR - 1) * day)
    assert left() == []
