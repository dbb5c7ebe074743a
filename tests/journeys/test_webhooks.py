"""Webhooks from real processes to real receivers: those that fail, hang, lie or want no more, and deaths in between."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from standardwebhooks import Webhook

from tests.africastalking.scripted import Answer, End, Request, Script, ScriptedServer, reply
from tests.postgres import Server
from tests.running import Running, dev, free_port, serve, simulator, until, worker

pytestmark = pytest.mark.journey

NUMBER: Final = "+254711000000"
GOOD: Final = reply(200, b"thanks")
HANGS: Final = Answer(b"", End.SILENCE)
ENDLESS: Final = Answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * (1 << 20), End.SILENCE)
TOO_LONG: Final = Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", End.CLOSE)
DIE_AT: Final = "UJUMBE_TEST_DIE_AT"
_FIRST: Final = re.compile(r'"seq": 1\b')


@dataclass
class Receiver:
    """An application that is told of events, and its endpoint."""

    server: ScriptedServer
    client: httpx.Client
    id: str
    secret: str

    def events(self) -> list[dict[str, Any]]:
        """What it was sent, in the order of its coming; each with a signature that holds."""
        return [self.verified(each) for each in list(self.server.requests)]

    def verified(self, request: Request) -> dict[str, Any]:
        event: dict[str, Any] = Webhook(self.secret).verify(request.body, request.headers)
        assert event["id"] == request.headers["webhook-id"]
        return event

    def seqs(self) -> set[int]:
        return {each["seq"] for each in self.events()}

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/webhooks/{self.id}").json()
        return found

    def deliveries(self) -> list[dict[str, Any]]:
        """Oldest event first."""
        answer = self.client.get(f"/v1/webhooks/{self.id}/deliveries", params={"limit": 1_000})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found[::-1]


@contextmanager
def receiver(client: httpx.Client, *answers: Script, types: tuple[str, ...] = ()) -> Iterator[Receiver]:
    with ScriptedServer(*answers) as server:
        made = client.post("/v1/webhooks", json={"url": f"{server.url}/hook", "types": types})
        assert made.status_code == 201, made.text
        yield Receiver(server, client, made.json()["id"], made.json()["secret"])


def log(client: httpx.Client) -> list[dict[str, Any]]:
    """Everything that happened."""
    items: list[dict[str, Any]] = []
    seen = -1
    page: dict[str, Any] = {"next": 0}
    while page["next"] != seen:
        seen = page["next"]
        page = client.get("/v1/events", params={"after": seen, "limit": 1_000}).json()
        items += page["items"]
    return items


def lasting(event: dict[str, Any]) -> tuple[Any, ...]:
    """What an event tells whenever it is read."""
    data = event["data"]
    return (event["seq"], event["id"], event["type"], event["timestamp"], data["id"], data["state"], data["to"])


def send(client: httpx.Client, many: int, text: str = "Habari") -> None:
    numbers = [f"+25471100{index:04d}" for index in range(many)]
    client.post("/v1/messages", json={"to": numbers, "text": text}).raise_for_status()


def settled(client: httpx.Client, many: int) -> Callable[[], bool]:
    """Whether so many messages were delivered and told."""
    return lambda: Counter(each["type"] for each in log(client))["message.delivered"] == many


def test_receivers_of_every_kind(tmp_path: Path) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(dev(tmp_path, UJUMBE_LOG_LEVEL="debug"))
        client = stack.enter_context(httpx.Client(base_url=service.url, timeout=20))
        inside = stack.enter_context(ScriptedServer(GOOD))
        moved = reply(307, b"", f"Location: {inside.url}/admin")
        hangs = stack.enter_context(receiver(client, HANGS))
        good = stack.enter_context(receiver(client, GOOD))
        fails_first = stack.enter_context(receiver(client, reply(500, b"not yet"), reply(503), GOOD))
        gone = stack.enter_context(receiver(client, reply(410)))
        redirects = stack.enter_context(receiver(client, moved, types=("message.accepted",)))
        lies = stack.enter_context(receiver(client, TOO_LONG))
        endless = stack.enter_context(receiver(client, ENDLESS))
        few = stack.enter_context(receiver(client, GOOD, types=("message.delivered",)))

        send(client, 10)
        until(settled(client, 10))
        told = log(client)
        every = {each["seq"] for each in told}
        assert len(every) == 30
        for each in (good, lies, endless, fails_first):
            until(lambda each=each: each.seqs() == every)  # type: ignore[misc]
        assert sorted(map(lasting, good.events())) == sorted(map(lasting, told))
        assert len(good.events()) == 30, "each once"
        assert hangs.deliveries()[0]["state"] == "pending", "it held nobody up"
        assert [each["state"] for each in endless.deliveries()] == ["delivered"] * 30
        assert endless.deliveries()[0]["attempts"][0]["body"] == "y" * 1_000
        assert {each["type"] for each in few.events()} == {"message.delivered"}
        assert len(few.events()) == 10

        until(lambda: all(each["state"] == "delivered" for each in fails_first.deliveries()))
        again = [each for each in fails_first.deliveries() if len(each["attempts"]) > 1]
        assert sorted(each["attempts"][0]["status"] for each in again) == [500, 503]
        assert {each["attempts"][0]["error"] for each in again} == {"it answered 500", "it answered 503"}
        assert all(each["attempts"][1]["status"] == 200 for each in again)
        ids = Counter(each["id"] for each in fails_first.events())
        assert sorted(ids[each["event"]] for each in again) == [2, 2], "the same id each time"

        until(lambda: not gone.shown()["enabled"])
        assert "410" in gone.shown()["disabled_reason"]
        before = len(gone.server.requests)
        assert before <= 8
        until(lambda: redirects.deliveries()[0]["attempts"])
        assert redirects.deliveries()[0]["attempts"][0]["error"] == "it answered 307; redirects are not followed"
        assert inside.connections == 0
        scraped = client.get("/metrics").text
        assert "ujumbe_webhooks_disabled 1.0" in scraped
        assert 'ujumbe_webhook_deliveries_total{outcome="gone"}' in scraped

        # Enabled again, it goes on where it stood.
        client.patch(f"/v1/webhooks/{gone.id}", json={"enabled": True}).raise_for_status()
        until(lambda: len(gone.server.requests) > before)
        secrets = [each.secret for each in (hangs, good, fails_first, gone, redirects, lies, endless, few)]
    assert not [each for each in secrets if each in service.log]
    assert "Traceback" not in service.log


def test_killed_between_a_delivery_and_its_record(tmp_path: Path) -> None:
    """The receiver has it, and nobody knows: it is delivered again, and nothing is lost."""
    with (
        dev(tmp_path) as service,
        httpx.Client(base_url=service.url, timeout=20) as client,
        receiver(client, GOOD) as ours,
    ):
        service.stop()
        service.env[DIE_AT] = "deliveries.record#3"
        service.start()
        send(client, 4)
        service.process.wait(20)
        del service.env[DIE_AT]
        service.start()
        until(settled(client, 4))
        every = {each["seq"] for each in log(client)}
        until(lambda: ours.seqs() == every)
        until(lambda: all(each["state"] == "delivered" for each in ours.deliveries()))
        counts = Counter(each["id"] for each in ours.events())
        assert max(counts.values()) == 2, "what was under way came again"
        assert sum(each - 1 for each in counts.values()) <= 8
        service.stop()


def test_killed_again_and_again(tmp_path: Path) -> None:
    """By whoever receives, at any moment: what was told of comes at least once, and all of it."""
    with dev(tmp_path) as service, httpx.Client(base_url=service.url, timeout=20) as client:
        armed = threading.Event()

        def deadly(_request: Request) -> Answer:
            if armed.is_set():
                armed.clear()
                service.process.kill()
            return GOOD

        with receiver(client, deadly) as ours:
            for part in range(3):
                send(client, 4, f"Part {part}")
                armed.set()
                service.process.wait(20)
                service.start()
            until(lambda: Counter(each["type"] for each in log(client))["message.accepted"] == 12)
            until(lambda: ours.seqs() == {each["seq"] for each in log(client)})
            until(lambda: all(each["state"] == "delivered" for each in ours.deliveries()))
            service.stop()


def test_two_workers_on_one_database(postgres: Server, tmp_path: Path) -> None:
    """Both tell the same endpoints, and nobody hears anything twice."""
    url, port = postgres.create(), free_port()
    env = {"UJUMBE_DATABASE_URL": url, "UJUMBE_WEBHOOKS_PRIVATE": "1"}
    with ExitStack() as stack:
        at = stack.enter_context(simulator(tmp_path / "at", callbacks=f"http://127.0.0.1:{port}/sms"))
        httpx.put(f"{at.url}/faults", json={"report_delay_ms": 1}).raise_for_status()
        service = stack.enter_context(serve(tmp_path, "--no-worker", "--port", str(port), at=at.url, **env))
        workers = [stack.enter_context(worker(tmp_path / f"worker{index}", at=at.url, **env)) for index in range(2)]
        client = stack.enter_context(httpx.Client(base_url=service.url, headers=service.headers, timeout=30))
        first = stack.enter_context(receiver(client, GOOD))
        second = stack.enter_context(receiver(client, GOOD))
        send(client, 100)
        until(settled(client, 100))
        every = Counter(each["id"] for each in log(client))
        for each in (first, second):
            until(lambda each=each: each.seqs() >= {event["seq"] for event in log(client)}, 60)  # type: ignore[misc]
            until(lambda each=each: all(one["state"] == "delivered" for one in each.deliveries()))  # type: ignore[misc]
            assert Counter(event["id"] for event in each.events()) == every
        for running in (*workers, service):
            running.stop()
            assert "Traceback" not in running.log


def test_listen_and_forward(tmp_path: Path) -> None:
    """Printed as they happen, and posted to a program on this machine, without any endpoint."""
    with dev(tmp_path) as service, httpx.Client(base_url=service.url) as client, ScriptedServer(GOOD) as program:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        words = ["listen", "--after", "0", "--json", "--forward", f"{program.url}/x", "--secret", secret]
        send(client, 1)
        env = {"UJUMBE_DATA": str(tmp_path / "data")}
        listening = Running(tmp_path / "listen", words, _FIRST, env, "").start()
        with listening:
            client.post("/sms/opt-out", data={"phoneNumber": NUMBER, "senderId": "MyBrand"})
            until(lambda: "optout.created" in listening.log)
            until(settled(client, 1))
            until(lambda: len(listening.log.splitlines()) == 4)
            listening.stop()
        printed = [json.loads(line) for line in listening.log.splitlines()]
        assert [{**each, "forwarded": "200"} for each in log(client)] == printed
        posted = [Webhook(secret).verify(each.body, each.headers) for each in program.requests]
        assert posted == log(client)
        service.stop()
