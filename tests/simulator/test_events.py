"""Server-sent events: their shapes, and coming back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.simulator.receiver import Receiver
from ujumbe.simulator.events import KEPT, Events


@contextmanager
def events(at: httpx.Client, last: str | None = None) -> Iterator[Iterator[tuple[str, str, dict[str, Any]]]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    with (
        httpx.Client(base_url=at.base_url, timeout=10) as client,
        client.stream("GET", "/events", headers=headers) as response,
    ):
        assert response.headers["content-type"] == "text/event-stream"
        lines = response.iter_lines()
        assert next(lines) == "retry: 1000"

        def read() -> Iterator[tuple[str, str, dict[str, Any]]]:
            fields: dict[str, str] = {}
            for line in lines:
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields.get("event"):
                    yield fields["id"], fields["event"], json.loads(fields["data"])
                    fields = {}

        yield read()


def test_a_text_and_its_callbacks(at: httpx.Client, receiver: Receiver, send: Callable[..., dict[str, Any]]) -> None:
    at.put("/faults", json={"reports": "final"})
    with events(at) as stream:
        message_id = send("+254711000111", "Habari")["Recipients"][0]["messageId"]
        first, name, message = next(stream)
        assert name == "message"
        del message["at"]
        assert message == {
            "number": "+254711000111", "direction": "in", "from": "AFRICASTKNG", "to": "+254711000111",
            "text": "Habari", "message_id": message_id,
        }  # fmt: skip
        _, name, callback = next(stream)
        assert name == "callback"
        del callback["at"]
        assert callback == {
            "kind": "delivery-reports", "number": "+254711000111", "message_id": message_id, "status": "Success",
            "failure_reason": None, "answer": 200, "error": None, "tries": 1, "given_up": False,
        }  # fmt: skip
        at.post("/phones/254711000111/messages", json={"text": "Nzuri"})
        assert [next(stream)[1:][0] for _ in range(2)] == ["message", "callback"]
        at.put("/faults", json={"latency_ms": 0})
        assert next(stream)[1] == "faults"
        at.post("/phones", json={"number": "254711000222"})
        assert next(stream)[1:] == ("phone", {"number": "+254711000222"})
        at.post("/reset")
        assert next(stream)[1:] == ("reset", {})
    with events(at, first) as stream:
        assert [next(stream)[1] for _ in range(3)] == ["callback", "message", "callback"]


def test_who_missed_too_much_is_told_so(at: httpx.Client) -> None:
    with events(at, "1") as stream:
        assert next(stream)[1] == "resync"


def test_ids_from_another_time_are_told_apart() -> None:
    async def check() -> None:
        log = Events()
        start, nothing = log.after(log.after(0)[0])
        assert nothing == b""
        for _ in range(KEPT + 1):
            log.publish("phone", dict)
        assert b"resync" in log.after(start)[1]
        assert b"resync" not in log.after(start + 1)[1]
        assert log.after(start + 1)[1].count(b"event: phone") == KEPT
        assert b"resync" in log.after(start + 10**6)[1]

    asyncio.run(check())
