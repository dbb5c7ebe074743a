"""Requests to send that are not good: each is refused with the reason, stored nowhere, and repeated by no error."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.web.conftest import Desk

SECRET = "Kiboko-77120"
BOTH = pytest.mark.parametrize("path", ["/v1/messages", "/v1/quotes"], ids=["send", "quote"])


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


LATER = at(hours=2)


def refused(answer: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """The problem, once it is sure that it names these fields and repeats nothing private."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
    told: dict[str, Any] = answer.json()
    assert [each["field"] for each in told.get("errors", [])] == list(fields)
    assert all(each["message"] for each in told.get("errors", []))
    return told


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"to": None}, "to", id="to null"),
        pytest.param({"to": 254711000000}, "to", id="to an integer"),
        pytest.param({"to": []}, "to", id="to nobody"),
        pytest.param({"to": {"number": "+254711000000"}}, "to", id="to an object"),
        pytest.param({"to": ["+254711000000", None]}, "to.1", id="to null among others"),
        pytest.param({"to": ["+254711000000", ["+254711000001"]]}, "to.1", id="to a list in a list"),
        pytest.param({"to": ["+254711000000", "9" * 101]}, "to.1", id="to something endless"),
        pytest.param({"text": None}, "text", id="text null"),
        pytest.param({"text": 5}, "text", id="text a number"),
        pytest.param({"text": [SECRET]}, "text", id="text a list"),
        pytest.param({"text": ""}, "text", id="text empty"),
        pytest.param({"text": " \n\t"}, "text", id="text blank"),
        pytest.param({"text": f"{SECRET}\0"}, "text", id="text with NUL"),
        pytest.param({"text": f"{SECRET}\ud800"}, "text", id="text with half a pair"),
        pytest.param({"text": SECRET * 200}, "text", id="text too long"),
        pytest.param({"from": 12345}, "from", id="from a number"),
        pytest.param({"from": "x" * 12}, "from", id="from too long"),
        pytest.param({"from": "Kampuni €"}, "from", id="from with a sign"),
        pytest.param({"from": ["MyBrand"]}, "from", id="from a list"),
        pytest.param({"from": "12"}, "from", id="from a short code too short"),
        pytest.param({"from": "1" * 16}, "from", id="from a number too long"),
        pytest.param({"from": "My\0Brand"}, "from", id="from with NUL"),
        pytest.param({"from": "My\nBrand"}, "from", id="from with a line break"),
        pytest.param({"from": "\ud800"}, "from", id="from half a pair"),
        pytest.param({"kind": "two_way", "from": ""}, "from", id="two-way from nobody"),
        pytest.param({"text": "x" * 1_601}, "text", id="text one character too long"),
        pytest.param({"kind": SECRET}, "kind", id="kind"),
        pytest.param({"kind": "premium"}, "keyword", id="premium without a product"),
        pytest.param({"category": "marketing"}, "category", id="category"),
        pytest.param({"priority": 10}, "priority", id="priority too high"),
        pytest.param({"priority": 1.5}, "priority", id="priority a fraction"),
        pytest.param({"priority": "high"}, "priority", id="priority a word"),
        pytest.param({"priority": "5"}, "priority", id="priority a number as text"),
        pytest.param({"priority": True}, "priority", id="priority true"),
        pytest.param({"priority": -10}, "priority", id="priority too low"),
        pytest.param({"priority": None}, "priority", id="priority null"),
        pytest.param({"kind": None}, "kind", id="kind null"),
        pytest.param({"kind": "BULK"}, "kind", id="kind in capitals"),
        pytest.param({"category": ["otp"]}, "category", id="category a list"),
        pytest.param({"on_uncertain": False}, "on_uncertain", id="on_uncertain false"),
        pytest.param({"metadata": None}, "metadata", id="metadata null"),
        pytest.param({"metadata": "{}"}, "metadata", id="metadata as text"),
        pytest.param({"metadata": {"a": "x" * 4_089}}, "metadata", id="metadata one byte too large"),
        pytest.param({"link_id": 5}, "link_id", id="link_id a number"),
        pytest.param({"keyword": ["NEWS"]}, "keyword", id="keyword a list"),
        pytest.param({"on_uncertain": "retry"}, "on_uncertain", id="on_uncertain"),
        pytest.param({"metadata": []}, "metadata", id="metadata a list"),
        pytest.param({"metadata": {"a": "x" * 4_096}}, "metadata", id="metadata too large"),
        pytest.param({"metadata": {"a": float("nan")}}, "metadata", id="metadata NaN"),
        pytest.param({"metadata": {"a": float("-inf")}}, "metadata", id="metadata infinite"),
        pytest.param({"metadata": {"a": [f"{SECRET}\ud800"]}}, "metadata", id="metadata with half a pair"),
        pytest.param({"metadata": {"\ud800": 1}}, "metadata", id="metadata named by half a pair"),
        pytest.param({"metadata": {"a": nested(32)}}, "metadata", id="metadata nested too deep"),
        pytest.param({"metadata": {"a": nested(400)}}, "metadata", id="metadata nested very deep"),
        pytest.param({"link_id": "x" * 201}, "link_id", id="link_id"),
        pytest.param({"keyword": "x" * 101}, "keyword", id="keyword"),
        pytest.param({"send_at": "2026-12-01T08:00:00"}, "send_at", id="send_at without an offset"),
        pytest.param({"send_at": "2026-12-01"}, "send_at", id="send_at a date"),
        pytest.param({"send_at": 1_795_600_000}, "send_at", id="send_at in seconds"),
        pytest.param({"send_at": "1795600000"}, "send_at", id="send_at in seconds as text"),
        pytest.param({"send_at": "tomorrow"}, "send_at", id="send_at a word"),
        pytest.param({"send_at": True}, "send_at", id="send_at true"),
        pytest.param({"send_at": "9999-12-31T23:59:59-12:00"}, "send_at", id="send_at beyond all calendars"),
        pytest.param({"send_at": at(minutes=-1)}, "send_at", id="send_at past"),
        pytest.param({"send_at": at(days=367)}, "send_at", id="send_at too far"),
        pytest.param({"expires_at": "2026-12-01T08:00:00"}, "expires_at", id="expires_at without an offset"),
        pytest.param({"expires_at": at(minutes=-1)}, "expires_at", id="expires_at past"),
        pytest.param({"expires_at": at(days=367)}, "expires_at", id="expires_at too far"),
        pytest.param({"send_at": at(hours=2), "expires_at": at(hours=1)}, "expires_at", id="over before it begins"),
        pytest.param({"send_at": "2026-12-01T08:00:00+25:00"}, "send_at", id="send_at with no such offset"),
        pytest.param({"send_at": "2026-13-01T08:00:00Z"}, "send_at", id="send_at in no such month"),
        pytest.param({"send_at": ""}, "send_at", id="send_at empty"),
        pytest.param({"send_at": [at(hours=1)]}, "send_at", id="send_at a list"),
        pytest.param({"send_at": LATER, "expires_at": LATER}, "expires_at", id="over as it begins"),
        pytest.param({"expires_at": 1e400}, "expires_at", id="expires_at infinite"),
        pytest.param({"sendAt": at(hours=2)}, "sendAt", id="an unknown field"),
        pytest.param({"from_": "MyBrand"}, "from_", id="a field of our code"),
        pytest.param({"account": 2}, "account", id="somebody else's account"),
    ],
)
@BOTH
def test_each_fault_is_named(
    http: httpx.Client, desk: Desk, number: str, path: str, change: dict[str, Any], field: str
) -> None:
    body = {"to": number, "text": SECRET} | change
    answer = http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    refused(answer, 422, field)
    assert number[1:] not in answer.text
    assert "254711000000" not in answer.text
    assert desk.messages(number) == []
    assert [line for line in desk.ledger() if SECRET in line["text"]] == []


