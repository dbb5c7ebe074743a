"""POST /v1/messages: what is accepted, with which verdicts, when it leaves, and how often: once."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.running import Running, dev, until
from tests.web.conftest import QUICK, Desk

NewNumber = Callable[[], str]


def at(seconds: float = 0) -> str:
    """So many seconds from now, as the API wants it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def between(message: dict[str, Any], begin: str = "created_at", end: str = "expires_at") -> float:
    """Seconds from one time of a message to another."""
    return (datetime.fromisoformat(message[end]) - datetime.fromisoformat(message[begin])).total_seconds()


def test_one_number(desk: Desk, number: str) -> None:
    answer = desk.post(number, "Habari yako")
    assert answer.status_code == 202
    assert "idempotent-replayed" not in answer.headers
    body = answer.json()
    [row] = body["messages"]
    assert row["id"].startswith("msg_")
    assert body == {
        "id": body["id"],
        "messages": [{"id": row["id"], "to": number, "state": "queued"}],
        "segments": 1,
        "accepted": 1,
        "rejected": 0,
    }
    found = desk.becomes(row["id"], "delivered")
    assert (found["batch"], found["to"], found["text"]) == (body["id"], number, "Habari yako")
    assert [each["what"] for each in found["timeline"]][:3] == ["accepted", "submitted", "answered"]
    assert [each["text"] for each in desk.arrived(number)] == ["Habari yako"]


def test_a_verdict_for_each_number(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    good, out, spaced = new_number(), new_number(), new_number()
    assert http.put(f"/v1/opt-outs/{out}", json={"reason": "asked by phone"}).status_code == 200
    written = f"{spaced[:4]} {spaced[4:7]}-{spaced[7:]}"
    body = desk.accept([good, "0711", out, written, "not a number", good, spaced], "a" * 161)
    assert [(row["to"], row["state"]) for row in body["messages"]] == [
        (good, "queued"),
        ("0711", "rejected"),
        (out, "blocked"),
        (spaced, "queued"),
        ("not a number", "rejected"),
        (good, "rejected"),
        (spaced, "rejected"),
    ]
    assert [row["id"] is None for row in body["messages"]] == [False, True, False, False, True, True, True]
    assert ["reason" in row for row in body["messages"]] == [False, True, True, False, True, True, True]
    assert (body["accepted"], body["rejected"], body["segments"]) == (3, 4, 2)
    assert "twice" in body["messages"][5]["reason"]
    desk.becomes(body["messages"][0]["id"], "delivered")
    blocked = desk.message(body["messages"][2]["id"])
    assert (blocked["state"], blocked["reason"]) == ("blocked", body["messages"][2]["reason"])
    assert desk.ledger(out) == []
    assert len(desk.ledger(good)) == 1
    listed = desk.get("/v1/messages", batch=body["id"])["items"]
    assert len(listed) == 3, "what was rejected is not stored"


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ({}, "AFRICASTKNG"),
        ({"from": "MyBrand"}, "MyBrand"),
        ({"kind": "two_way"}, "12345"),
        ({"kind": "premium", "keyword": "NEWS"}, "12345"),
    ],
    ids=["bulk", "a sender", "two-way", "premium"],
)
def test_kinds_and_senders(desk: Desk, number: str, fields: dict[str, Any], sender: str) -> None:
    [row] = desk.accept(number, **fields)["messages"]
    [line] = until(lambda: desk.ledger(number))
    assert (line["from"] or "AFRICASTKNG") == sender
    assert desk.message(row["id"])["kind"] == fields.get("kind", "bulk")


def test_equal_texts_share_a_call(desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(50)]
    body = desk.accept(numbers, "All at once")
    desk.becomes(body["messages"][-1]["id"], "delivered")
    lines = [line for line in desk.ledger() if line["number"] in numbers]
    assert sorted(line["number"] for line in lines) == sorted(numbers)
    assert len({line["request"] for line in lines}) == 1


@pytest.mark.parametrize(("category", "minutes"), [("otp", 10), ("transactional", 24 * 60), ("promotional", 24 * 60)])
@pytest.mark.parametrize("ahead", [0, 3_600], ids=["now", "later"])
def test_how_long_it_may_wait(desk: Desk, number: str, category: str, minutes: int, ahead: int) -> None:
    times = {"send_at": at(ahead)} if ahead else {}
    [row] = desk.accept(number, category=category, **times)["messages"]
    found = desk.message(row["id"])
    assert found["category"] == category
    assert abs(between(found) - ahead - minutes * 60) < 5
    if ahead:
        assert found["state"] == row["state"] == "scheduled"
        desk.http.post(f"/v1/messages/{row['id']}/cancel").raise_for_status()


