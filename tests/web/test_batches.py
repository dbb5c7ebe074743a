"""Batches, quotes, and what a person decides afterwards: to cancel, and what became of an uncertain message."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk

NewNumber = Callable[[], str]
UNCERTAIN = {"501": "+254711901501", "502": "+254711901502"}
"""Numbers whose line says 501 or 502 and yet has an id: AT took the text, and we cannot know."""
UNKNOWN = "0000000000000"


def later(hours: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def test_a_batch_tells_how_its_messages_stand(desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(3)]
    metadata = {"order": 7, "names": ["Amina", "Ünï 😀"], "deep": {"a": None}}
    made = desk.accept([*numbers, "+254711900404", "0711"], "Bei: 5€", category="promotional", metadata=metadata)
    until(lambda: desk.get(f"/v1/batches/{made['id']}")["counts"] == {"delivered": 3, "failed": 1})
    found = desk.get(f"/v1/batches/{made['id']}")
    created = found.pop("created_at")
    assert found == {
        "id": made["id"],
        "text": "Bei: 5€",
        "from": "",
        "kind": "bulk",
        "category": "promotional",
        "segments": 1,
        "on_uncertain": "hold",
        "link_id": "",
        "keyword": "",
        "retry_hours": None,
        "metadata": metadata,
        "counts": {"delivered": 3, "failed": 1},
    }
    assert abs(datetime.now(UTC) - datetime.fromisoformat(created)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v1/batches/bat_{UNKNOWN}", 404),
        ("POST", f"/v1/batches/bat_{UNKNOWN}/cancel", 404),
        ("POST", f"/v1/messages/msg_{UNKNOWN}/cancel", 404),
        ("POST", f"/v1/messages/msg_{UNKNOWN}/resolve", 404),
        ("GET", f"/v1/batches/msg_{UNKNOWN}", 422),
        ("POST", "/v1/batches/x/cancel", 422),
        ("POST", f"/v1/messages/bat_{UNKNOWN}/cancel", 422),
        ("POST", f"/v1/messages/msg_{UNKNOWN}0/resolve", 422),
    ],
)
def test_what_is_not_there(http: httpx.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path, json={"outcome": "sent"} if path.endswith("resolve") else None)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_message_is_canceled_before_it_leaves(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number()]
    made = desk.accept(numbers, send_at=later())
    first, second = (row["id"] for row in made["messages"])
    answer = http.post(f"/v1/messages/{first}/cancel")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["state"]) == (first, "canceled")
    assert answer.json()["reason"]
    again = http.post(f"/v1/messages/{first}/cancel")
    assert (again.status_code, again.json()["type"]) == (409, "urn:ujumbe:problem:conflict")
    assert desk.get(f"/v1/batches/{made['id']}")["counts"] == {"canceled": 1, "scheduled": 1}
    assert http.post(f"/v1/messages/{second}/cancel").status_code == 200
    assert [desk.ledger(each) for each in numbers] == [[], []]


def test_a_message_that_has_left_is_not_canceled(http: httpx.Client, desk: Desk, number: str) -> None:
    made = desk.accept(number)
    [row] = made["messages"]
    desk.becomes(row["id"], "delivered")
    answer = http.post(f"/v1/messages/{row['id']}/cancel")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ujumbe:problem:conflict")
    assert "delivered" in answer.json()["detail"]
    answer = http.post(f"/v1/batches/{made['id']}/cancel")
    assert answer.json() == {"id": made["id"], "canceled": 0, "counts": {"delivered": 1}}
    assert desk.message(row["id"])["state"] == "delivered"


def test_a_batch_is_canceled_as_far_as_it_has_not_left(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    out, numbers = new_number(), [new_number() for _ in range(20)]
    http.put(f"/v1/opt-outs/{out}").raise_for_status()
    made = desk.accept([*numbers, out, "0711"], send_at=later())
    assert http.post(f"/v1/messages/{made['messages'][0]['id']}/cancel").status_code == 200
    answer = http.post(f"/v1/batches/{made['id']}/cancel")
    assert answer.status_code == 200
    assert answer.json() == {"id": made["id"], "canceled": 19, "counts": {"canceled": 20, "blocked": 1}}
    assert http.post(f"/v1/batches/{made['id']}/cancel").json()["canceled"] == 0
    assert [line for line in desk.ledger() if line["number"] in numbers] == []


@pytest.fixture
def uncertain(desk: Desk, turn: Callable[..., None], request: pytest.FixtureRequest) -> dict[str, Any]:
    """A message that AT took, as its ledger shows, and that is uncertain for us; its reports are ours to send."""
    turn(reports="none")
    to, words = UNCERTAIN["501"], f"Unclear {request.node.name}"
    [row] = desk.accept(to, words)["messages"]
    found = desk.becomes(row["id"], "uncertain")
    assert found["reason"]
    [line] = asked(desk, found)
    assert line["taken"]
    return found


def asked(desk: Desk, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The ledger's lines for one message."""
    return [line for line in desk.ledger(message["to"]) if line["text"] == message["text"]]


