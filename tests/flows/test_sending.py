"""What is sent at once, and a call from its claim to its record."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.africastalking.provider import asked, taking
from tests.africastalking.scripted import End, ScriptedServer, reply
from tests.flows.conftest import Clock
from tests.flows.desk import ERRORS, Desk, Line, number
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import MaybeTakenError, ProviderError
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.domain.pause import probe_after
from ujumbe.flows import claiming, pausing, recording, sending
from ujumbe.flows.claiming import Call, Limits
from ujumbe.flows.recording import Finished, NotStartedError
from ujumbe.flows.sending import START_SECONDS, PausedError
from ujumbe.store import sqlite
from ujumbe.store.clock import steady

S = State


def test_an_invoked_message_is_submitted_once_or_not_at_all(desk: Desk) -> None:
    call = desk.invoked(number(1), text="now")
    assert (call.outgoing.to, call.outgoing.text) == ((number(1),), "now")
    assert desk.claim() == [], "the worker has nothing to do with it"
    desk.opt_out(number(2), "UJUMBE")
    assert desk.invoke(number(2)) is None
    [_, blocked] = desk.place.ask("SELECT state FROM messages ORDER BY id")
    assert blocked == ("blocked",)


@pytest.mark.parametrize("who", ["operator", "credentials"])
def test_while_the_account_is_paused_nothing_is_sent_at_once(desk: Desk, clock: Clock, who: str) -> None:
    if who == "operator":
        desk.store.write(pausing.hold, desk.account, "the lawyer called")
    else:
        desk.fail(desk.claimed(number(9)), ERRORS["credentials"])
    clock.forward(round(1000 * probe_after(0)) - 1)
    refused = desk.invoke(number(1))
    assert isinstance(refused, PausedError)
    assert desk.health().note in str(refused)
    rows = desk.place.ask(f"SELECT state, reason, tries FROM messages WHERE number = '{number(1)}'")
    assert rows == [("failed", f"sending is paused: {desk.health().note}", 0)]
    clock.forward(1)
    assert isinstance(desk.invoke(number(1)), PausedError) is (who == "operator"), "a text is a probe like any other"


@pytest.mark.parametrize("error", ["maybe", "429"])
def test_other_trouble_is_the_queues(desk: Desk, error: str) -> None:
    for index in range(3):
        desk.fail(desk.invoked(number(index)), ERRORS[error])
    assert desk.accept(number(5))
    assert desk.claim() == []
    assert isinstance(desk.invoke(number(9)), Call)


def test_what_is_sent_at_once_counts_for_the_pace(desk: Desk, clock: Clock) -> None:
    limits = Limits(paces={"ujumbe": 1.0})
    desk.accept(number(1))
    for _ in range(3):
        assert isinstance(desk.invoke(number(2), limits), Call)
    clock.forward(2_999)
    assert desk.claim(paces=limits.paces) == []
    clock.forward(1)
    assert len(desk.claim(paces=limits.paces)) == 1


def test_a_call_that_begins_too_late_does_not_leave_and_its_messages_go_out_once(desk: Desk) -> None:
    """An opt-out may have come in that second, and nobody would ask for it."""
    call = desk.claimed(number(1), number(2))

    async def record(finished: Finished) -> object:
        return await desk.store.db.write(recording.record_all, [finished])

    async def main(url: str) -> None:
        async with AfricasTalking("sandbox", "local", api_url=url) as client:
            late = replace(call, claimed_at=steady() - START_SECONDS - 0.1)
            with pytest.raises(NotStartedError):
                await sending.submit(record, client, late)
            [again] = (await desk.store.db.write(claiming.claim, desk.account, Limits())).calls
            assert again.messages == call.messages
            await _submit(desk, client, again)

    with ScriptedServer(taking()) as server:
        desk.store.run(main, server.url)
        assert asked(server) == [[number(1), number(2)]]
    assert {desk.state(each) for each in call.messages} == {S.SENT}
    first, second = desk.attempts(call.messages[0])
    assert (first.state, second.state) == ("not_taken", "taken")
    assert "did not leave" in first.summary


@pytest.mark.parametrize("error", [RuntimeError("odd"), ZeroDivisionError()], ids=["odd", "odder"])
def test_what_nobody_foresaw_may_have_left(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    call = desk.claimed(number(1))

    async def send(*_: object) -> None:
        raise error

    monkeypatch.setattr(AfricasTalking, "send", send)

    async def main() -> None:
        async with AfricasTalking("sandbox", "local") as client:
            with pytest.raises(MaybeTakenError):
                await _submit(desk, client, call)

    desk.store.run(main)
    assert desk.state(call.messages[0]) is S.UNCERTAIN


def test_how_long_until_the_next_is_due(desk: Desk, clock: Clock) -> None:
    assert desk.store.read(sending.wait_ms, desk.account) is None
    desk.answer(desk.claimed(number(1)), Line(500))
    due = desk.store.read(sending.wait_ms, desk.account)
    assert due is not None
    assert 1_000 <= due <= 2_000
    desk.accept(number(2))
    clock.forward(7)
    assert desk.store.read(sending.wait_ms, desk.account) == -7


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

    # Just claimed, however slow the machine: a call that begins late does not leave.
    return await sending.submit(record, client, replace(call, claimed_at=steady()))


async def _refused(desk: Desk) -> None:
    """Three writes of others that the locked database refuses."""
    for _ in range(3):
        with suppress(StoreUnavailableError):
            await desk.store.db.write(lambda tx: tx.run("api_keys.revoke", id=1, now=1))
