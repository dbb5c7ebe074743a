"""Joining and leaving through AT: recorded where AT did it, told as AT tells it where it did not."""

import json
from typing import Any, TypeVar

import pytest

from tests.africastalking.provider import form
from tests.africastalking.scripted import Answer, End, ScriptedServer, reply
from tests.flows.desk import Desk, number
from tests.flows.test_reconciling import NEWS, listed, live, subscribe
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import CredentialsError, MaybeTakenError, NotTakenError, ProviderError
from ujumbe.flows import subscribing
from ujumbe.flows.subscribing import Asked, DeclinedError
from ujumbe.store.callbacks import Fate
from ujumbe.store.subscriptions import Source

T = TypeVar("T")
ONE = number(1)
ADDITION = {"phoneNumber": ONE, "shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
DELETION = ADDITION | {"updateType": "deletion"}
ERRORS: list[Any] = [
    pytest.param(reply(429), NotTakenError, id="429"),
    pytest.param(reply(401), CredentialsError, id="401"),
    pytest.param(reply(500), MaybeTakenError, id="500"),
    pytest.param(reply(201, b"<html>"), MaybeTakenError, id="HTML"),
    pytest.param(Answer(end=End.RESET), MaybeTakenError, id="reset"),
]


def says(status: str, description: str) -> Answer:
    return reply(201, json.dumps({"status": status, "description": description}).encode())


def add(desk: Desk, answer: Answer) -> Asked:
    async def run() -> Asked:
        async with AfricasTalking("sandbox", "key", api_url=server.url, read_timeout=1) as client:
            return await subscribing.subscribe(desk.store.db, client, desk.account, NEWS, ONE)

    with ScriptedServer(answer) as server:
        asked = desk.store.run(run)
        [request] = server.requests
        assert request.target == "/version1/subscription/create"
        wanted = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS", "phoneNumber": ONE}
        assert form(request) == wanted
        return asked


def remove(desk: Desk, answer: Answer) -> str:
    async def run() -> str:
        async with AfricasTalking("sandbox", "key", api_url=server.url, read_timeout=1) as client:
            return await subscribing.unsubscribe(desk.store.db, client, desk.account, NEWS, ONE)

    with ScriptedServer(answer) as server:
        told = desk.store.run(run)
        assert [each.target for each in server.requests] == ["/version1/subscription/delete"]
        return told


def test_where_the_person_has_to_agree_the_callback_tells(desk: Desk) -> None:
    asked = add(desk, says("Success", "Waiting for user input"))
    assert (asked.description, asked.subscription) == ("Waiting for user input", None)
    assert live(desk) == set()
    assert desk.subscribe(**ADDITION) is Fate.APPLIED
    [running] = listed(desk)
    assert running.source is Source.CALLBACK
    assert add(desk, says("Success", "Waiting for user input")).subscription == running


def test_what_at_did_at_once_is_recorded_once(desk: Desk) -> None:
    asked = add(desk, says("success", "Succeeded"))
    [running] = listed(desk)
    assert asked.subscription == running
    assert running.source is Source.API
    assert desk.subscribe(**ADDITION) is Fate.DUPLICATE
    assert add(desk, says("Success", "Succeeded")).subscription == running


def test_the_callback_may_come_first(desk: Desk) -> None:
    desk.subscribe(**ADDITION)
    [running] = listed(desk)
    assert add(desk, says("Success", "Succeeded")).subscription == running
    assert running.source is Source.CALLBACK


def test_leaving(desk: Desk) -> None:
    subscribe(desk, 1, 2)
    assert remove(desk, says("Success", "Succeeded")) == "Succeeded"
    assert live(desk) == {number(2)}
    [over] = listed(desk, active=False)
    assert over.ended_by is Source.API
    assert desk.subscribe(**DELETION) is Fate.DUPLICATE
    assert remove(desk, says("Success", "Succeeded")) == "Succeeded", "who is not subscribed here may be at AT"


@pytest.mark.parametrize("description", ["Please ensure 12345 is configured under your API account", ""])
def test_what_at_declines_is_told_in_its_words(desk: Desk, description: str) -> None:
    subscribe(desk, 1)
    for ask in (add, remove):
        with pytest.raises(DeclinedError, match=description or "no reason"):
            ask(desk, says("Failed", description))
    assert [each.source for each in listed(desk)] == [Source.CALLBACK]


@pytest.mark.parametrize(("answer", "error"), ERRORS)
def test_without_a_yes_nothing_is_recorded(desk: Desk, answer: Answer, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        add(desk, answer)
    assert live(desk) == set()
    subscribe(desk, 1)
    with pytest.raises(error):
        remove(desk, answer)
    assert live(desk) == {ONE}
