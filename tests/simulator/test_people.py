"""The people's and testers' API: phones, ledger, status, reset."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Send = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("number", ["+254711000111", "254711000111", "%2B254711000111"])
def test_a_handset_shows_what_came_and_what_it_wrote(at: httpx.Client, send: Send, number: str) -> None:
    message_id = send("+254711000111", "Habari?", from_="12345")["Recipients"][0]["messageId"]
    sent = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == sent:
        """Both of one millisecond have no order."""
    written = at.post(f"/phones/{number}/messages", json={"to": "12345", "text": "Nzuri"}).json()
    came, wrote = at.get(f"/phones/{number}/messages").json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", came.pop("at"))
    assert came == {
        "direction": "in",
        "from": "12345",
        "to": "+254711000111",
        "text": "Habari?",
        "message_id": message_id,
    }
    del wrote["at"]
    assert wrote == {
        "direction": "out", "from": "+254711000111", "to": "12345", "text": "Nzuri",
        "message_id": written["message_id"],
    }  # fmt: skip


def test_a_handset_shows_its_latest(at: httpx.Client, send: Send) -> None:
    for text in ("one", "two", "three"):
        send("+254711000111", text)
    shown = at.get("/phones/254711000111/messages?limit=2").json()
    assert [message["text"] for message in shown] == ["two", "three"]


def test_an_unknown_handset_shows_nothing(at: httpx.Client) -> None:
    assert at.get("/phones/254711000999/messages").json() == []


def test_phones_are_listed_latest_first_with_what_is_unread(at: httpx.Client, send: Send) -> None:
    assert at.get("/phones").json() == []
    assert at.post("/phones", json={"number": "254711000333"}).status_code == 201
    send("+254711000111", "one")
    send("+254711000111", "two")
    send("+254711000222", "three")
    at.post("/phones/254711000111/messages", json={"text": "four"})
    send("+254711000111", "five")
    listed = {phone["number"]: phone for phone in at.get("/phones").json()}
    assert set(listed) == {"+254711000111", "+254711000222", "+254711000333"}
    assert (listed["+254711000111"]["unread"], listed["+254711000111"]["last"]["text"]) == (1, "five")
    assert (listed["+254711000222"]["unread"], listed["+254711000222"]["last"]["direction"]) == (1, "in")
    assert (listed["+254711000333"]["unread"], listed["+254711000333"]["last"]) == (0, None)
    at.post("/phones/254711000111/read")
    assert at.post("/phones", json={"number": "+254711000111"}).json()["unread"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/phones", {"number": "0711"}, "number"),
        ("POST", "/phones", {"number": 254711000111}, "number"),
        ("POST", "/phones", {}, "number"),
        ("GET", "/phones/0711/messages", None, "number"),
        ("GET", "/phones/254711000111/messages?limit=many", None, "limit"),
        ("GET", "/ledger?after=-1", None, "after"),
        ("GET", "/ledger?after=99999999999999999999", None, "after"),
        ("GET", "/ledger?limit=1001", None, "limit"),
        ("POST", "/phones/254711000111/messages", {"to": "12345"}, "text"),
        ("POST", "/phones/254711000111/messages", {"to": "12345", "text": ""}, "text"),
        ("POST", "/phones/254711000111/messages", {"to": "12345", "text": "a\0b"}, "text"),
        ("POST", "/phones/254711000111/messages", {"to": "12345", "text": "x" * 10_001}, "text"),
        ("POST", "/phones/254711000111/messages", {"to": "99999", "text": "Hi"}, "to"),
        ("POST", "/phones/254711000111/messages", {"to": "AFRICASTKNG", "text": "Hi"}, "to"),
        ("POST", "/phones/254711000111/opt-out", {}, "senderId"),
        ("POST", "/phones/254711000111/subscriptions", {"shortCode": "12345", "keyword": "NEWS"}, "updateType"),
    ],
)
def test_a_value_at_fault_is_named(at: httpx.Client, method: str, path: str, body: Any, field: str) -> None:
    response = at.request(method, path, json=body)
    assert (response.status_code, response.json()["field"]) == (422, field)


def test_a_lone_surrogate_is_no_text(at: httpx.Client) -> None:
    response = at.post("/phones/254711000111/messages", content=b'{"to": "12345", "text": "\\ud800"}')
    assert response.status_code == 400


def test_the_ledger_has_pages_and_every_line(at: httpx.Client, send: Send) -> None:
    at.put("/faults", json={"reports": "none"})
    numbers = [f"+2547110{number:05}" for number in range(2500)]
    data = send(",".join(numbers), "Hi", from_="UJUMBE")
    send("0711")
    pages = []
    after: int | None = 0
    while after is not None:
        page = at.get("/ledger", params={"after": after}).json()
        pages.append(page["items"])
        after = page["next"]
    assert [len(page) for page in pages] == [1000, 1000, 501]
    lines = [line for page in pages for line in page]
    assert [line["seq"] for line in lines] == sorted({line["seq"] for line in lines})
    assert [line["number"] for line in lines] == [*numbers, "0711"]
    assert [line["message_id"] for line in lines[:-1]] == [recipient["messageId"] for recipient in data["Recipients"]]
    assert len({line["request"] for line in lines}) == 2
    del lines[0]["at"], lines[0]["message_id"]
    assert lines[0] == {
        "seq": lines[0]["seq"], "request": lines[0]["request"], "number": "+254711000000", "text": "Hi",
        "from": "UJUMBE",
        "taken": True, "status_code": 101, "cost": "KES 0.8000", "outcome": "answered",
        "premium": False, "keyword": "", "link_id": "", "retry_hours": None,
    }  # fmt: skip


def test_a_request_that_could_not_be_read_or_trusted_has_no_lines(at: httpx.Client) -> None:
    form = {"username": "sandbox", "to": "+254711000111", "message": "Hi"}
    assert at.post("/version1/messaging", data=form, headers={"apiKey": "wrong"}).status_code == 401
    assert at.get("/ledger").json() == {"items": [], "next": None}


def test_status(at: httpx.Client) -> None:
    status = at.get("/status").json()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/sms", status.pop("callbacks"))
    assert status == {
        "username": "sandbox", "short_code": "12345", "senders": ["12345", "UJUMBE", "AFRICASTKNG"],
        "balance": "KES 1000000.0000", "mode": "sandbox", "home": "", "callbacks_waiting": 0,
        "last_callback": None,
    }  # fmt: skip


def test_reset_empties_everything(at: httpx.Client, send: Send) -> None:
    send("+254711000111")
    at.post("/phones/254711000111/opt-out", json={"senderId": "UJUMBE"})
    at.put("/faults", json={"latency_ms": 1, "balance": "USD 1.0000"})
    at.post("/reset")
    assert at.get("/phones").json() == []
    assert at.get("/ledger").json()["items"] == []
    assert at.get("/faults").json()["balance"] == "KES 1000000.0000"
    assert at.get("/faults").json()["latency_ms"] == 0
    assert send("+254711000111", from_="UJUMBE")["Recipients"][0]["statusCode"] == 101


def test_another_sites_page_is_refused(at: httpx.Client) -> None:
    assert at.post("/reset", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert at.post("/reset", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    # A link from elsewhere opens the page.
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert at.get("/status", headers=link).status_code == 200