def report(desk: Desk, message: dict[str, Any], status: str) -> None:
    form = {"id": asked(desk, message)[0]["message_id"], "status": status, "phoneNumber": message["to"]}
    answer = desk.http.post("/sms/delivery-reports", data=form)
    assert answer.text == "OK"


def resolve(desk: Desk, message: dict[str, Any], **body: Any) -> httpx.Response:
    return desk.http.post(f"/v1/messages/{message['id']}/resolve", json=body)


@pytest.mark.parametrize(("outcome", "state"), [("sent", "sent"), ("not_sent", "failed")])
@pytest.mark.parametrize(("status", "end"), [("Success", "delivered"), ("Rejected", "undelivered")])
def test_evidence_replaces_a_persons_word(
    desk: Desk, uncertain: dict[str, Any], outcome: str, state: str, status: str, end: str
) -> None:
    answer = resolve(desk, uncertain, outcome=outcome)
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["assumed"]) == (state, True)
    assert "by hand" in answer.json()["reason"]
    again = resolve(desk, uncertain, outcome=outcome)
    assert (again.status_code, again.json()["type"]) == (409, "urn:ujumbe:problem:conflict")
    report(desk, uncertain, status)
    found = desk.message(uncertain["id"])
    assert (found["state"], found["assumed"]) == (end, False)
    report(desk, uncertain, "Rejected" if end == "delivered" else "Success")
    assert desk.message(uncertain["id"])["state"] == end, "what evidence gave is final"
    assert len(asked(desk, uncertain)) == 1


def test_a_report_settles_what_nobody_decided(desk: Desk, uncertain: dict[str, Any]) -> None:
    report(desk, uncertain, "Success")
    assert desk.message(uncertain["id"])["state"] == "delivered"
    assert resolve(desk, uncertain, outcome="not_sent").status_code == 409


def test_a_person_has_it_sent_again(desk: Desk, uncertain: dict[str, Any]) -> None:
    answer = resolve(desk, uncertain, outcome="not_sent", resend=True)
    assert answer.status_code == 200
    assert answer.json()["state"] in ("queued", "sending", "uncertain")
    until(lambda: desk.message(uncertain["id"])["tries"] == 2)
    assert desk.becomes(uncertain["id"], "uncertain")["tries"] == 2, "and that number is as unclear as before"
    assert [line["taken"] for line in asked(desk, uncertain)] == [True, True]
    report(desk, uncertain, "Success")
    assert desk.message(uncertain["id"])["state"] == "delivered", "the first attempt's id still counts"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "maybe"},
        {"outcome": "sent", "resend": True},
        {"outcome": "not_sent", "resend": "perhaps"},
        {"outcome": "sent", "why": "?"},
        {"outcome": None},
        [],
    ],
    ids=str,
)
def test_what_is_no_decision(http: httpx.Client, desk: Desk, number: str, body: Any) -> None:
    [row] = desk.accept(number, send_at=later())["messages"]
    answer = http.post(f"/v1/messages/{row['id']}/resolve", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert desk.message(row["id"])["state"] == "scheduled"


def test_only_an_uncertain_one_is_resolved(desk: Desk, number: str) -> None:
    [row] = desk.accept(number, send_at=later())["messages"]
    answer = resolve(desk, row, outcome="sent")
    assert (answer.status_code, "scheduled" in answer.json()["detail"]) == (409, True)
    assert desk.http.post(f"/v1/messages/{row['id']}/cancel").status_code == 200


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units", "costly"),
    [
        ("Habari", "GSM-7", 1, 6, []),
        ("a" * 161, "GSM-7", 2, 161, []),
        ("Bei: 5€", "GSM-7", 1, 8, [(6, "€", False)]),
        ("It’s 5€", "UCS-2", 1, 7, [(2, "’", True), (6, "€", False)]),
        ("😀" * 36, "UCS-2", 2, 72, [(index, "😀", True) for index in range(36)]),
    ],
    ids=["plain", "long", "an extension", "a curly quote", "emoji"],
)
def test_a_quote(
    http: httpx.Client,
    desk: Desk,
    new_number: NewNumber,
    text: str,
    encoding: str,
    segments: int,
    units: int,
    costly: list[tuple[int, str, bool]],
) -> None:
    good, out = new_number(), new_number()
    http.put(f"/v1/opt-outs/{out}").raise_for_status()

    def newest() -> list[str]:
        return [each["id"] for each in desk.get("/v1/messages", limit=1)["items"]]

    before = newest()
    answer = http.post("/v1/quotes", json={"to": [good, out, "0711", good], "text": text})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["encoding"], body["segments"], body["units"]) == (encoding, segments, units)
    assert [(each["index"], each["character"], each["forces_ucs2"]) for each in body["costly"]] == costly
    assert [(row["to"], row["state"]) for row in body["messages"]] == [
        (good, "accepted"),
        (out, "blocked"),
        ("0711", "rejected"),
        (good, "rejected"),
    ]
    assert (body["accepted"], body["rejected"], body["total_segments"]) == (2, 2, segments)
    assert newest() == before
    assert desk.messages(good) == desk.messages(out) == desk.ledger(good) == desk.ledger(out) == []
    sent = desk.accept(good, text)
    assert sent["segments"] == segments, "sending says the same"
