"""What holds an account up, for all of its workers, and what lets it go on."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number, reply
from ujumbe.africastalking.errors import NotTakenError, ProviderError, RefusedError
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.pause import LONGEST_PROBE_SECONDS, LONGEST_SLOW_SECONDS, SLOW_SECONDS, STRIKES, Pause, probe_after
from ujumbe.flows import pausing
from ujumbe.flows.recording import Finished
from ujumbe.store import accounts

S = State
ENOUGH, NOTHING, DEBT = Money(1, "KES"), Money(0, "KES"), Money(-5_000_000, "KES")
PROBE_MS = round(1000 * probe_after(0))


def unpaid(desk: Desk) -> int:
    """A message that the balance does not cover."""
    call = desk.claimed(number(1))
    desk.answer(call, Line(405))
    return call.messages[0]


def unanswered(desk: Desk, count: int) -> None:
    for index in range(count):
        desk.fail(desk.claimed(number(index), text=f"text {index}"), ERRORS["maybe"])


def go_on(desk: Desk) -> bool:
    return desk.store.write(pausing.go_on, desk.account)


def test_without_balance_messages_wait_and_nothing_is_lost(desk: Desk, clock: Clock) -> None:
    message = unpaid(desk)
    found, health = desk.message(message), desk.health()
    assert (found.state, found.reason) == (S.QUEUED, "the balance does not cover it")
    assert found.due_at == clock.now, "the pause holds it back, not a schedule of its own"
    assert (health.pause, health.paused_at) == (Pause.BALANCE, clock.now)
    assert "405" in health.note
    waiting = desk.accept(number(2))
    claimed = desk.take()
    assert (claimed.calls, claimed.health.pause) == ([], Pause.BALANCE)
    assert desk.probe(ENOUGH) is None, "not before its time"
    clock.forward(PROBE_MS)
    assert desk.probe(NOTHING) is False
    clock.forward(2 * PROBE_MS)
    assert desk.probe(DEBT) is False
    assert desk.claim() == []
    clock.forward(4 * PROBE_MS)
    assert desk.probe(ENOUGH) is True
    assert desk.health().pause is Pause.NONE
    [call] = desk.claim()
    assert call.messages == (message, *waiting)


def test_one_text_that_was_paid_for_does_not_hide_one_that_was_not(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2))
    desk.answer(call, Line(101, "a"), Line(405))
    assert desk.health().pause is Pause.BALANCE
    assert [desk.state(each) for each in call.messages] == [S.SENT, S.QUEUED]


def test_with_a_wrong_key_nothing_leaves(desk: Desk, clock: Clock) -> None:
    call = desk.claimed(number(1))
    desk.fail(call, ERRORS["credentials"])
    assert desk.health().pause is Pause.CREDENTIALS
    assert desk.message(call.messages[0]).due_at == clock.now
    assert desk.claim() == []
    clock.forward(PROBE_MS)
    assert desk.probe(ERRORS["credentials"]) is False
    clock.forward(2 * PROBE_MS)
    assert desk.probe(NOTHING) is True, "the key is good again; the balance is another matter"
    assert [each.messages for each in desk.claim()] == [call.messages]


@pytest.mark.parametrize(
    ("ends", "paused"),
    [
        pytest.param(["maybe"] * (STRIKES - 1), False, id="not yet"),
        pytest.param(["maybe"] * STRIKES, True, id="three in a row"),
        pytest.param(["maybe", "maybe", "answer", "maybe"], False, id="an answer between"),
        pytest.param(["maybe", "maybe", "refused", "maybe"], False, id="a refusal is an answer"),
        pytest.param(["maybe", "not taken", "maybe", "maybe"], True, id="not taken is none"),
        pytest.param(["not taken"] * 20, False, id="nothing is in doubt"),
    ],
)
@pytest.mark.parametrize("together", [False, True])
def test_three_calls_in_a_row_without_an_answer(desk: Desk, ends: list[str], *, paused: bool, together: bool) -> None:
    finished = []
    for index, end in enumerate(ends):
        desk.accept(number(index), text=f"text {index}")
        [call] = desk.claim()
        result = reply(call, [Line(101, f"ATXid_{index}")]) if end == "answer" else ERRORS[end]
        finished.append(Finished(call, result))
        if not together:
            desk.record(finished[-1])
    if together:
        desk.record(*finished)
    assert (desk.health().pause is Pause.UNANSWERED) is paused
    desk.accept(number(99))
    assert (desk.claim() == []) is paused


@pytest.mark.parametrize(
    ("answer", "alive"),
    [
        pytest.param(NOTHING, True, id="a balance"),
        pytest.param(RefusedError("no such page", http_status=404), True, id="404: somebody answers"),
        pytest.param(NotTakenError("no connection"), False, id="not reached"),
        pytest.param(NotTakenError("fewer requests", http_status=429), False, id="429"),
        pytest.param(ERRORS["maybe"], False, id="502"),
    ],
)
def test_a_probe_finds_out_whether_somebody_answers(
    desk: Desk, clock: Clock, answer: Money | ProviderError, *, alive: bool
) -> None:
    unanswered(desk, STRIKES)
    clock.forward(PROBE_MS)
    assert desk.probe(answer) is alive
    assert (desk.health().pause is Pause.NONE) is alive


def test_after_a_probe_one_more_miss_is_enough_and_an_answer_settles_it(desk: Desk, clock: Clock) -> None:
    unanswered(desk, STRIKES)
    clock.forward(PROBE_MS)
    assert desk.probe(ENOUGH)
    unanswered(desk, 1)
    assert desk.health().pause is Pause.UNANSWERED
    clock.forward(PROBE_MS)
    assert desk.probe(ENOUGH) is None, "and the next probe is further away"
    clock.forward(PROBE_MS)
    assert desk.probe(ENOUGH)
    desk.answer(desk.claimed(number(1)), Line(101, "a"))
    unanswered(desk, STRIKES - 1)
    assert desk.health().pause is Pause.NONE


def test_one_worker_asks_at_a_time_and_ever_more_seldom(desk: Desk, clock: Clock) -> None:
    unpaid(desk)
    for probes in range(8):
        wait = round(1000 * probe_after(probes))
        assert desk.health().probe_at == clock.now + wait
        clock.forward(wait)
        assert desk.probe(NOTHING) is False
        assert desk.probe(ENOUGH) is None, "another asked just now"
    assert desk.health().probe_at == clock.now + 1000 * LONGEST_PROBE_SECONDS
    desk.store.write(accounts.probe_now, desk.account)
    assert desk.probe(ENOUGH), "whoever starts a service has perhaps mended it"


def test_what_a_person_paused_only_a_person_lets_go_on(desk: Desk, clock: Clock) -> None:
    desk.accept(number(1))
    [call] = desk.claim()
    desk.store.write(pausing.hold, desk.account, "the lawyer called")
    desk.answer(call, Line(101, "a"))
    for error in ERRORS.values():
        desk.fail(call, error)
    clock.forward(3_600_000)
    desk.store.write(accounts.probe_now, desk.account)
    assert desk.probe(ENOUGH) is None
    assert (desk.health().pause, desk.health().note) == (Pause.OPERATOR, "the lawyer called")
    desk.accept(number(3))
    assert desk.claim() == []
    assert go_on(desk)
    assert not go_on(desk), "there is nothing to end"
    assert len(desk.claim()) == 1


@pytest.mark.parametrize("kind", [each for each in Pause if each is not Pause.NONE])
def test_a_person_ends_every_pause(desk: Desk, kind: Pause) -> None:
    desk.store.write(accounts.pause, desk.account, kind, "why", 1 << 60)
    assert go_on(desk)
    assert len([desk.claimed(number(1))]) == 1


def test_the_graver_reason_stays(desk: Desk, clock: Clock) -> None:
    calls = [desk.claimed(number(index), text=f"text {index}") for index in range(6)]
    desk.fail(calls[0], ERRORS["credentials"])
    desk.answer(calls[1], Line(405))
    for call in calls[2:5]:
        desk.fail(call, ERRORS["maybe"])
    assert desk.health().pause is Pause.CREDENTIALS
    clock.forward(PROBE_MS)
    assert desk.probe(NOTHING), "and what else is wrong shows soon enough"
    desk.answer(calls[5], Line(405))
    assert desk.health().pause is Pause.BALANCE


def test_a_probe_that_was_on_its_way_ends_no_other_pause(desk: Desk, clock: Clock) -> None:
    unanswered(desk, STRIKES)
    clock.forward(PROBE_MS)
    asked = desk.store.write(pausing.take_probe, desk.account)
    assert asked is not None
    desk.store.write(pausing.hold, desk.account, "")
    assert not desk.store.write(pausing.probed, desk.account, asked.pause, ENOUGH)
    assert desk.health().pause is Pause.OPERATOR


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, SLOW_SECONDS), (7.0, 7.0), (86_400.0, LONGEST_SLOW_SECONDS)],
    ids=["nothing said", "said", "for a day"],
)
def test_fewer_requests_are_asked_for(desk: Desk, clock: Clock, asked: float | None, seconds: float) -> None:
    call = desk.claimed(number(1))
    desk.fail(call, NotTakenError("fewer requests", http_status=429, retry_after=asked))
    desk.accept(number(2), text="other")
    slow = round(1000 * seconds)
    assert (desk.take().calls, desk.take().again_ms) == ([], slow)
    clock.forward(slow - 1)
    assert (desk.take().calls, desk.take().again_ms) == ([], 1)
    clock.forward(1)
    assert desk.health().pause is Pause.NONE
    # What was turned away has its own schedule besides, and fails by no wish of AT's for a day's rest.
    clock.forward(2_000)
    assert {each.outgoing.text for each in desk.claim()} == {"other", "Habari"}


def test_of_two_requests_to_wait_the_longer_counts(desk: Desk, clock: Clock) -> None:
    first, second = desk.claimed(number(1)), desk.claimed(number(2), text="other")
    for call, seconds in ((first, 9.0), (second, 3.0)):
        desk.fail(call, NotTakenError("fewer requests", http_status=429, retry_after=seconds))
    assert desk.health().slow_until == clock.now + 9_000


def test_a_person_may_end_the_slowness(desk: Desk) -> None:
    desk.fail(desk.claimed(number(1)), NotTakenError("fewer requests", http_status=429, retry_after=500.0))
    desk.accept(number(2))
    assert desk.claim() == []
    assert go_on(desk)
    assert len(desk.claim()) == 1
    assert not go_on(desk), "nothing is left to end"
