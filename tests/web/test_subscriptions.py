"""/v1/subscriptions over HTTP: lists, joining and leaving through AT, and premium texts to all subscribers."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.africastalking.scripted import ScriptedServer, reply
from tests.running import free_port, serve, until
from tests.web.conftest import Desk

NewNumber = Callable[[], str]
SUBSCRIPTION = {
    "id", "phone", "short_code", "keyword", "active", "since", "until", "source", "ended_by",
}  # fmt: skip


@pytest.fixture
def keyword(number: str) -> str:
    """A product that no other test has."""
    return f"NEWS{number[-4:]}"


def subscriptions(desk: Desk, **by: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.get("/v1/subscriptions", **by)["items"]
    return items


def handset(desk: Desk, number: str, keyword: str, change: str = "addition") -> None:
    body = {"shortCode": "12345", "keyword": keyword, "updateType": change}
    assert desk.http.post(f"/simulator/phones/{number}/subscriptions", json=body).status_code == 201


def joined(desk: Desk, keyword: str, *numbers: str) -> None:
    """These subscribe on their handsets, and AT's callbacks have come."""
    for number in numbers:
        handset(desk, number, keyword)
    until(lambda: len(subscriptions(desk, keyword=keyword, active=True)) == len(numbers))


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["type"]) == (status, f"urn:ujumbe:problem:{name}")
    return document


def field(answer: httpx.Response) -> str:
    [error] = problem(answer, 422, "invalid")["errors"]
    return str(error["field"])


def test_the_list_is_filtered(desk: Desk, keyword: str, new_number: NewNumber) -> None:
    one, two = new_number(), new_number()
    joined(desk, keyword, one, two)
    handset(desk, one, keyword, "deletion")
    until(lambda: subscriptions(desk, keyword=keyword, active=False))
    both = subscriptions(desk, short_code="12345", keyword=keyword.lower())
    assert [set(each) for each in both] == [SUBSCRIPTION] * 2
    by_phone = {each["phone"]: each for each in both}
    running, over = by_phone[two], by_phone[one]
    assert (running["active"], running["until"], running["source"], running["ended_by"]) == (
        True,
        None,
        "callback",
        None,
    )
    assert (over["active"], over["source"], over["ended_by"]) == (False, "callback", "callback")
    assert datetime.fromisoformat(over["until"]) >= datetime.fromisoformat(over["since"])
    assert subscriptions(desk, keyword=keyword, active=True) == [running]
    assert subscriptions(desk, keyword=keyword, active=False) == [over]
    assert subscriptions(desk, phone=two[1:]) == [running]
    assert subscriptions(desk, keyword=keyword, short_code="54321") == []
    assert {"short_code": "12345", "keyword": keyword, "live": 1} in desk.get("/v1/subscriptions/products")["items"]


@pytest.mark.parametrize(
    ("query", "named"),
    [("phone=07", "phone"), ("active=perhaps", "active"), ("limit=0", "limit"), ("cursor=msg_1", "cursor")],
)
def test_a_list_that_cannot_be(http: httpx.Client, query: str, named: str) -> None:
    assert field(http.get(f"/v1/subscriptions?{query}")) == named


def test_joining_and_leaving_through_at(desk: Desk, number: str, keyword: str) -> None:
    body = {"short_code": "12345", "keyword": keyword, "phone": number}
    asked = desk.http.post("/v1/subscriptions", json=body)
    # The local AT's person agrees at once: its callback may have come before our own answer.
    assert asked.status_code in (201, 202)
    assert asked.json()["description"] == "Waiting for user input"
    assert asked.json()["state"] == {201: "active", 202: "waiting"}[asked.status_code]
    [running] = until(lambda: subscriptions(desk, keyword=keyword))
    assert (running["phone"], running["source"]) == (number, "callback")
    again = desk.http.post("/v1/subscriptions", json={"keyword": keyword, "phone": number})
    assert (again.status_code, again.json()["state"], again.json()["subscription"]) == (201, "active", running)
    gone = desk.http.delete(f"/v1/subscriptions/{running['id']}")
    assert gone.status_code == 200
    assert (gone.json()["id"], gone.json()["active"]) == (running["id"], False)
    assert gone.json()["ended_by"] in ("api", "callback")
    assert desk.http.delete(f"/v1/subscriptions/{running['id']}").json() == gone.json(), "AT is not asked again"
    assert subscriptions(desk, keyword=keyword) == [gone.json()]


