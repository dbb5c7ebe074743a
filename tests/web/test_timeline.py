"""The timeline of a message: what AT was asked and answered, and which rule decided what. Others stay out of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.africastalking.provider import data, form, line
from tests.africastalking.scripted import Answer, Request, ScriptedServer, reply
from tests.running import serve
from tests.web.conftest import Desk

RISKY = "+254711901500"  # answered 500 with an id: it may have been taken


def decisions(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Rule and state of each decision."""
    steps = [step["detail"] for step in message["timeline"] if step["what"] == "decision"]
    assert all(step["why"] for step in steps)
    return [(step["rule"], step["state"]) for step in steps]


def test_what_was_asked(desk: Desk, number: str) -> None:
    [row] = desk.accept(number, "Habari 😀", **{"from": "MyBrand"})["messages"]
    found = desk.becomes(row["id"], "delivered")
    [asked] = [step["detail"] for step in found["timeline"] if step["what"] == "submitted"]
    assert asked["recipients"] == 1
    assert asked["request"]["line"] == "POST /version1/messaging"
    assert asked["request"]["host"] == "api"
    assert (asked["request"]["to"], asked["request"]["from"]) == (number, "MyBrand")
    assert asked["request"]["message"] == "(8 characters)"
    assert not [word for word in ("apiKey", "api_key", "local") if word in json.dumps(asked)]


def test_a_canceled_one(desk: Desk, number: str) -> None:
    desk.http.post("/v1/account/pause").raise_for_status()
    try:
        [row] = desk.accept(number)["messages"]
        desk.http.post(f"/v1/messages/{row['id']}/cancel").raise_for_status()
    finally:
        desk.http.post("/v1/account/resume").raise_for_status()
    assert decisions(desk.message(row["id"])) == [("canceled", "canceled")]


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"outcome": "sent"}, "sent"),
        ({"outcome": "not_sent"}, "failed"),
        ({"outcome": "not_sent", "resend": True}, "queued"),
    ],
    ids=["sent", "not sent", "again"],
)
def test_a_resolved_one(desk: Desk, turn: Callable[..., None], body: dict[str, Any], state: str) -> None:
    turn(reports="none")
    [row] = desk.accept(RISKY, f"Resolved {state}")["messages"]
    desk.becomes(row["id"], "uncertain")
    desk.http.post(f"/v1/messages/{row['id']}/resolve", json=body).raise_for_status()
    assert decisions(desk.message(row["id"]))[:1] == [("resolved", state)]


def test_one_with_a_policy(desk: Desk, turn: Callable[..., None]) -> None:
    turn(reports="none")
    [row] = desk.accept(RISKY, "By policy", on_uncertain="fail")["messages"]
    assert decisions(desk.becomes(row["id"], "failed")) == [("on_uncertain", "failed")]


NUMBERS = ["+254711000001", "+254711000002", "+254711000003"]


def everyone(request: Request, status: int = 201) -> Answer:
    return reply(status, data([line(each) for each in form(request)["to"].split(",")]))


@pytest.mark.parametrize(
    "answer",
    [
        everyone,
        lambda request: everyone(request, 500),
        lambda request: everyone(request, 400),
        lambda request: reply(201, b"To " + form(request)["to"].encode()),
    ],
    ids=["taken", "500", "400", "unreadable"],
)
def test_nobody_else_is_in_it(tmp_path: Path, answer: Callable[[Request], Answer]) -> None:
    """Whatever AT says of the others in its answer to a call for several."""
    with (
        ScriptedServer(answer) as at,
        serve(tmp_path, at=at.url, UJUMBE_FETCH_INBOX="false") as service,
        httpx.Client(base_url=service.url, headers=service.headers) as client,
    ):
        desk = Desk(client)
        for row in desk.accept(NUMBERS)["messages"]:
            found = desk.becomes(row["id"], "sent", "uncertain", "failed")
            told = json.dumps(found["timeline"])
            assert not [each for each in NUMBERS if each != row["to"] and each[1:] in told]
            assert f"{row['to']} and 2 more" in told
        service.stop()
