"""64 connections bring callbacks while `kill -9` ends the service again and again: every 200 that was seen is true."""

import asyncio
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from tests.journeys.conftest import pages
from tests.running import Serving, serve, simulator, until

pytestmark = pytest.mark.journey

SEED: Final = 5
CONNECTIONS: Final = 64
MESSAGES: Final = 400
TEXTS: Final = 600
NOTICES: Final = 200
KILLS: Final = 5
STEPS: Final = ("Sent", "Submitted", "Success")

Callback = tuple[str, tuple[tuple[str, str], ...]]
"""The address, and the fields."""


@dataclass
class Crowd:
    """The connections, what they have yet to bring, and what they were told."""

    service: Serving
    waiting: Iterator[Callback]
    kills: Iterator[int]
    answered: list[Callback] = field(default_factory=list)
    unanswered: int = 0

    async def run(self) -> None:
        """Until everything was brought once."""
        self.killing = asyncio.Lock()
        self.next_kill = next(self.kills)
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self.bring())

    async def bring(self) -> None:
        """One connection. A callback that got no answer is not brought again: then only its 200 could tell of it."""
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(base_url=self.service.url, timeout=30, limits=limits) as client:
            for callback in self.waiting:
                kind, fields = callback
                answer = await self.post(client, f"/sms/{kind}", urlencode(fields))
                if answer is None:
                    self.unanswered += 1
                    continue
                assert answer.status_code == 200, answer.text
                self.answered.append(callback)
                await self.maybe_kill()

    async def post(self, client: httpx.AsyncClient, path: str, body: str) -> httpx.Response | None:
        """The answer; None where the connection broke after the request had left."""
        while True:
            try:
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                return await client.post(path, content=body, headers=form)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
            except httpx.TransportError:
                return None

    async def maybe_kill(self) -> None:
        """End the service where its time has come, and start it again beside the load."""
        if len(self.answered) >= self.next_kill and not self.killing.locked():
            async with self.killing:
                self.next_kill = next(self.kills, 1 << 30)
                self.service.kill9()
                await asyncio.to_thread(self.service.start)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_200_is_true(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").create() if database == "postgresql" else ""
    env = {"UJUMBE_REPLY": "", **({"UJUMBE_DATABASE_URL": url} if url else {})}
    with (
        simulator(tmp_path / "at") as at,
        serve(tmp_path / "service", at=at.url, **env) as service,
        httpx.Client(base_url=service.url, headers=service.headers, timeout=30) as client,
    ):
        ids = sent(client)
        callbacks = stories(ids)
        kills = sorted(random.Random(SEED).sample(range(50, len(callbacks) * 3 // 4), KILLS))
        crowd = Crowd(service, iter(callbacks), iter(kills))
        asyncio.run(crowd.run())
        assert crowd.unanswered, "the kills fell into requests under way"
        assert len(crowd.answered) + crowd.unanswered == len(callbacks)
        told = {kind: {fields for name, fields in crowd.answered if name == kind} for kind, _ in callbacks}
        print(f"\n{KILLS} kills; of {len(callbacks):,} callbacks {len(crowd.answered):,} answered, the rest cut off")

        kept = Counter(bodies(url, service.folder / "data" / "ujumbe.sqlite3"))
        missing = [each for _, each in crowd.answered if not kept[urlencode(each).encode()]]
        assert missing == []
        every_message_is_where_its_reports_say(client, ids, told["delivery-reports"])
        texts = Counter(each["provider_id"] for each in pages(client, "/v1/inbound"))
        assert {dict(each)["id"] for each in told["twoway"]} <= set(texts)
        assert set(texts.values()) == {1}
        for path, kind in (("/v1/opt-outs", "opt-out"), ("/v1/subscriptions", "subscription")):
            assert {dict(each)["phoneNumber"] for each in told[kind]} <= {each["phone"] for each in pages(client, path)}
        service.stop()


def sent(client: httpx.Client) -> dict[str, str]:
    """Texts that the local AT took and does not report on: AT's id of each, by number."""
    numbers = [f"+254711{index:06}" for index in range(MESSAGES)]
    client.post("/v1/messages", json={"to": numbers, "text": "Habari"}).raise_for_status()
    until(lambda: {each["state"] for each in pages(client, "/v1/messages")} == {"sent"})
    return {each["to"]: each["provider_message_id"] for each in pages(client, "/v1/messages")}


def stories(ids: dict[str, str]) -> list[Callback]:
    """All that AT has to tell, in no order."""
    told: list[Callback] = [
        ("delivery-reports", (("id", provider_id), ("status", status), ("phoneNumber", number)))
        for (number, provider_id), status in itertools.product(ids.items(), STEPS)
    ]
    for index in range(TEXTS):
        text = (("linkId", ""), ("text", f"text {index}"), ("to", "12345"), ("date", "2026-03-04"))
        told.append(("twoway", (("id", f"in-{index}"), ("from", f"+2547110{index:05}"), *text)))
    for index in range(NOTICES):
        who = (("phoneNumber", f"+2547111{index:05}"),)
        told.append(("opt-out", (*who, ("senderId", "12345"))))
        product = (("shortCode", "12345"), ("keyword", "NEWS"), ("updateType", "addition"))
        told.append(("subscription", (*who, *product)))
    random.Random(SEED).shuffle(told)
    return told


def bodies(url: str, path: Path) -> list[bytes]:
    """Every callback as it is kept."""
    if url:
        with psycopg.connect(url) as connection:
            return [row[0] for row in connection.execute("SELECT body FROM callbacks")]
    with closing(sqlite3.connect(path)) as file:
        return [row[0] for row in file.execute("SELECT body FROM callbacks")]


def every_message_is_where_its_reports_say(
    client: httpx.Client, ids: dict[str, str], told: set[tuple[tuple[str, str], ...]]
) -> None:
    states = {each["to"]: each["state"] for each in pages(client, "/v1/messages")}
    delivered = {dict(each)["phoneNumber"] for each in told if dict(each)["status"] == "Success"}
    assert {states[each] for each in delivered} == {"delivered"}
    assert {states[each] for each in ids.keys() - delivered} <= {"sent", "delivered"}
