"""What becomes of a message by each way a call can end."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number, reply
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.outcome import Verdict
from ujumbe.flows import deciding
from ujumbe.flows.judging import REPEAT_AFTER_MS
from ujumbe.flows.recording import Finished
from ujumbe.store import opt_outs
from ujumbe.store.decisions import Rule

ID = "ATXid_1"
S = State


@pytest.mark.parametrize(
    ("line", "queued", "invoked", "attempt"),
    [
        pytest.param(Line(100, ID), S.SENT, S.SENT, "taken", id="100 Processed"),
        pytest.param(Line(101, ID), S.SENT, S.SENT, "taken", id="101 Sent"),
        pytest.param(Line(102, ID), S.SENT, S.SENT, "taken", id="102 Queued"),
        pytest.param(Line(401), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="401 RiskHold"),
        pytest.param(Line(402), S.FAILED, S.FAILED, "refused", id="402 InvalidSenderId"),
        pytest.param(Line(403), S.FAILED, S.FAILED, "refused", id="403 InvalidPhoneNumber"),
        pytest.param(Line(404), S.FAILED, S.FAILED, "refused", id="404 UnsupportedNumberType"),
        pytest.param(Line(405), S.QUEUED, S.FAILED, "not_taken", id="405 InsufficientBalance"),
        pytest.param(Line(405, ID), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="405 with an id"),
        pytest.param(Line(406), S.BLOCKED, S.BLOCKED, "opted_out", id="406 UserInBlacklist"),
        pytest.param(Line(407), S.FAILED, S.FAILED, "refused", id="407 CouldNotRoute"),
        pytest.param(Line(409), S.FAILED, S.FAILED, "refused", id="409 DoNotDisturbRejection"),
        pytest.param(Line(500), S.QUEUED, S.FAILED, "not_taken", id="500 without an id"),
        pytest.param(Line(501), S.QUEUED, S.FAILED, "not_taken", id="501 without an id"),
        pytest.param(Line(502), S.QUEUED, S.FAILED, "not_taken", id="502 without an id"),
        pytest.param(Line(500, ID), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="500 with an id"),
        pytest.param(Line(501, ID), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="501 with an id"),
        pytest.param(Line(502, ID), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="502 with an id"),
        pytest.param(Line(999), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="a code of tomorrow"),
        pytest.param(Line(0), S.UNCERTAIN, S.UNCERTAIN, "uncertain", id="not mentioned"),
    ],
)
@pytest.mark.parametrize("invoke", [False, True], ids=["queued", "invoked"])
def test_each_line_of_a_reply(
    desk: Desk, line: Line, queued: State, invoked: State, attempt: str, *, invoke: bool
) -> None:
    call = desk.invoked(number(1)) if invoke else desk.claimed(number(1))
    [message] = call.messages
    assert desk.state(message) is S.SENDING
    desk.answer(call, line)
    found = desk.message(message)
    assert found.state is (invoked if invoke else queued)
    assert (found.reason == "") is (found.state is S.SENT), "every other end has its reason"
    assert found.provider_id == (line.id if line.id == ID else None)
    [kept] = desk.attempts(message)
    assert (kept.state, desk.verdict(call)) == (attempt, "answered")
    assert (kept.code, kept.provider_id) == (line.code or None, found.provider_id)
    assert desk.claim() == [], "nothing is sent again at once"


def test_what_a_taken_line_tells_is_kept(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, ID))
    found = desk.message(call.messages[0])
    assert (found.cost, found.provider_id, found.tries) == (Money(800_000, "KES"), ID, 1)


@pytest.mark.parametrize(
    ("error", "queued", "invoked", "attempt", "verdict"),
    [
        pytest.param("not taken", S.QUEUED, S.FAILED, "not_taken", "not_taken", id="not reached"),
        pytest.param("429", S.QUEUED, S.FAILED, "not_taken", "not_taken", id="429"),
        pytest.param("refused", S.FAILED, S.FAILED, "refused", "answered", id="4xx"),
        pytest.param("credentials", S.QUEUED, S.FAILED, "not_taken", "answered", id="401"),
        pytest.param("maybe", S.UNCERTAIN, S.UNCERTAIN, "uncertain", "maybe_taken", id="maybe taken"),
    ],
)
@pytest.mark.parametrize("invoke", [False, True], ids=["queued", "invoked"])
def test_each_error(
    desk: Desk, error: str, queued: State, invoked: State, attempt: str, verdict: str, *, invoke: bool
) -> None:
    call = desk.invoked(number(1)) if invoke else desk.claimed(number(1))
    desk.fail(call, ERRORS[error])
    for message in call.messages:
        found = desk.message(message)
        assert found.state is (invoked if invoke else queued)
        assert found.reason == str(ERRORS[error])
        [kept] = desk.attempts(message)
        assert (kept.state, kept.http_status) == (attempt, ERRORS[error].http_status)
        assert desk.verdict(call) == verdict
        assert (kept.summary, kept.reply) == (str(ERRORS[error]), ERRORS[error].body)


@pytest.mark.parametrize(
    ("summary", "state", "code", "reason"),
    [
        pytest.param("InvalidSenderId", S.FAILED, 402, "the sender ID is not registered", id="a refusal that we know"),
        pytest.param("NotToday", S.FAILED, None, "AT refused the request: NotToday", id="a refusal of tomorrow"),
        pytest.param("Sent to 0/2 Total Cost: 0", S.FAILED, None, "AT refused the request", id="it says sent to none"),
        pytest.param("Not today", S.UNCERTAIN, None, "does not mention it", id="words that may mean anything"),
        pytest.param("Sent to 2/2", S.UNCERTAIN, None, "does not mention it", id="it says sent and lists nobody"),
    ],
)
def test_a_reply_without_recipients_is_about_all_of_them(
    desk: Desk, summary: str, state: State, code: int | None, reason: str
) -> None:
    call = desk.claimed(number(1), number(2))
    desk.answer(call, Line(0), Line(0), summary=summary)
    for message in call.messages:
        assert desk.state(message) is state
        assert reason in desk.message(message).reason
        assert desk.attempts(message)[0].code == code


def test_one_call_has_many_ends(desk: Desk) -> None:
    call = desk.claimed(*map(number, range(5)))
    desk.answer(call, Line(101, ID), Line(403), Line(500), Line(0), Line(406))
    assert [desk.state(each) for each in call.messages] == [S.SENT, S.FAILED, S.QUEUED, S.UNCERTAIN, S.BLOCKED]


def test_not_taken_is_believed_only_where_the_summary_agrees(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2))
    desk.answer(call, Line(101, ID), Line(500), summary="Sent to 2/2 Total Cost: KES 1.6000")
    assert [desk.state(each) for each in call.messages] == [S.SENT, S.UNCERTAIN]


@pytest.mark.parametrize(
    ("sender", "recorded"),
    [("UJUMBE", "UJUMBE"), ("12345", "12345"), ("", "AFRICASTKNG")],
    ids=["ours", "a short code", "AT's own"],
)
def test_406_opts_out_of_that_sender(desk: Desk, sender: str, recorded: str) -> None:
    call = desk.claimed(number(1), sender=sender)
    desk.answer(call, Line(406))
    [kept] = desk.store.read(opt_outs.history, desk.account, number(1))
    assert (kept.sender, kept.source) == (recorded, opt_outs.Source.REFUSAL)
    [again] = desk.accept(number(1), sender=sender)
    assert desk.claim() == []
    assert desk.state(again) is S.BLOCKED
    assert desk.invoke(number(1), sender=sender) is None
    desk.claimed(number(1), sender="ANOTHER")


def test_what_was_not_taken_waits_longer_each_time(desk: Desk, clock: Clock) -> None:
    [message] = desk.accept(number(1))
    waits = []
    for tries in range(1, 13):
        [call] = desk.claim()
        assert desk.message(message).tries == tries
        desk.answer(call, Line(500))
        waits.append(desk.message(message).due_at - clock.now)
        assert desk.claim() == [], "not before its time"
        clock.forward(waits[-1] - 1)
        assert desk.claim() == []
        clock.forward(1)
    assert all(1_000 * 2**index <= wait <= 2_000 * 2**index for index, wait in enumerate(waits[:8]))
    assert all(300_000 <= wait <= 600_000 for wait in waits[9:])
    assert len(desk.attempts(message)) == 12


def test_no_try_is_left_when_it_would_be_late(desk: Desk) -> None:
    [message] = desk.accept(number(1), lifetime_ms=500)
    [call] = desk.claim()
    desk.answer(call, Line(500))
    assert desk.state(message) is S.FAILED


@pytest.mark.parametrize("forward", [999, 1_000], ids=["just in time", "late"])
def test_a_message_expires_in_the_queue(desk: Desk, clock: Clock, forward: int) -> None:
    [message] = desk.accept(number(1), lifetime_ms=1_000)
    clock.forward(forward)
    assert len(desk.claim()) == (forward < 1_000)
    assert desk.state(message) is (S.SENDING if forward < 1_000 else S.EXPIRED)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        pytest.param(Line(101, ID), S.SENT, id="taken"),
        pytest.param(Line(403), S.FAILED, id="refused"),
        pytest.param(Line(406), S.BLOCKED, id="opted out"),
        pytest.param(Line(500), S.QUEUED, id="not taken: nothing is left in doubt"),
        pytest.param(Line(0), S.UNCERTAIN, id="not mentioned"),
    ],
)
def test_a_late_result_is_recorded_after_the_call_was_settled(
    desk: Desk, clock: Clock, line: Line, state: State
) -> None:
    call = desk.claimed(number(1))
    [message] = call.messages
    assert desk.settle() == 0, "the lease still runs"
    clock.forward(REPEAT_AFTER_MS)
    assert desk.settle() == 1
    assert desk.state(message) is S.UNCERTAIN
    desk.answer(call, line)
    assert desk.state(message) is state
    assert desk.verdict(call) == "answered"
    assert desk.claim() == []


def test_a_result_that_comes_twice_changes_nothing(desk: Desk) -> None:
    call = desk.claimed(number(1), number(2))
    lines = (Line(101, ID), Line(500))
    desk.answer(call, *lines)
    before = [desk.message(each) for each in call.messages]
    desk.answer(call, *lines)
    after = [desk.message(each) for each in call.messages]
    assert [(each.state, each.tries, each.reason) for each in after] == [
        (each.state, each.tries, each.reason) for each in before
    ]


def test_calls_of_one_transaction_each_have_their_own_end(desk: Desk) -> None:
    first, second, third = (desk.claimed(number(index), number(9), text=str(index)) for index in range(3))
    tallies = desk.record(
        Finished(first, reply(first, [Line(101, "a"), Line(102, "b")])),
        Finished(second, ERRORS["maybe"]),
        Finished(third, reply(third, [Line(403), Line(101, "c")])),
    )
    assert tallies == [{Verdict.TAKEN: 2}, {Verdict.UNCERTAIN: 2}, {Verdict.REFUSED: 1, Verdict.TAKEN: 1}]
    found = [desk.state(each) for call in (first, second, third) for each in call.messages]
    assert found == [S.SENT, S.SENT, S.UNCERTAIN, S.UNCERTAIN, S.FAILED, S.SENT]
    assert [desk.verdict(each) for each in (first, second, third)] == ["answered", "maybe_taken", "answered"]


@pytest.mark.parametrize(
    ("line", "again", "state", "assumed"),
    [
        pytest.param(Line(101, "a"), Line(500), S.SENT, False, id="the first was taken"),
        pytest.param(Line(500), Line(101, "b"), S.SENT, False, id="the repeat was taken"),
        pytest.param(Line(101, "a"), Line(101, "b"), S.SENT, False, id="both"),
        pytest.param(Line(0), Line(500), S.QUEUED, True, id="neither, for all we know"),
        pytest.param(Line(403), Line(101, "b"), S.SENT, False, id="a refusal of the first says nothing of the repeat"),
        pytest.param(Line(403), Line(0), S.FAILED, True, id="refused, and nobody knows of the repeat"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_message_in_two_calls(
    desk: Desk, clock: Clock, line: Line, again: Line, state: State, *, assumed: bool, together: bool
) -> None:
    """Its lease ran out while the owner lived, its policy wanted a repeat, and then both calls ended."""
    first = desk.claimed(number(1), on_uncertain="resend")
    [message] = first.messages
    clock.forward(REPEAT_AFTER_MS)
    assert desk.settle() == 1
    clock.forward(REPEAT_AFTER_MS)
    [second] = desk.claim()
    ends = [Finished(first, reply(first, [line])), Finished(second, reply(second, [again]))]
    for group in [ends] if together else [[each] for each in ends]:
        desk.record(*group)
    found = desk.message(message)
    assert (found.state, found.assumed) == (state, assumed)
    assert [each.call for each in desk.attempts(message)] == [first.id, second.id]


@pytest.mark.parametrize("word", [Line(0), Line(500), Line(501), "maybe", "not taken", "429"])
def test_late_doubts_about_the_first_say_nothing_of_the_repeat_that_is_under_way(
    desk: Desk, clock: Clock, word: Line | str
) -> None:
    first = desk.claimed(number(1), on_uncertain="resend")
    clock.forward(REPEAT_AFTER_MS)
    desk.settle()
    clock.forward(REPEAT_AFTER_MS)
    [second] = desk.claim()
    desk.record(Finished(first, ERRORS[word] if isinstance(word, str) else reply(first, [word])))
    assert desk.state(first.messages[0]) is S.SENDING
    clock.forward(REPEAT_AFTER_MS)
    assert desk.claim() == []
    desk.answer(second, Line(101, ID))
    assert desk.state(first.messages[0]) is S.SENT


def decided(desk: Desk, message: int) -> list[tuple[str, str]]:
    made = desk.decided(message)
    assert all(each.note for each in made)
    return [(each.rule, each.state) for each in made]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("hold", []),
        ("resend", [(Rule.POLICY, S.QUEUED)]),
        ("fail", [(Rule.POLICY, S.FAILED)]),
    ],
)
def test_what_a_policy_decided_is_told(desk: Desk, policy: str, told: list[tuple[str, str]]) -> None:
    call = desk.claimed(number(1), on_uncertain=policy)
    desk.fail(call, ERRORS["maybe"])
    assert decided(desk, call.messages[0]) == told


@pytest.mark.parametrize("policy", ["hold", "resend"])
def test_a_lease_that_ran_out_and_a_late_answer_are_told(desk: Desk, clock: Clock, policy: str) -> None:
    call = desk.claimed(number(1), on_uncertain=policy)
    [message] = call.messages
    clock.forward(REPEAT_AFTER_MS)
    desk.settle()
    lease = [(Rule.LEASE, S.UNCERTAIN)] if policy == "hold" else [(Rule.LEASE, S.QUEUED), (Rule.POLICY, S.QUEUED)]
    assert decided(desk, message) == lease
    desk.answer(call, Line(101, ID))
    assert decided(desk, message) == [*lease, (Rule.LATE, S.SENT)]


def test_what_a_person_decided_is_told(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.fail(call, ERRORS["maybe"])
    desk.store.write(deciding.resolve, desk.account, call.messages[0], sent=False, resend=True)
    desk.store.write(deciding.cancel, desk.account, call.messages[0])
    assert decided(desk, call.messages[0]) == [(Rule.PERSON, S.QUEUED), (Rule.CANCELED, S.CANCELED)]


def test_the_usual_way_needs_no_decision(desk: Desk) -> None:
    call = desk.claimed(*map(number, range(4)))
    desk.answer(call, Line(101, ID), Line(403), Line(500), Line(406))
    desk.report(ID, "Success")
    assert [decided(desk, each) for each in call.messages] == [[]] * 4
