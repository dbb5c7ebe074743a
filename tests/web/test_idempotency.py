"""Idempotency-Key: a client that asks again, however and whenever, gets its first answer and sends nothing twice."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import create_key, dev, serve
from tests.web.conftest import QUICK, Desk


def ask(client: httpx.Client, key: str, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return client.post("/v1/messages", content=content, headers=headers)


def test_again_is_the_same_answer(http: httpx.Client, desk: Desk, number: str) -> None:
    body = {"to": [number, "0711"], "text": "Once"}
    first = ask(http, "plain-1", body)
    assert first.status_code == 202
    assert "idempotent-replayed" not in first.headers
    desk.becomes(first.json()["messages"][0]["id"], "delivered")
    for _ in range(3):
        again = ask(http, "plain-1", body)
        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["idempotent-replayed"] == "true"
    assert len(desk.messages(number)) == len(desk.ledger(number)) == 1


@pytest.mark.parametrize("key", ["x", "x" * 255, "a b", "ÿ", "{}'\"; --", "9"])
def test_any_words_are_a_key(http: httpx.Client, desk: Desk, number: str, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answers = [http.post("/v1/messages", json={"to": number, "text": key}, headers=headers) for _ in range(2)]
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true"]
    assert len(desk.messages(number)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_what_is_no_key(http: httpx.Client, desk: Desk, number: str, key: str) -> None:
    answer = ask(http, key, {"to": number, "text": "x"})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["Idempotency-Key"]
    assert desk.messages(number) == []


@pytest.mark.parametrize(
    "change",
    [{"text": "Twice"}, {"from": "MyBrand"}, {"priority": 1}, {"metadata": {"a": 1}}, {"on_uncertain": "fail"}],
    ids=lambda change: next(iter(change)),
)
def test_another_body_is_refused(desk: Desk, number: str, change: dict[str, Any], http: httpx.Client) -> None:
    key = f"changed {change}"
    assert ask(http, key, {"to": number, "text": "Once"}).status_code == 202
    answer = ask(http, key, {"to": number, "text": "Once", **change})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert error["field"] == "Idempotency-Key"
    assert number[1:] not in answer.text
    assert len(desk.messages(number)) == 1


def spellings(number: str) -> list[bytes]:
    return [
        json.dumps({"to": number, "text": "Jambo €", "metadata": {"a": 1, "b": [2]}}).encode(),
        json.dumps({"metadata": {"b": [2], "a": 1}, "text": "Jambo €", "to": [number]}, ensure_ascii=False).encode(),
        json.dumps({"to": [number], "text": "Jambo €", "metadata": {"a": 1, "b": [2]}}, indent=3).encode(),
        json.dumps({"to": number, "text": "Jambo €", "metadata": {"a": 1, "b": [2]}, "kind": "bulk"}).encode(),
    ]


def test_the_same_body_spelled_differently(http: httpx.Client, desk: Desk, number: str) -> None:
    answers = [ask(http, "spelled", body) for body in spellings(number)]
    assert [each.status_code for each in answers] == [202] * 4
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true", "true", "true"]
    assert len({each.json()["id"] for each in answers}) == 1
    assert len(desk.messages(number)) == 1


def test_a_refused_request_does_not_use_up_its_key(http: httpx.Client, desk: Desk, number: str) -> None:
    assert ask(http, "mended", {"to": "0711", "text": "x"}).status_code == 422
    assert ask(http, "mended", {"to": number}).status_code == 422
    answer = ask(http, "mended", {"to": number, "text": "x"})
    assert answer.status_code == 202
    assert "idempotent-replayed" not in answer.headers
    assert len(desk.messages(number)) == 1


def test_at_the_same_time(http: httpx.Client, desk: Desk, new_number: Callable[[], str]) -> None:
    for round_ in range(5):
        numbers = [new_number() for _ in range(20)]
        body = {"to": numbers, "text": f"Round {round_}"}
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: ask(http, f"race {round_}", body), range(32)))  # noqa: B023
        assert {each.status_code for each in answers} <= {202, 409}
        held = [each for each in answers if each.status_code == 409]
        assert all(each.headers["retry-after"] == "1" for each in held)
        made = [each for each in answers if each.status_code == 202]
        assert len({each.json()["id"] for each in made}) == 1
        assert sum("idempotent-replayed" not in each.headers for each in made) == 1
        assert all(len(desk.messages(each)) == 1 for each in numbers)


def test_it_survives_kill_9_and_a_restart(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        httpx.put(f"{service.url}/simulator/faults", json=QUICK).raise_for_status()
        bodies = [{"to": f"+25471100{index:04}", "text": f"Text {index}"} for index in range(30)]
        with httpx.Client(base_url=service.url) as client:
            first = [ask(client, f"key {index}", body).json() for index, body in enumerate(bodies)]
        service.kill9()
        service.restart()
        with httpx.Client(base_url=service.url) as client:
            answers = [ask(client, f"key {index}", body) for index, body in enumerate(bodies)]
            assert [each.json() for each in answers] == first
            assert {each.headers["idempotent-replayed"] for each in answers} == {"true"}
            desk = Desk(client)
            ends = [desk.becomes(each["messages"][0]["id"], "delivered", "uncertain") for each in first]
            assert len({each["id"] for each in ends}) == 30
            assert len(desk.get("/v1/messages")["items"]) == 30
            lines = desk.ledger()
            assert len({line["text"] for line in lines}) == len(lines), "nothing was even asked for twice"
        service.stop()


def test_each_api_key_has_its_own(tmp_path: Path) -> None:
    with serve(tmp_path, at="http://127.0.0.1:9", scopes="") as service:
        keys = [create_key(tmp_path, "send")["key"] for _ in range(2)]
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        body = {"to": "+254711000001", "text": "x", "send_at": tomorrow.isoformat()}
        found = []
        for key in keys * 2:
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-7"}
            found.append(httpx.post(f"{service.url}/v1/messages", json=body, headers=headers))
        assert [each.status_code for each in found] == [202] * 4
        assert [each.headers.get("idempotent-replayed") for each in found] == [None, None, "true", "true"]
        assert found[0].json()["id"] != found[1].json()["id"]
        assert [each.json() for each in found[2:]] == [each.json() for each in found[:2]]
        service.stop()
