"""Two services that only answer HTTP and two workers, on one PostgreSQL: one outbox, and everything once."""

import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import ledger, pages
from tests.postgres import OwnServer, Server
from tests.running import STOP_SECONDS, Running, Serving, create_key, free_port, serve, simulator, ujumbe, until, worker

PASSWORD = "s3cr%2Bt-word"
NUMBER = "+254711000000"


def with_password(url: str) -> str:
    """The test's server asks for none; what is given must all the same be kept to oneself."""
    return url.replace("postgres@", f"postgres:{PASSWORD}@", 1)


@dataclass
class Place:
    """What runs on one database."""

    url: str
    at: Running
    services: list[Serving]
    workers: list[Running]
    metrics: list[int]
    """The workers' ports."""
    clients: list[httpx.Client]

    def message(self, message_id: str, service: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.clients[service].get(f"/v1/messages/{message_id}").json()
        return found

    def becomes(self, message_id: str, *states: str) -> dict[str, Any]:
        until(lambda: self.message(message_id)["state"] in states, 30)
        return self.message(message_id)

    def lines(self, text: str) -> list[dict[str, Any]]:
        with httpx.Client(base_url=self.at.url) as client:
            return [line for line in ledger(client, "") if line["text"].startswith(text)]

    def knobs(self, **knobs: Any) -> None:
        httpx.put(f"{self.at.url}/faults", json=knobs).raise_for_status()


@pytest.fixture(scope="module")
def place(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("several"), free_port()
    url = with_password(postgres.create())
    metrics = [free_port(), free_port()]
    with ExitStack() as stack:
        at = stack.enter_context(simulator(folder / "at", callbacks=f"http://127.0.0.1:{port}/sms"))
        httpx.put(f"{at.url}/faults", json={"report_delay_ms": 1}).raise_for_status()
        env = {"UJUMBE_DATABASE_URL": url}
        first = serve(folder / "one", "--no-worker", "--port", str(port), at=at.url, **env)
        second = serve(folder / "two", "--no-worker", at=at.url, scopes="", **env)
        second.key = first.key
        services = [stack.enter_context(each) for each in (first, second)]
        workers = [
            stack.enter_context(worker(folder / f"worker{each}", at=at.url, UJUMBE_METRICS_PORT=str(each), **env))
            for each in metrics
        ]
        clients = [
            stack.enter_context(httpx.Client(base_url=each.url, headers=each.headers, timeout=60)) for each in services
        ]
        yield Place(url, at, services, workers, metrics, clients)
        for each in (*services, *workers):
            each.stop(sign=signal.SIGTERM)
            assert "Traceback" not in each.log
            assert "s3cr" not in each.log
            assert "postgresql://127.0.0.1" in each.log


def test_a_text_by_the_one_is_seen_by_the_other(place: Place) -> None:
    [row] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "Across"}).json()["messages"]
    until(lambda: place.message(row["id"], service=1)["state"] == "delivered", 30)
    until(lambda: place.message(row["id"])["provider_message_id"])  # the report may be faster than the record
    found = place.message(row["id"])
    [line] = place.lines("Across")
    assert (line["message_id"], line["cost"]) == (found["provider_message_id"], found["cost"])


def test_ready_without_a_worker(place: Place) -> None:
    for client in place.clients:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": {"database": "ok"}})


def test_each_of_many_is_sent_once_and_counted_by_a_worker(place: Place) -> None:
    def counted() -> float:
        told = [httpx.get(f"http://127.0.0.1:{port}/metrics").text for port in place.metrics]
        assert not [each for each in told if "ujumbe_queue" in each or "ujumbe_uncertain" in each]
        found = re.findall(r'^ujumbe_messages_outcomes_total\{outcome="taken"\} (\S+)$', "\n".join(told), re.MULTILINE)
        return sum(map(float, found))

    before = counted()

    def send(number: int) -> str:
        body = {"to": f"+2547110{number:05}", "text": f"Many {number}"}
        answer = place.clients[number % 2].post("/v1/messages", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["messages"][0]["id"])

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(200)))
    assert len(set(sent)) == 200
    until(lambda: len(place.lines("Many")) >= 200, 30)
    for each in sent:
        place.becomes(each, "delivered")
    assert Counter(line["text"] for line in place.lines("Many")) == {f"Many {number}": 1 for number in range(200)}
    until(lambda: counted() == before + 200)


