"""People join a premium product, get its texts and leave; AT's list and ours drift apart and are brought together."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import ledger, pages
from tests.running import Running, Serving, free_port, serve, simulator, until

pytestmark = pytest.mark.journey

NUMBERS = [f"+2547110001{index:02}" for index in range(25)]
STAYS, LEAVES, LATE, UNHEARD = NUMBERS[0], NUMBERS[1], "+254711000200", "+254711000201"
NEWS = {"kind": "premium", "keyword": "NEWS", "to": "subscribers"}


def handset(at: Running, number: str, change: str, keyword: str = "NEWS") -> None:
    body = {"shortCode": "12345", "keyword": keyword, "updateType": change}
    assert httpx.post(f"{at.url}/phones/{number}/subscriptions", json=body).status_code == 201


def live(client: httpx.Client, keyword: str = "NEWS") -> set[str]:
    found = pages(client, "/v1/subscriptions")
    return {each["phone"] for each in found if each["active"] and each["keyword"] == keyword}


def unheard(at: Running, *changes: tuple[str, str]) -> None:
    """People join and leave while AT's callbacks go nowhere, and never come."""
    at.stop()
    words, at.words = at.words, ["simulator", "--callbacks", "", *at.words[3:]]
    at.start()
    for number, change in changes:
        handset(at, number, change)
    at.stop()
    at.words = words
    at.start()


def send(client: httpx.Client, text: str, key: str) -> dict[str, Any]:
    answer = client.post(
        "/v1/messages", json={**NEWS, "text": text, "retry_hours": 6}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    until(lambda: set(client.get(f"/v1/batches/{made['id']}").json()["counts"]) <= {"delivered", "undelivered"})
    return made


def journey(at: Running, service: Serving) -> None:
    with (
        httpx.Client(base_url=service.url, headers=service.headers, timeout=30) as client,
        httpx.Client(base_url=at.url, timeout=30) as provider,
    ):
        for number in NUMBERS:
            handset(at, number, "addition")
        handset(at, LATE, "addition", keyword="JOKE")
        until(lambda: live(client) == set(NUMBERS) and live(client, "JOKE") == {LATE})
        products = client.get("/v1/subscriptions/products").json()["items"]
        assert products == [
            {"short_code": "12345", "keyword": "JOKE", "live": 1},
            {"short_code": "12345", "keyword": "NEWS", "live": len(NUMBERS)},
        ]

        made = send(client, "Mvua kesho", "first")
        assert {each["to"] for each in made["messages"]} == set(NUMBERS)
        lines = ledger(provider, "")
        assert sorted(each["number"] for each in lines) == NUMBERS, "one each"
        told = {(each["text"], each["from"], each["premium"], each["keyword"], each["retry_hours"]) for each in lines}
        assert told == {("Mvua kesho", "12345", True, "NEWS", 6)}

        handset(at, LEAVES, "deletion")
        until(lambda: LEAVES not in live(client))
        unheard(at, (STAYS, "deletion"), (UNHEARD, "addition"))
        assert live(client) == set(NUMBERS) - {LEAVES}, "nobody told us"
        [drift] = client.post("/v1/subscriptions/sync", json={"keyword": "NEWS"}).json()["products"]
        assert (drift["started"], drift["ended"]) == ([UNHEARD], [STAYS])
        assert (drift["listed"], drift["live"]) == (len(NUMBERS) - 1, len(NUMBERS) - 1)
        now = set(NUMBERS) - {LEAVES, STAYS} | {UNHEARD}
        assert live(client) == now
        assert client.post("/v1/subscriptions/sync").json()["started"] == 0, "all products are as AT has them"

        # Who left unheard is found out by the report, too.
        unheard(at, (UNHEARD, "deletion"))
        send(client, "Jua kesho", "second")
        lines = [each for each in ledger(provider, "") if each["text"] == "Jua kesho"]
        assert sorted(each["number"] for each in lines) == sorted(now)
        until(lambda: UNHEARD not in live(client))
        [over] = client.get("/v1/subscriptions", params={"phone": UNHEARD}).json()["items"]
        assert (over["source"], over["ended_by"]) == ("sync", "report")

        [leaving] = client.get("/v1/subscriptions", params={"phone": NUMBERS[2]}).json()["items"]
        gone = client.delete(f"/v1/subscriptions/{leaving['id']}").json()
        assert (gone["phone"], gone["active"]) == (NUMBERS[2], False)
        assert client.post("/v1/subscriptions/sync", json={"keyword": "NEWS", "dry_run": True}).json()["ended"] == 0
        assert client.post("/v1/subscriptions/sync", json={"keyword": "NEWS"}).json()["started"] == 0


def test_from_the_first_subscriber_to_the_last(tmp_path: Path) -> None:
    port = free_port()
    state = str(tmp_path / "at.sqlite3")
    with (
        simulator(tmp_path / "at", "--state", state, callbacks=f"http://127.0.0.1:{port}/sms") as at,
        serve(tmp_path / "service", "--port", str(port), at=at.url) as service,
    ):
        journey(at, service)
        service.stop()
        at.stop()
        numbers = [*NUMBERS, LATE, UNHEARD]
        assert not [each for each in numbers if each in service.log], "numbers are masked in the log"
