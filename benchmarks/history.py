"""A database with a past: finished messages or a long queue, multiplied from two that the product itself stored."""

import time
from typing import Any

from benchmarks import load, tables
from benchmarks.service import Service
from benchmarks.stage import Stage

NUMBER = "'+2547' || (20000000 + n)"
PROVIDER_ID = "'ATXid_past' || (100000000 + n)"
DAY_MS = 24 * 3600 * 1000
PATIENCE_SECONDS = 10


def with_finished(stage: Stage, many: int, **env: str) -> Service:
    """The product, stopped, with `many` delivered messages and their attempts in its database."""
    service, sent, _ = _seeded(stage, env)
    first = sent["id"] - many - 1
    columns, rows = tables.rows_of(service.database_url, "attempts", "WHERE message_id = ?", (sent["id"],))
    attempt = dict(zip(columns, rows[0], strict=True))
    finished = {"number": NUMBER, "id": f"{first} + n", "state": "'delivered'"}
    tables.multiply(service.database_url, "messages", sent, many, finished)
    tried = {"number": NUMBER, "provider_id": PROVIDER_ID, "message_id": f"{first} + n"}
    tables.multiply(service.database_url, "attempts", attempt, many, tried)
    return service


def with_queued(stage: Stage, many: int, **env: str) -> Service:
    """The product, stopped, with `many` messages that are due."""
    service, _, scheduled = _seeded(stage, env)
    first = scheduled["id"] - many - 1
    now = time.time_ns() // 1_000_000
    changed = {
        "id": f"{first} + n",
        "number": NUMBER,
        "state": "'queued'",
        "due_at": str(now),
        "expires_at": str(now + DAY_MS),
    }
    tables.multiply(service.database_url, "messages", scheduled, many, changed)
    return service


def _seeded(stage: Stage, env: dict[str, str]) -> tuple[Service, dict[str, Any], dict[str, Any]]:
    """The product with one message sent and one scheduled for tomorrow, as they are stored."""
    service = stage.service(**env)
    stage.stub.control(reset=1, hold=0)
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 24 * 3600))
    bodies = [{"to": "+254711000111", "text": "Now."}, {"to": "+254711000222", "text": "Then.", "send_at": tomorrow}]
    with service.running():
        for body in bodies:
            load.run(service.url, [load.json_post("/v1/messages", body, service.key)], connections=1, expect=202)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not service.holds("sent"):
            assert time.monotonic() < deadline, f"the first message was not sent:\n{service.log}"
            time.sleep(0.02)
    return service, _message(service, "sent"), _message(service, "scheduled")


def _message(service: Service, state: str) -> dict[str, Any]:
    columns, rows = tables.rows_of(service.database_url, "messages", "WHERE state = ?", (state,))
    return dict(zip(columns, rows[0], strict=True))
