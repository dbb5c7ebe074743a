"""What was stored, read back: filters, pages to the end, bounds, and the timeline of a message."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk

LISTS = ["/v1/messages", "/v1/inbound", "/v1/opt-outs", "/v1/subscriptions", "/v1/reviews", "/v1/contacts"]
MESSAGE = {
    "id", "batch", "to", "from", "text", "kind", "category", "state", "reason", "assumed", "network_status",
    "network_code", "cost", "segments", "tries", "overdue", "provider_message_id", "created_at", "updated_at",
    "expires_at",
}  # fmt: skip
INBOUND = {
    "id", "provider_id", "from", "to", "text", "date", "date_raw", "link_id", "network_code", "cost", "received_at",
    "reply", "reply_note", "rule", "task", "task_state",
}  # fmt: skip


def pages(desk: Desk, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
    cursor = None
    for _ in range(1000):
        page = desk.get(path, **params, **({"cursor": cursor} if cursor else {}))
        assert set(page) == {"items", "next"}
        yield page["items"]
        cursor = page["next"]
        if cursor is None:
            return
    pytest.fail("the pages have no end")


@pytest.mark.parametrize("limit", [1, 3, 4, 12, 13, 1000])
def test_messages_to_the_end(desk: Desk, number: str, limit: int) -> None:
    sent = [desk.send(number, f"Text {n}")["messageId"] for n in range(12)]
    found = list(pages(desk, "/v1/messages", to=number, limit=limit))
    items = [each for page in found for each in page]
    assert [each["provider_message_id"] for each in items] == sent[::-1]
    assert all(len(page) == limit for page in found[:-1])
    assert all(set(each) == MESSAGE for each in items)
    assert len({each["id"] for each in items}) == 12


def test_pages_stay_in_place_while_more_arrives(desk: Desk, number: str) -> None:
    for n in range(6):
        desk.send(number, f"Old {n}")
    read = []
    for page in pages(desk, "/v1/messages", to=number, limit=2):
        read += [each["text"] for each in page]
        desk.send(number, "New")
    assert read == [f"Old {n}" for n in reversed(range(6))]


def test_the_other_lists_to_the_end(http: httpx.Client, desk: Desk, number: str) -> None:
    digits = number[-4:]
    for n in range(7):
        form = {"linkId": "", "text": f"No {n}", "to": "12345", "id": f"r{digits}-{n}", "date": "2026-03-04"}
        http.post("/sms/twoway", data={**form, "from": number})
        http.post("/sms/opt-out", data={"phoneNumber": number, "senderId": f"Brand{n}"})
        keyword = {"shortCode": "12345", "keyword": f"K{n}", "updateType": "addition"}
        http.post("/sms/subscription", data={"phoneNumber": number, **keyword})
    texts = [each for page in pages(desk, "/v1/inbound", limit=3, **{"from": number}) for each in page]
    assert [each["text"] for each in texts] == [f"No {n}" for n in reversed(range(7))]
    assert all(set(each) == INBOUND for each in texts)
    for path, name, mark in (("/v1/opt-outs", "from", "Brand"), ("/v1/subscriptions", "keyword", "K")):
        items = [each for page in pages(desk, path, limit=3) for each in page]
        assert len({each["id"] for each in items}) == len(items)
        ours = [each[name] for each in items if each["phone"] == number]
        assert ours == [f"{mark}{n}" for n in reversed(range(7))]


def test_filters(desk: Desk, new_number: Any) -> None:
    one, two = new_number(), new_number()
    desk.send(one, "First")
    desk.send(one, "Second", mode="twoway")
    desk.send(two, "Third")
    until(lambda: {each["state"] for each in desk.messages(one) + desk.messages(two)} == {"delivered"})
    second, first = desk.messages(one)

    def texts(**filters: Any) -> list[str]:
        return [each["text"] for each in desk.get("/v1/messages", **filters)["items"] if each["to"] in (one, two)]

    assert texts(limit=1000) == ["Third", "Second", "First"]
    assert texts(to=one[1:]) == ["Second", "First"]
    assert texts(to=f" {one[1:4]} {one[4:]}") == ["Second", "First"]
    assert texts(to=one, **{"from": "12345"}) == ["Second"]
    assert texts(to=one, **{"from": "AFRICASTKNG"}) == ["First"]
    assert texts(to=one, **{"from": "nobody"}) == []
    assert texts(to=one, state="delivered") == ["Second", "First"]
    assert texts(to=one, state="failed") == []
    assert texts(batch=second["batch"]) == ["Second"]
    assert texts(to=one, since=second["created_at"]) == ["Second"]
    assert texts(to=one, until=second["created_at"]) == ["First"]
    assert texts(to=one, since=first["created_at"], until=second["created_at"]) == ["First"]
    elsewhere = datetime.fromisoformat(second["created_at"]) + timedelta(hours=3)
    assert texts(to=one, since=elsewhere.isoformat().replace("+00:00", "+03:00")) == ["Second"]
    assert texts(to=one, since="2100-01-01T00:00:00Z") == []
    assert texts(to=one, until="1970-01-01T00:00:00Z") == []


BAD = [
    ("limit", ["0", "-1", "1001", "x", "", "1.5", "9" * 30]),
    ("cursor", ["x", "msg_", "zzz_0000000000000", "msg_000000000000u", "msg_zzzzzzzzzzzzz", "m" * 41, "1", "\x00"]),
]
BAD_FILTERS = [
    ("state", ["", "gone", "SENT"]),
    ("to", ["", "nobody", "0711000000", "2" * 41]),
    ("from", ["x" * 41]),
    ("batch", ["", "x", "msg_0000000000000"]),
    ("since", ["2026-03-04T10:30:00", "2026-03-04", "today", "", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
               "1e400", "2026-13-01T00:00:00Z", "99999999999999999999"]),
    ("until", ["2026-03-04 10:30:00", "0001-01-01T00:00:00+23:59"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (path, name, value)
        for paths, table in ((LISTS, BAD), (LISTS[:1], BAD_FILTERS))
        for path in paths
        for name, values in table
        for value in values
    ],
)
def test_bad_parameters(http: httpx.Client, path: str, name: str, value: str) -> None:
    answer = http.get(path, params={name: value})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["status"]) == ("urn:ujumbe:problem:invalid", 422)
    [error] = told["errors"]
    assert error["field"] == name
    assert error["message"]
    assert len(value) < 10 or value not in answer.text


@pytest.mark.parametrize("path", LISTS)
def test_the_largest_page(http: httpx.Client, path: str) -> None:
    assert http.get(path, params={"limit": 1000}).status_code == 200
    assert http.get(path, params={"limit": 1}).status_code == 200


def test_timeline(desk: Desk, number: str) -> None:
    line = desk.send(number, "Explain yourself")
    message = desk.settled(number, "delivered")
    until(lambda: len(desk.message(message["id"])["timeline"]) == 8)
    told = desk.message(message["id"])
    assert set(told) == MESSAGE | {"meaning", "timeline"}
    assert told["meaning"] == "on the handset"
    steps = told["timeline"]
    whats = [step["what"] for step in steps]
    assert whats[:1] + whats[-1:] == ["accepted", "state"]
    assert sorted(whats) == sorted(["accepted", "submitted", "answered", *["report"] * 4, "state"])
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    [answered] = [step["detail"] for step in steps if step["what"] == "answered"]
    assert answered["provider_message_id"] == line["messageId"]
    assert (answered["status_code"], answered["cost"]) == (101, "KES 0.8000")
    reports = [step["detail"]["fields"]["status"] for step in steps if step["what"] == "report"]
    assert reports == ["Sent", "Submitted", "Buffered", "Success"]
    assert steps[0]["detail"] == {"through": "invoke"}
    assert steps[-1]["detail"]["state"] == "delivered"
    for name in ("created_at", "updated_at", "expires_at"):
        assert datetime.fromisoformat(told[name]).tzinfo is not None


@pytest.mark.parametrize(
    ("message_id", "status"),
    [
        ("msg_0000000000000", 404),
        ("msg_7zzzzzzzzzzzz", 404),
        ("bat_0000000000000", 422),
        ("msg_zzzzzzzzzzzzz", 422),
        ("1", 422),
        ("%00", 422),
        ("msg_00000000000%C3%A9%C3%A9", 422),
    ],
)
def test_no_such_message(http: httpx.Client, message_id: str, status: int) -> None:
    answer = http.get(f"/v1/messages/{message_id}")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_opt_outs_of_one_number(http: httpx.Client, desk: Desk, number: str) -> None:
    assert desk.opt_outs(number) == {"phone": number, "opted_out": False, "history": []}
    http.post("/sms/opt-out", data={"phoneNumber": number, "senderId": "MyBrand"})
    for way in (number, number[1:], f"%20{number[1:]}"):
        told = desk.opt_outs(way)
        assert (told["phone"], told["opted_out"]) == (number, True)
        [period] = told["history"]
        assert set(period) == {
            "id", "phone", "from", "source", "reason", "proof", "since", "until", "ended_by", "ended_proof"
        }  # fmt: skip
        assert (period["from"], period["until"]) == ("MyBrand", None)
    assert http.get("/v1/opt-outs/nobody").status_code == 422