def test_it_leaves_at_its_time(desk: Desk, number: str) -> None:
    due = at(1.5)
    [row] = desk.accept(number, send_at=due)["messages"]
    assert row["state"] == "scheduled"
    assert desk.ledger(number) == []
    found = desk.becomes(row["id"], "delivered")
    [submitted] = [each["at"] for each in found["timeline"] if each["what"] == "submitted"]
    assert timedelta(0) <= datetime.fromisoformat(submitted) - datetime.fromisoformat(due) + timedelta(milliseconds=1)


def test_it_does_not_leave_after_its_time(desk: Desk, turn: Callable[..., None], number: str) -> None:
    turn(refuse_rate=1)
    [row] = desk.accept(number, expires_at=at(0.9))["messages"]
    desk.becomes(row["id"], "failed", "expired")
    turn(refuse_rate=0)
    assert [line for line in desk.ledger(number) if line["taken"]] == []


def test_what_is_not_taken_is_tried_again(desk: Desk, turn: Callable[..., None], number: str) -> None:
    turn(refuse_rate=1)
    [row] = desk.accept(number)["messages"]
    until(lambda: desk.ledger(number))
    turn(refuse_rate=0)
    found = desk.becomes(row["id"], "delivered")
    assert found["tries"] == len(desk.ledger(number)) >= 2
    assert [line["taken"] for line in desk.ledger(number)] == [False] * (found["tries"] - 1) + [True]


def test_priority(desk: Desk, new_number: NewNumber) -> None:
    """Both fall due in the same moment; calls are numbered as they are begun."""
    due = at(1.5)
    wanted = {priority: new_number() for priority in (-9, 0, 9)}
    made = {
        priority: desk.accept(to, f"priority {priority}", priority=priority, send_at=due)["messages"][0]["id"]
        for priority, to in wanted.items()
    }
    found = {priority: desk.becomes(each, "delivered")["timeline"][1] for priority, each in made.items()}
    assert {step["what"] for step in found.values()} == {"submitted"}
    calls = {priority: step["detail"]["call"] for priority, step in found.items()}
    assert calls[9] < calls[0] < calls[-9]


@pytest.mark.parametrize(
    ("policy", "state", "assumed"),
    [("hold", "uncertain", False), ("resend", "queued", True), ("fail", "failed", True)],
)
def test_what_may_have_been_taken(
    desk: Desk, turn: Callable[..., None], policy: str, state: str, *, assumed: bool
) -> None:
    turn(reports="none")
    number = "+254711901500"  # answered 500 with an id
    [row] = desk.accept(number, f"Risky {policy}", on_uncertain=policy)["messages"]
    until(lambda: desk.message(row["id"])["tries"] == 1 and desk.message(row["id"])["state"] != "sending")
    found = desk.message(row["id"])
    assert (found["state"], found["assumed"]) == (state, assumed)
    assert found["reason"]
    lines = [line for line in desk.ledger(number) if line["text"] == f"Risky {policy}"]
    assert len(lines) == 1, "a repeat waits for the old lease"
    if policy == "resend":
        desk.http.post(f"/v1/messages/{row['id']}/cancel").raise_for_status()


@pytest.mark.parametrize(("policy", "state"), [("hold", "uncertain"), ("resend", "uncertain"), ("fail", "failed")])
def test_what_is_held_for_a_risk_check_is_never_sent_again(
    desk: Desk, turn: Callable[..., None], policy: str, state: str
) -> None:
    turn(reports="none")
    [row] = desk.accept("+254711901401", f"Held {policy}", on_uncertain=policy)["messages"]
    found = desk.becomes(row["id"], state)
    assert "risk check" in found["reason"]
    assert len([line for line in desk.ledger("+254711901401") if line["text"] == f"Held {policy}"]) == 1