def test_what_at_declines_is_told(desk: Desk, number: str, keyword: str) -> None:
    body = {"short_code": "99999", "keyword": keyword, "phone": number}
    told = problem(desk.http.post("/v1/subscriptions", json=body), 502, "provider-failed")
    assert "Please ensure 99999 is configured under your API account" in told["detail"]
    form = {"phoneNumber": number, "shortCode": "99999", "keyword": keyword, "updateType": "addition"}
    desk.http.post("/sms/subscription", data=form)
    [running] = subscriptions(desk, keyword=keyword)
    told = problem(desk.http.delete(f"/v1/subscriptions/{running['id']}"), 502, "provider-failed")
    assert "99999" in told["detail"]
    assert subscriptions(desk, keyword=keyword) == [running]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"phone": "07"}, "phone"),
        ({"phone": 7}, "phone"),
        ({"keyword": " "}, "keyword"),
        ({"keyword": "x" * 101}, "keyword"),
        ({"short_code": "a sender that is none"}, "short_code"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_subscription_that_cannot_be(http: httpx.Client, changed: dict[str, Any], named: str) -> None:
    body = {"short_code": "12345", "keyword": "NEWS", "phone": "+254711000111"}
    assert field(http.post("/v1/subscriptions", json=body | changed)) == named


def test_no_such_subscription(http: httpx.Client) -> None:
    problem(http.delete("/v1/subscriptions/sub_0000000000000"), 404, "not-found")
    assert field(http.delete("/v1/subscriptions/msg_0000000000000")) == "id"


def test_the_drift_is_shown_and_mended(desk: Desk, keyword: str, new_number: NewNumber) -> None:
    one, two, three = new_number(), new_number(), new_number()
    joined(desk, keyword, one)
    form = {"phoneNumber": two, "shortCode": "12345", "keyword": keyword, "updateType": "addition"}
    desk.http.post("/sms/subscription", data=form)  # of which AT knows nothing
    handset(desk, three, keyword)
    until(lambda: len(subscriptions(desk, keyword=keyword)) == 3)
    desk.http.post("/sms/subscription", data=form | {"phoneNumber": three, "updateType": "deletion"})
    wanted = {"short_code": "12345", "keyword": keyword, "listed": 2, "live": 2, "started": [three], "ended": [two]}
    only = {"keyword": keyword}
    tried = desk.http.post("/v1/subscriptions/sync", json=only | {"dry_run": True})
    assert tried.json() == {"products": [wanted], "started": 1, "ended": 1, "dry_run": True}
    assert {each["phone"] for each in subscriptions(desk, keyword=keyword, active=True)} == {one, two}
    synced = desk.http.post("/v1/subscriptions/sync", json=only)
    assert synced.json() == {"products": [wanted], "started": 1, "ended": 1, "dry_run": False}
    now = {each["phone"]: each for each in subscriptions(desk, keyword=keyword, active=True)}
    assert {phone: each["source"] for phone, each in now.items()} == {one: "callback", three: "sync"}
    again = desk.http.post("/v1/subscriptions/sync").json()
    [mine] = [each for each in again["products"] if each["keyword"] == keyword]
    assert (mine["started"], mine["ended"]) == ([], []), "all products, this one among them"


def test_one_text_to_everybody_who_is_subscribed(desk: Desk, keyword: str, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(4)]
    joined(desk, keyword, *numbers)
    desk.http.put(f"/v1/opt-outs/{numbers[3]}")
    body = {"to": "subscribers", "kind": "premium", "keyword": keyword.lower(), "from": "12345", "text": "Mvua kesho"}
    quoted = desk.http.post("/v1/quotes", json=body).json()
    assert sorted((each["to"], each["state"]) for each in quoted["messages"]) == sorted(
        (number, "blocked" if number == numbers[3] else "accepted") for number in numbers
    )
    headers = {"Idempotency-Key": keyword}
    made = desk.http.post("/v1/messages", json=body | {"retry_hours": 5}, headers=headers)
    assert made.status_code == 202
    assert {each["to"]: each["state"] for each in made.json()["messages"]} == dict.fromkeys(numbers[:3], "queued") | {
        numbers[3]: "blocked"
    }
    again = desk.http.post("/v1/messages", json=body | {"retry_hours": 5}, headers=headers)
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    batch = f"/v1/batches/{made.json()['id']}"
    until(lambda: desk.get(batch)["counts"] == {"delivered": 3, "blocked": 1})
    assert (desk.get(batch)["keyword"], desk.get(batch)["retry_hours"]) == (keyword, 5)
    lines = [line for number in numbers for line in desk.ledger(number)]
    assert {line["number"] for line in lines} == set(numbers[:3])
    assert len(lines) == 3
    for line in lines:
        assert (line["from"], line["premium"], line["keyword"], line["retry_hours"]) == ("12345", True, keyword, 5)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"kind": "bulk"}, "to"),
        ({"kind": "two_way"}, "to"),
        ({"keyword": "", "link_id": "L"}, "to"),
        ({"link_id": "L"}, "to"),
        ({"keyword": ""}, "keyword"),
        ({"to": ["subscribers"]}, "to"),
        ({"to": "Subscribers"}, "to"),
        ({"to": []}, "to"),
        ({"keyword": "NOBODY"}, "to"),
        ({"retry_hours": 0}, "retry_hours"),
        ({"retry_hours": 73}, "retry_hours"),
        ({"retry_hours": "5"}, "retry_hours"),
        ({"retry_hours": 5.5}, "retry_hours"),
        ({"kind": "bulk", "to": "+254711000111", "retry_hours": 5}, "retry_hours"),
    ],
)
def test_premium_that_cannot_be(http: httpx.Client, changed: dict[str, Any], named: str) -> None:
    body = {"to": "subscribers", "kind": "premium", "keyword": "NEWS", "from": "12345", "text": "Mvua"} | changed
    assert field(http.post("/v1/messages", json=body)) == named
    if named != "to" or changed.get("to") is None:
        assert field(http.post("/v1/quotes", json=body)) == named


