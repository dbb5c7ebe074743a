"""What people decide over HTTP: opt-outs with proof, the review list, contacts, and erasing somebody on request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk


def hear(http: httpx.Client, number: str, text: str, key: str = "") -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    form = {"linkId": "", "text": text, "to": "12345", "id": f"{number}-{key or text}", "date": now}
    assert http.post("/sms/twoway", data={**form, "from": number}).text == "GOOD"


def test_every_opt_out_has_its_proof(http: httpx.Client, desk: Desk, number: str) -> None:
    http.put(f"/v1/opt-outs/{number}", json={"from": "MyBrand", "reason": "by letter"})
    http.delete(f"/v1/opt-outs/{number}", params={"from": "MyBrand"})
    hear(http, number, "Stop, tafadhali")
    stopped, ended = desk.opt_outs(number)["history"]
    assert (stopped["source"], stopped["reason"], stopped["proof"]) == ("keyword", "wrote STOP", "Stop, tafadhali")
    assert (stopped["until"], stopped["ended_by"], stopped["ended_proof"]) == (None, "", "")
    assert (ended["source"], ended["reason"], ended["proof"]) == ("operator", "by letter", "the API, without a key")
    assert ended["until"] is not None
    assert (ended["ended_by"], ended["ended_proof"]) == ("operator", "the API, without a key")


def test_who_only_says_stop_waits_for_nobody(http: httpx.Client, number: str) -> None:
    def is_open() -> bool:
        found = http.get("/v1/conversations", params={"state": "open", "limit": 1000}).json()["items"]
        return number in {each["phone"] for each in found}

    hear(http, number, "STOP")
    assert not is_open()
    assert http.get(f"/v1/conversations/{number}").status_code == 200, "it is there to be read"
    hear(http, number, "But where is my card?")
    assert is_open()
    hear(http, number, "STOP", "again")
    assert is_open(), "what they asked before is still to be answered"


def open_reviews(desk: Desk, number: str) -> list[dict[str, Any]]:
    return [each for each in desk.get("/v1/reviews", limit=1000)["items"] if each["phone"] == number]


def test_reviews(http: httpx.Client, desk: Desk, number: str) -> None:
    hear(http, number, "please stop sending this")
    hear(http, number, "no more texts, asante")
    newest, oldest = open_reviews(desk, number)
    assert set(newest) == {"id", "inbound", "phone", "text", "why", "received_at"}
    assert (oldest["text"], oldest["why"]) == ("please stop sending this", "“stop” stands in it")
    page = desk.get("/v1/reviews", limit=1)
    assert page["items"][0]["id"] == newest["id"]
    assert page["next"] == newest["id"]
    dismissed = http.post(f"/v1/reviews/{newest['id']}", json={"decision": "dismiss"})
    assert (dismissed.status_code, dismissed.json()) == (200, {**newest, "decision": "dismiss"})
    assert desk.opt_outs(number)["opted_out"] is False
    assert http.post(f"/v1/reviews/{oldest['id']}", json={"decision": "opt_out"}).status_code == 200
    [period] = desk.opt_outs(number)["history"]
    assert (period["from"], period["source"], period["proof"]) == (None, "operator", "please stop sending this")
    assert open_reviews(desk, number) == []
    assert http.post(f"/v1/reviews/{oldest['id']}", json={"decision": "dismiss"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("rev_0000000000000", {"decision": "dismiss"}, 404),
        ("msg_0000000000000", {"decision": "dismiss"}, 422),
        ("rev_0000000000000", {"decision": "perhaps"}, 422),
        ("rev_0000000000000", {"decision": "dismiss", "more": 1}, 422),
        ("rev_0000000000000", {}, 422),
    ],
)
def test_no_such_decision(http: httpx.Client, path: str, body: dict[str, Any], status: int) -> None:
    assert http.post(f"/v1/reviews/{path}", json=body).status_code == status


def test_contacts(http: httpx.Client, desk: Desk, new_number: Callable[[], str]) -> None:
    numbers = [new_number() for _ in range(5)]
    assert http.get(f"/v1/contacts/{numbers[0]}").status_code == 404
    for index, each in enumerate(numbers):
        kept = http.put(f"/v1/contacts/{each[1:]}", json={"fields": {"name": f"Asha {index}"}})
        assert (kept.status_code, kept.json()) == (200, {"phone": each, "fields": {"name": f"Asha {index}"}})
    http.put(f"/v1/contacts/{numbers[0]}", json={"fields": {"next_visit": "4 March"}})
    assert desk.get(f"/v1/contacts/{numbers[0]}")["fields"] == {"next_visit": "4 March"}, "in place of those before"
    found, cursor = [], None
    while True:
        page = desk.get("/v1/contacts", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [each["phone"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == sorted(found)
    assert [each for each in found if each in numbers] == sorted(numbers)
    for _ in range(2):
        assert http.delete(f"/v1/contacts/{numbers[0]}").status_code == 204
    assert http.get(f"/v1/contacts/{numbers[0]}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "fields"),
        ({"fields": {"Name": "x"}}, "fields"),
        ({"fields": {"text": "x"}}, "fields.text"),
        ({"fields": {"name": "x" * 501}}, "fields.name"),
        ({"fields": {"name": 1}}, "fields.name"),
        ({"fields": ["name"]}, "fields"),
        ({"fields": {"a" * (1 + n % 30) + "b" * (n // 30): "" for n in range(51)}}, "fields"),
        ({"fields": {}, "phone": "x"}, "phone"),
    ],
)
def test_no_such_contact(http: httpx.Client, number: str, body: dict[str, Any], field: str) -> None:
    answer = http.put(f"/v1/contacts/{number}", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert http.get(f"/v1/contacts/{number}").status_code == 404
    assert http.put("/v1/contacts/nobody", json={"fields": {}}).status_code == 422


def test_erased_on_request(http: httpx.Client, desk: Desk, number: str) -> None:
    assert http.delete("/v1/people/nobody").status_code == 422
    sent = desk.send(number, "Siri")
    until(lambda: desk.settled(number, "delivered"))
    [message] = desk.messages(number)
    hear(http, number, "Habari, mimi ni Asha")
    desk.answered(number, 2)
    until(lambda: {each["state"] for each in desk.messages(number)} == {"delivered"})
    waiting = desk.accept(number, "Siri ya kesho", send_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())[
        "messages"
    ][0]
    http.put(f"/v1/contacts/{number}", json={"fields": {"name": "Asha"}})
    http.put(f"/v1/opt-outs/{number}", json={"reason": "Asha called"})
    told = http.delete(f"/v1/people/{number}")
    assert told.status_code == 200
    counts = told.json()
    assert (counts["canceled"], counts["messages"], counts["inbound"]) == (1, 3, 1)
    assert counts["callbacks"] > 3
    assert desk.messages(number) == desk.inbound(number) == []
    assert http.get(f"/v1/contacts/{number}").status_code == 404
    shown = desk.message(message["id"])
    assert shown["to"].startswith("erased:")
    assert (shown["text"], shown["state"]) == ("", "delivered")
    assert number[1:] not in str(shown)
    assert sent["messageId"] == shown["provider_message_id"], "that it was sent, and how it went, stays"
    canceled = desk.message(waiting["id"])
    assert (canceled["state"], canceled["reason"]) == ("canceled", "canceled: its recipient was erased on request")
    blocked = desk.accept(number, "Hi")["messages"][0]
    assert blocked["state"] == "blocked"
    assert blocked["reason"]
    assert desk.opt_outs(number)["opted_out"] is True
    http.delete(f"/v1/people/{number}")
    assert set(http.delete(f"/v1/people/{number}").json().values()) == {0}
    hear(http, number, "START", "back")
    assert desk.opt_outs(number)["opted_out"] is False
    assert desk.send(number)["statusCode"] == 101
