"""The stub provider and the load generator speak proper HTTP, and a past adds up.

How fast anything is, is not asserted anywhere.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from benchmarks import load, machine, people, spread
from benchmarks.recipients import lists, numbers, singles
from benchmarks.report import Row
from benchmarks.service import Stub

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.wire import Outgoing

FORM = {"username": "bench", "to": "+254711000111,+254711000222", "message": "Habari ya leo?", "bulkSMSMode": "1"}


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with machine.started(machine.LOAD, "stub") as url:
        yield Stub(url)


@pytest.fixture(autouse=True)
def fresh(stub: Stub) -> None:
    stub.control(reset=1, hold=0, latency_ms=0)


def test_the_stub_answers_as_at_does(stub: Stub) -> None:
    answer = httpx.post(f"{stub.url}/version1/messaging", data=FORM)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    data = answer.json()["SMSMessageData"]
    assert data["Message"] == "Sent to 2/2 Total Cost: KES 1.6000 Message parts: 1"
    assert [each["number"] for each in data["Recipients"]] == ["+254711000111", "+254711000222"]
    assert {(each["status"], each["statusCode"], each["cost"]) for each in data["Recipients"]} == {
        ("Success", 101, "KES 0.8000")
    }
    assert len({each["messageId"] for each in data["Recipients"]}) == 2
    assert stub.stats() | {"first": 0, "last": 0} == {"calls": 1, "messages": 2, "held": 0, "first": 0, "last": 0}
    assert [count for _, count in stub.arrivals()] == [2]
    assert httpx.get(f"{stub.url}/nowhere").status_code == 404


async def _send(stub: Stub, to: tuple[str, ...]) -> tuple[list[str], str]:
    async with AfricasTalking("bench", "bench", api_url=stub.url) as at:
        reply = await at.send(Outgoing(to, "Sawa & 100 % – asante"))
        balance = await at.fetch_balance()
    return [each.number for each in reply.recipients], balance.currency


def test_our_client_understands_the_stub(stub: Stub) -> None:
    to = tuple(numbers(1_000))
    assert asyncio.run(_send(stub, to)) == (list(to), "KES")


def test_the_load_sends_everything_once(stub: Stub) -> None:
    body = str(httpx.QueryParams(FORM)).encode()
    done = load.run(stub.url, [load.request("POST", "/version1/messaging", body)] * 500, connections=8, expect=201)
    assert done.requests == 500
    assert 0 < done.p50 <= done.p99
    assert stub.stats()["messages"] == 1_000


def test_the_load_gives_up_at_an_unexpected_answer(stub: Stub) -> None:
    with pytest.raises(load.UnexpectedAnswerError, match="404"):
        load.run(stub.url, [load.request("GET", "/nowhere")], connections=2, expect=200)


def test_the_load_stops_when_its_time_is_up(stub: Stub) -> None:
    done = load.run(stub.url, iter(lambda: load.request("GET", "/stats"), b""), connections=2, expect=200, seconds=0.05)
    assert done.requests >= 2


def test_what_is_held_is_answered_later(stub: Stub) -> None:
    stub.control(hold=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{stub.url}/version1/messaging", data=FORM, timeout=0.2)
    assert stub.stats()["held"] == 1
    stub.control(hold=0)
    assert stub.stats()["held"] == 0


@pytest.mark.parametrize(
    ("requests", "many"),
    [(singles("key", 3, texts=True), 3), (singles("key", 3, keyed="run"), 3), (lists("key", 5, each=2), 3)],
)
def test_requests_are_well_formed(requests: Iterator[bytes], many: int) -> None:
    made = list(requests)
    assert len(set(made)) == many
    for each in made:
        head, _, body = each.partition(b"\r\n\r\n")
        assert load.length_of(head) == len(body)


@pytest.mark.parametrize(("measured", "verdict"), [(10, "MISSED"), (15, "met"), (20, "aim met")])
def test_verdicts(measured: float, verdict: str) -> None:
    row = Row("speed", "sqlite", [0, measured, 1_000], [100], "messages/s", "ideal", at_least=0.12, aim=0.2)
    assert row.verdict == verdict
    assert Row("size", "sqlite", [measured], [10], "MB", "few", at_most=1.2).verdict == (
        "met" if measured <= 12 else "MISSED"
    )


@pytest.fixture(scope="module")
def past() -> dict[str, list[tuple[Any, ...]]]:
    """A past of a few thousand messages, every table of it."""
    history = spread.History(3_000, NOW_MS, first_seq=10)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for chunk in history.chunks():
        for table, rows in chunk.items():
            found.setdefault(table, []).extend(rows)
    found["next_seq"] = [(history.next_seq,)]
    for table, rows in people.rows(history.people, NOW_MS, 3_000, history.next_seq - 1).items():
        found.setdefault(table, []).extend(rows)
    return found


NOW_MS = 1_772_600_000_000


def test_a_past_has_as_many_messages_as_asked_for(past: dict[str, list[tuple[Any, ...]]]) -> None:
    messages = past["messages"]
    assert len(messages) == 3_000
    batches = {row[0] for row in past["batches"]}
    assert {row[1] for row in messages} == batches
    states = Counter(row[spread.COLUMNS["messages"].index("state")] for row in messages)
    assert states["delivered"] > 2_500
    assert {"undelivered", "failed", "blocked", "sent"} <= set(states)
    updated = spread.COLUMNS["messages"].index("updated_at")
    assert all(row[updated] <= NOW_MS for row in messages)


def test_no_two_rows_of_a_past_have_one_id(past: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, columns in {**people.COLUMNS, **spread.COLUMNS}.items():
        if columns[0] == "id":
            ids = [row[0] for row in past[table]]
            assert len(set(ids)) == len(ids), table
            assert all(len(row) == len(columns) for row in past[table]), table


def test_events_of_a_past_are_numbered_without_a_gap(past: dict[str, list[tuple[Any, ...]]]) -> None:
    following = 10
    for _, _, subjects, number, seq, _ in past["events"]:
        assert seq == following
        assert len(json.loads(subjects)) == number
        following += number
    assert past["next_seq"] == [(following,)]
