"""What becomes of a message by each way a call can end."""

import asyncio
from contextlib import suppress

import pytest

from tests.africastalking.scripted import End, ScriptedServer, reply
from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.flows import recording, sending
from ujumbe.flows.claiming import Call
from ujumbe.flows.recording import LEASE_MS, Finished
from ujumbe.store import opt_outs, sqlite

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
        pytest.param(Line(500), S.UNCERTAIN, id="not taken: held, for nobody sends it again by itself"),
        pytest.param(Line(0), S.UNCERTAIN, id="not mentioned"),
    ],
)
def test_a_late_result_is_recorded_after_the_call_was_settled(
    desk: Desk, clock: Clock, line: Line, state: State
) -> None:
    call = desk.claimed(number(1))
    [message] = call.messages
    assert desk.settle() == 0, "the lease still runs"
    clock.forward(LEASE_MS)
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


def test_an_invoked_message_is_submitted_once_or_not_at_all(desk: Desk) -> None:
    call = desk.invoked(number(1), text="now")
    assert (call.outgoing.to, call.outgoing.text) == ((number(1),), "now")
    assert desk.claim() == [], "the worker has nothing to do with it"
    desk.opt_out(number(2), "UJUMBE")
    assert desk.invoke(number(2)) is None
    [_, blocked] = desk.place.ask("SELECT state FROM messages ORDER BY id")
    assert blocked == ("blocked",)


GOOD = (
    b'{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"statusCode":101,"number":"+254711000001",'
    b'"cost":"KES 0.8000","status":"Success","messageId":"ATXid_1"}]}}'
)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(reply(201, GOOD), S.SENT, id="taken"),
        pytest.param(reply(429), S.QUEUED, id="429"),
        pytest.param(reply(401), S.QUEUED, id="401"),
        pytest.param(reply(500), S.UNCERTAIN, id="500"),
        pytest.param(reply(201, b"<html>"), S.UNCERTAIN, id="not JSON"),
        pytest.param(reply(201, GOOD[:50], end=End.RESET), S.UNCERTAIN, id="cut short"),
    ],
)
def test_submit_records_whatever_came_even_while_the_database_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: object, state: State
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    desk.crash()  # open it anew, as an impatient one
    call = desk.claimed(number(1))

    async def main(url: str) -> None:
        async with AfricasTalking("sandbox", "local", api_url=url) as client:
            with desk.place.away():
                task = asyncio.create_task(_submit(desk, client, call))
                refused, _ = await asyncio.wait(
                    [asyncio.create_task(_refused(desk)), task], return_when="FIRST_COMPLETED"
                )
                assert task not in refused, "it does not give up"
            with suppress(ProviderError):
                await task

    with ScriptedServer(answer) as server:  # type: ignore[arg-type]
        desk.store.run(main, server.url)
        assert len(server.requests) == 1
    assert desk.state(call.messages[0]) is state


async def _submit(desk: Desk, client: AfricasTalking, call: Call) -> object:
    async def record(finished: Finished) -> object:
        return await desk.store.db.write(recording.record_all, [finished])

    return await sending.submit(record, client, call)


async def _refused(desk: Desk) -> None:
    """Three writes of others that the locked database refuses."""
    for _ in range(3):
        with suppress(StoreUnavailableError):
            await desk.store.db.write(lambda tx: tx.run("api_keys.revoke", id=1, now=1))