@pytest.mark.parametrize("to", ["0711000000", ["", "x", "+0", "0711"]], ids=["national", "several"])
def test_when_nobody_can_be_texted(http: httpx.Client, to: str | list[str]) -> None:
    body = {"to": to, "text": SECRET}
    answer = http.post("/v1/messages", json=body)
    refused(answer, 422, "to")
    assert "0711000000" not in answer.text
    quoted = http.post("/v1/quotes", json=body)
    assert (quoted.status_code, quoted.json()["accepted"]) == (200, 0), "a quote tells each one's reason"


ODD = ["", " ", "+", "0711000000", "12345", "x" * 100, "+999999999999999", "+254711", "+25471100000000000", "\0", "😀",
       "٠٧١١٠٠٠٠٠٠", "+254711000000;DROP", "tel:+254711000000x", "null"]  # fmt: skip


def test_no_odd_number_fails_the_others(http: httpx.Client, desk: Desk, number: str) -> None:
    """Each gets its verdict, in its place; the good one among them is texted."""
    to = [*ODD[:8], number, *ODD[8:]]
    content = json.dumps({"to": to, "text": "Among others", "send_at": at(hours=1)})
    answer = http.post("/v1/messages", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (1, len(ODD))
    assert [row["state"] for row in told["messages"]] == ["rejected"] * 8 + ["scheduled"] + ["rejected"] * (
        len(ODD) - 8
    )
    assert all(row["reason"] and row["id"] is None for row in told["messages"] if row["state"] == "rejected")
    assert len(desk.get("/v1/messages", batch=told["id"])["items"]) == 1
    assert http.post(f"/v1/batches/{told['id']}/cancel").json()["canceled"] == 1


def test_just_within_bounds(http: httpx.Client, desk: Desk, number: str) -> None:
    every: list[dict[str, Any]] = [
        {"text": "x" * 1_600},
        {"metadata": {"a": "x" * 4_088}},
        {"from": "MyBrand 254"},
        {"from": "1" * 15},
        {"priority": -9},
        {"keyword": "x" * 100, "link_id": "x" * 200, "kind": "premium"},
        {"send_at": at(days=365)},
        {"send_at": None, "expires_at": None},
    ]
    for fields in every:
        made = desk.accept(number, **{"send_at": LATER, **fields})
        assert made["accepted"] == 1
        http.post(f"/v1/batches/{made['id']}/cancel").raise_for_status()


@pytest.mark.parametrize("key", ["", "key"])
def test_the_deepest_metadata_comes_back(desk: Desk, number: str, key: str) -> None:
    metadata = {"a": nested(31), "b": "x" * 1_000, "c": "😀" * 500}
    made = desk.accept(number, key=f"deepest {number}" if key else "", metadata=metadata, send_at=at(hours=1))
    assert desk.get(f"/v1/batches/{made['id']}")["metadata"] == metadata


def test_several_faults_are_all_named(http: httpx.Client, number: str) -> None:
    answer = http.post("/v1/messages", json={"to": number, "kind": "x", "priority": "y", "nonsense": 1})
    refused(answer, 422, "text", "kind", "priority", "nonsense")


def test_a_number_in_the_wrong_place_is_not_repeated(http: httpx.Client, number: str) -> None:
    answer = http.post("/v1/messages", json={number: SECRET, "text": "x"})
    assert answer.status_code == 422
    assert number[1:] not in answer.text


@BOTH
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"to=%2B254711000000&text=" + SECRET.encode(), 400),
        (b'{"to": "+254711000000", "text": "' + SECRET.encode() + b'"', 400),
        (b'{"to": "+254711000000", "text": "' + SECRET.encode() + b'"} {}', 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 400),
        (b'{"priority": ' + b"9" * 5_000 + b"}", 400),
    ],
    ids=["nothing", "null", "list", "string", "form", "cut short", "two", "bytes", "deep", "endless number"],
)
def test_what_is_no_json_object(http: httpx.Client, path: str, content: bytes, status: int) -> None:
    answer = http.post(path, content=content, headers={"Content-Type": "application/json"})
    refused(answer, status, *(["body"] if status == 422 else []))
    assert "254711000000" not in answer.text


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_json_says_that_it_is_json(http: httpx.Client, desk: Desk, number: str, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    content = json.dumps({"to": number, "text": SECRET})
    answer = http.post("/v1/messages", content=content, headers=headers)
    refused(answer, 422, "body")
    assert number[1:] not in answer.text
    assert desk.messages(number) == []


@BOTH
@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "chunked"])
def test_too_large(http: httpx.Client, path: str, chunked: bool) -> None:
    body = json.dumps({"to": "+254711000000", "text": SECRET * 300_000}).encode()
    parts = (body[index : index + 65_536] for index in range(0, len(body), 65_536))
    answer = http.post(path, content=parts if chunked else body, headers={"Content-Type": "application/json"})
    refused(answer, 413)


def test_the_largest_that_fits(http: httpx.Client, desk: Desk, new_number: Callable[[], str]) -> None:
    """Ten thousand numbers in the most wasteful spelling, and the longest text: no bound of ours is in the way."""
    number = new_number()
    escaped = "".join(f"\\u{ord(character):04x}" for character in number)
    numbers = ",".join([f'"{escaped}"'] * 10_000)
    text = "\\ud83d\\ude00" * 1_600
    body = f'{{"to": [{numbers}], "text": "{text}", "send_at": "{at(hours=1)}"}}'
    answer = http.post("/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text[:300]
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 9_999)
    assert http.post(f"/v1/batches/{answer.json()['id']}/cancel").json()["canceled"] == 1
    assert desk.ledger(number) == []