def test_reports_on_premium_texts(desk: Desk, keyword: str, new_number: NewNumber) -> None:
    """One whom AT does not know as a subscriber; one whose link is none."""
    stranger, wrong = new_number(), new_number()
    form = {"phoneNumber": stranger, "shortCode": "12345", "keyword": keyword, "updateType": "addition"}
    desk.http.post("/sms/subscription", data=form)
    made = desk.accept(stranger, kind="premium", keyword=keyword)
    told = desk.becomes(made["messages"][0]["id"], "undelivered")
    assert told["reason"] == "UserNotSubscribedToProduct"
    [ended] = subscriptions(desk, keyword=keyword)
    assert (ended["active"], ended["ended_by"]) == (False, "report")
    made = desk.accept(wrong, kind="premium", link_id="no-such-link")
    assert desk.becomes(made["messages"][0]["id"], "undelivered")["reason"] == "InvalidLinkId"


def test_the_answer_to_a_premium_text_echoes_its_link(desk: Desk, number: str) -> None:
    texted = desk.http.post(f"/simulator/phones/{number}/messages", json={"to": "12345", "text": "joke"}).json()
    desk.answered(number, 1)
    [line] = desk.ledger(number)
    assert (line["link_id"], line["from"]) == (texted["link_id"], "12345")
    made = desk.accept(number, "Kichekesho", kind="premium", link_id=texted["link_id"])
    desk.becomes(made["messages"][0]["id"], "delivered")
    assert [(each["premium"], each["link_id"]) for each in desk.ledger(number)] == [
        (False, texted["link_id"]),
        (True, texted["link_id"]),
    ]


@pytest.mark.parametrize("scopes", ["read", "send"])
def test_without_an_at_nothing_is_recorded(tmp_path: Path, scopes: str) -> None:
    """It is told that AT was not asked; and only a key that may send may ask."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    with serve(tmp_path, at=nowhere, scopes=scopes) as running:
        with httpx.Client(base_url=running.url, headers=running.headers, timeout=20) as client:
            form = {"phoneNumber": "+254711000111", "shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
            client.post("/sms/subscription", data=form)
            asked = [
                client.post("/v1/subscriptions", json={"keyword": "NEWS", "phone": "+254711000222"}),
                client.post("/v1/subscriptions/sync"),
                client.delete("/v1/subscriptions/sub_0000000000000"),
            ]
            if scopes == "read":
                assert [each.status_code for each in asked] == [403] * 3
                [kept] = client.get("/v1/subscriptions").json()["items"]
                assert kept["active"]
            else:
                told = problem(asked[0], 503, "provider-unreachable")["detail"]
                assert "it took nothing" in told
                told = problem(asked[1], 502, "provider-failed")["detail"]
                assert "nothing was changed" in told
                assert asked[2].status_code == 404
        running.stop()


@pytest.mark.parametrize(("status", "name"), [(500, "provider-unclear"), (401, "provider-failed"), (429, None)])
def test_an_at_that_answers_badly(tmp_path: Path, status: int, name: str | None) -> None:
    with ScriptedServer(reply(status, b"")) as at, serve(tmp_path, at=at.url, scopes="send,read") as running:
        with httpx.Client(base_url=running.url, headers=running.headers, timeout=20) as client:
            answer = client.post("/v1/subscriptions", json={"keyword": "NEWS", "phone": "+254711000222"})
            if name is None:
                problem(answer, 503, "provider-unreachable")
            else:
                told = problem(answer, {500: 504, 401: 502}[status], name)["detail"]
                assert ("may have taken" in told) == (status == 500)
            assert client.get("/v1/subscriptions").json()["items"] == []
        running.stop()