def test_opted_out_while_it_waits(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    everything, brand, other = new_number(), new_number(), new_number()
    body = desk.accept([everything, brand, other], **{"from": "MyBrand"}, send_at=at(2))
    assert {row["state"] for row in body["messages"]} == {"scheduled"}
    assert http.put(f"/v1/opt-outs/{everything}").status_code == 200
    assert http.put(f"/v1/opt-outs/{brand}", json={"from": "mybrand"}).status_code == 200
    assert http.put(f"/v1/opt-outs/{other}", json={"from": "12345"}).status_code == 200
    ends = [desk.becomes(row["id"], "blocked", "delivered")["state"] for row in body["messages"]]
    assert ends == ["blocked", "blocked", "delivered"]
    assert desk.ledger(everything) == desk.ledger(brand) == []


def test_putting_and_lifting_opt_outs(http: httpx.Client, desk: Desk, number: str) -> None:
    path = f"/v1/opt-outs/{number}"

    def state() -> str:
        [row] = desk.accept(number, send_at=at(3_600))["messages"]
        return str(row["state"])

    answer = http.put(path, json={"from": "AFRICASTKNG", "reason": "a letter"})
    assert answer.status_code == 200
    assert answer.json()["phone"] == number
    [kept] = answer.json()["history"]
    assert (kept["from"], kept["source"], kept["reason"], kept["until"]) == (
        "AFRICASTKNG",
        "operator",
        "a letter",
        None,
    )
    assert http.put(path, json={"from": "africastkng"}).json()["history"] == [kept], "again is no error"
    assert state() == "blocked"
    assert http.put(path).json()["opted_out"]
    lifted = http.delete(path, params={"from": "AFRICASTKNG"}).json()
    assert (lifted["opted_out"], len(lifted["history"])) == (True, 2)
    assert state() == "blocked", "the one from all senders is still in force"
    lifted = http.delete(path, params={"from": ""}).json()
    assert (lifted["opted_out"], len(lifted["history"])) == (False, 2)
    assert all(each["until"] for each in lifted["history"])
    assert state() == "scheduled"
    http.put(path)
    http.put(path, json={"from": "12345"})
    assert not http.delete(path).json()["opted_out"], "without from: every one"
    assert http.delete(path).status_code == 200
    assert len(desk.opt_outs(number)["history"]) == 4
    for batch in {each["batch"] for each in desk.messages(number)}:
        http.post(f"/v1/batches/{batch}/cancel").raise_for_status()


@pytest.mark.parametrize("path", ["x", "0711000000", "%2B25", "%00"])
def test_opt_outs_of_nobody(http: httpx.Client, path: str) -> None:
    for method in ("PUT", "DELETE", "GET"):
        assert http.request(method, f"/v1/opt-outs/{path}").status_code == 422
    assert http.put("/v1/opt-outs/+254711000000", json={"form": "x"}).status_code == 422


# What follows fills a ledger, or makes the worker pause: each on a service of its own.


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("own"), UJUMBE_LOG_LEVEL="info") as running:
        httpx.put(f"{running.url}/simulator/faults", json=QUICK).raise_for_status()
        yield running
        running.stop()
        assert "Traceback" not in running.log


def taken_once(desk: Desk, numbers: list[str]) -> list[dict[str, Any]]:
    """The ledger's lines, once it is sure that none was taken twice and nobody else was texted."""
    lines = desk.ledger()
    taken = Counter((line["number"], line["text"]) for line in lines if line["taken"])
    assert [each for each, times in taken.items() if times > 1] == []
    assert {each for each, _ in taken} <= set(numbers)
    return lines


def test_ten_thousand_numbers(own: Running) -> None:
    numbers = [f"+2547{index:08}" for index in range(10_000)]
    with httpx.Client(base_url=own.url, timeout=60) as client:
        desk = Desk(client)
        client.put("/simulator/faults", json={"reports": "none"})
        body = desk.accept(numbers, "Kwa wote", metadata={"campaign": 7})
        assert [row["to"] for row in body["messages"]] == numbers
        assert len({row["id"] for row in body["messages"]}) == body["accepted"] == 10_000
        until(lambda: desk.get(f"/v1/batches/{body['id']}")["counts"] == {"sent": 10_000}, 60, every=0.1)
        lines = taken_once(desk, numbers)
        assert len(lines) == 10_000
        # A window that begins at a hundred numbers and grows with each answer, and calls of up to a thousand.
        assert len({line["request"] for line in lines}) < 100
        refused = desk.post([*numbers, "+254800000000"], "Kwa wote")
        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == ["to"]
        assert "10000" in refused.json()["errors"][0]["message"]
        assert len(desk.ledger()) == 10_000


def test_through_all_faults_nothing_is_taken_twice(own: Running) -> None:
    numbers = [f"+2547{index:08}" for index in range(60)]
    with httpx.Client(base_url=own.url, timeout=30) as client:
        desk = Desk(client)
        faults = {"refuse_rate": 0.2, "accept_then_500_rate": 0.1, "accept_then_reset_rate": 0.1, "error_rate": 0.05}
        client.put("/simulator/faults", json={"reports": "none", "seed": 5, **faults}).raise_for_status()
        batches = {each: desk.accept(each, f"Text to {each}")["id"] for each in numbers}
        refused = until(lambda: [line for line in desk.ledger() if not line["taken"]])
        client.put("/simulator/faults", json=dict.fromkeys([*faults, "refuse_rate"], 0)).raise_for_status()

        def moving() -> int:
            return sum(len(desk.get("/v1/messages", state=each)["items"]) for each in ("queued", "sending"))

        until(lambda: not moving(), 60, every=0.1)
        taken = {line["number"] for line in taken_once(desk, numbers) if line["taken"]}
        states = {each: desk.get(f"/v1/batches/{batch}")["counts"] for each, batch in batches.items()}
        assert refused
        assert Counter(state for counts in states.values() for state in counts).keys() <= {"sent", "uncertain"}
        for each, counts in states.items():
            assert each in taken or counts == {"uncertain": 1}