def test_one_key_for_both_services(place: Place) -> None:
    body = {"to": [NUMBER, "0711"], "text": "Idempotent"}
    headers = {"Idempotency-Key": "across"}
    answers = [client.post("/v1/messages", json=body, headers=headers) for client in place.clients * 2]
    assert [each.status_code for each in answers] == [202] * 4
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true", "true", "true"]
    assert len({each.text for each in answers}) == 1
    other = place.clients[1].post("/v1/messages", json=body | {"text": "Other"}, headers=headers)
    assert other.status_code == 422
    assert [each["field"] for each in other.json()["errors"]] == ["Idempotency-Key"]
    place.becomes(answers[0].json()["messages"][0]["id"], "delivered")
    assert len(place.lines("Idempotent")) == 1


def test_a_key_in_flight_at_the_other_service(place: Place) -> None:
    """Both at once, until one of them has found the other at it."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    numbers = [f"+2547220{index:05}" for index in range(3_000)]
    conflicts = 0
    for turn in range(30):
        body = {"to": numbers, "text": f"In flight {turn}", "send_at": soon}
        headers = {"Idempotency-Key": f"in flight {turn}"}
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(lambda each: each.post("/v1/messages", json=body, headers=headers), place.clients)  # noqa: B023
            )
        made = [each for each in answers if each.status_code == 202]
        assert sum("idempotent-replayed" not in each.headers for each in made) == 1
        assert len({each.json()["id"] for each in made}) == 1
        busy = [each for each in answers if each.status_code != 202]
        assert {each.status_code for each in busy} <= {409}
        assert all(each.headers["retry-after"] == "1" for each in busy)
        place.clients[0].post(f"/v1/batches/{made[0].json()['id']}/cancel").raise_for_status()
        conflicts += len(busy)
        if conflicts:
            break
    assert conflicts


def test_a_revoked_key_is_refused_by_both(place: Place) -> None:
    folder = place.services[0].folder
    made = create_key(folder, "send", UJUMBE_DATABASE_URL=place.url)
    body, headers = {"to": NUMBER, "text": "Revoked"}, {"Authorization": f"Bearer {made['key']}"}
    for client in place.clients * 2:
        assert client.post("/v1/messages", json=body, headers=headers).status_code == 202
    assert ujumbe(folder, "keys", "revoke", made["id"], UJUMBE_DATABASE_URL=place.url).returncode == 0
    for client in place.clients * 2:
        assert client.post("/v1/messages", json=body, headers=headers).status_code == 401


def test_a_sender_that_no_database_takes_has_sent_nothing(place: Place) -> None:
    for path in ("/v1/messages", "/v1/inbound"):
        assert place.clients[0].get(path, params={"from": "\x00"}).json() == {"items": [], "next": None}


def test_a_pause_holds_for_all(place: Place) -> None:
    assert place.clients[1].post("/v1/account/pause", json={"reason": "Stocktaking"}).status_code == 200
    assert place.clients[0].get("/v1/account").json()["reason"] == "Stocktaking"
    [row] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "After the pause"}).json()["messages"]
    told = ujumbe(place.services[0].folder, "account", "show", "--json", UJUMBE_DATABASE_URL=place.url)
    assert '"reason": "Stocktaking"' in told.stdout
    assert place.message(row["id"])["state"] == "queued"
    resumed = ujumbe(place.services[0].folder, "account", "resume", UJUMBE_DATABASE_URL=place.url)
    assert resumed.returncode == 0
    place.becomes(row["id"], "delivered")
    assert len(place.lines("After the pause")) == 1


def test_sigterm_lets_calls_end(place: Place) -> None:
    place.knobs(latency_ms=1_000)
    try:
        [row] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "Slowly"}).json()["messages"]
        place.becomes(row["id"], "sending")
        for each in place.workers:
            each.stop(sign=signal.SIGTERM)
        assert place.message(row["id"])["state"] in ("sent", "delivered")
        [line] = place.lines("Slowly")
        assert line["message_id"] == place.message(row["id"])["provider_message_id"]
    finally:
        place.knobs(latency_ms=0)
    [row] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "Nobody works"}).json()["messages"]
    for each in place.workers:
        each.start()
    place.becomes(row["id"], "delivered")
    assert len(place.lines("Nobody works")) == 1


def test_a_second_signal_waits_for_nothing(place: Place) -> None:
    """What is let go of is not sent again: once its lease is over it is uncertain."""

    def waits() -> list[int]:
        return [each.log.count("waiting for calls under way") for each in place.workers]

    place.knobs(accept_then_hang_rate=1)
    try:
        [row] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "Hanging"}).json()["messages"]
        until(lambda: place.lines("Hanging"))
        before = waits()
        for each in place.workers:
            each.process.send_signal(signal.SIGTERM)
        until(lambda: waits() != before)
        busy, idle = place.workers if waits()[0] > before[0] else place.workers[::-1]
        assert idle.process.wait(STOP_SECONDS) == 0
        busy.stop(10, signal.SIGTERM)  # far less than the 30 s that it would wait for an answer
        assert "are let go" in busy.log
    finally:
        place.knobs(accept_then_hang_rate=0)
    for each in place.workers:
        each.start()
    [after] = place.clients[0].post("/v1/messages", json={"to": NUMBER, "text": "Goes on"}).json()["messages"]
    place.becomes(after["id"], "delivered")
    assert place.message(row["id"])["state"] in ("sending", "delivered"), "a report may have come for it"
    assert len(place.lines("Hanging")) == 1


def test_the_timeline_says_what_at_was_asked(place: Place) -> None:
    """Of a call for several, each message shows its own number only."""
    numbers = [f"+2547330{index:05}" for index in range(3)]
    rows = place.clients[0].post("/v1/messages", json={"to": numbers, "text": "Asked", "from": "12345"}).json()
    for row in rows["messages"]:
        found = place.becomes(row["id"], "delivered")
        [asked] = [step["detail"] for step in found["timeline"] if step["what"] == "submitted"]
        assert asked["recipients"] == 3
        assert asked["request"]["to"] == f"{row['to']} and 2 more"
        assert (asked["request"]["from"], asked["request"]["message"]) == ("12345", "(5 characters)")
        assert asked["request"]["line"] == "POST /version1/messaging"
        told = str(found["timeline"])
        assert not [each for each in numbers if each != row["to"] and each.lstrip("+") in told]


def test_a_port_for_metrics_that_is_taken(place: Place) -> None:
    env = {"UJUMBE_DATABASE_URL": place.url, "UJUMBE_METRICS_PORT": str(place.metrics[0])}
    env |= {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": place.at.url}
    ended = ujumbe(place.services[0].folder, "worker", **env)
    assert ended.returncode == 1
    assert f"error: cannot serve metrics on port {place.metrics[0]}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_goes_away_and_comes_back(own_postgres: OwnServer, tmp_path: Path) -> None:
    url = with_password(own_postgres.create())
    with (
        simulator(tmp_path / "at") as at,
        serve(tmp_path / "serve", "--no-worker", at=at.url, UJUMBE_DATABASE_URL=url) as service,
        worker(tmp_path / "worker", at=at.url, UJUMBE_DATABASE_URL=url) as sender,
        httpx.Client(base_url=service.url, headers=service.headers, timeout=60) as client,
    ):

        def order(number: int) -> httpx.Response:
            body = {"to": [f"+2547440{number:05}", f"+2547441{number:05}"], "text": f"Order {number}"}
            return client.post("/v1/messages", json=body, headers={"Idempotency-Key": f"order {number}"})

        answered = {0: order(0)}
        assert answered[0].status_code == 202
        until(lambda: httpx.get(f"{at.url}/ledger").json()["items"])
        own_postgres.stop()
        try:
            for number in (1, 2):
                refused = order(number)
                assert refused.status_code == 503
                assert refused.json()["type"] == "urn:ujumbe:problem:unavailable"
                assert int(refused.headers["retry-after"]) > 0
                assert client.get("/sms/invoke-bulk-sms", params={"phone": NUMBER}).status_code == 503
                told = client.post("/sms/opt-out", data={"phoneNumber": NUMBER})
                assert (told.status_code, int(told.headers["retry-after"]) > 0) == (503, True)
            assert client.get("/healthz").status_code == 200
            unready = client.get("/readyz")
            assert (unready.status_code, unready.json()["status"]) == (503, "not ready")
            assert client.get("/metrics").status_code == 503
            until(lambda: "the outbox cannot be used now" in sender.log)
        finally:
            own_postgres.start()
        for number in range(4):
            until(lambda: order(number).status_code == 202)  # noqa: B023
            answered[number] = order(number)
            assert answered[number].headers["idempotent-replayed"] == "true"
        until(lambda: client.get("/readyz").status_code == 200)
        stored = pages(client, "/v1/messages")
        assert sorted(each["id"] for each in stored) == sorted(
            row["id"] for answer in answered.values() for row in answer.json()["messages"]
        )
        assert client.get("/v1/opt-outs").json()["items"] == []
        until(lambda: {each["state"] for each in pages(client, "/v1/messages")} == {"sent"}, 30)
        lines = httpx.get(f"{at.url}/ledger").json()["items"]
        assert sorted((line["number"], line["text"]) for line in lines) == sorted(
            (each["to"], each["text"]) for each in stored
        )
        for each in (sender, service):
            each.stop(sign=signal.SIGTERM)
            assert "Traceback" not in each.log
            assert "s3cr" not in each.log
