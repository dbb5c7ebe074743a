"""Everything goes wrong at once: processes die, AT misbehaves, people opt out. Then both records are compared.

UJUMBE_CHAOS_MESSAGES sets how many messages; `pytest -s` shows the counts.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.journeys import load
from tests.journeys.audit import Audit
from tests.journeys.conftest import ledger, pages
from tests.journeys.storm import Storm
from tests.running import Running, free_port, serve, simulator, until, worker

pytestmark = pytest.mark.journey

SEED: Final = 3
SECONDS: Final = 25.0
"""How long orders come in."""
LEAST_KILLS: Final = {"sqlite": 8, "postgresql": 15}
"""A single process that is down half the time is killed less often."""
WORKERS: Final = 3
MESSAGES: Final = {"sqlite": 5_000, "postgresql": 20_000}
LEASE: Final = {"UJUMBE_LEASE_SECONDS": "45"}
"""Longer than a call can take (connect 5 s, read 30 s, the rest 5 s): what a killed worker had open waits for it."""
DRAIN_SECONDS: Final = 150
"""A lease, a hanging call, and the schedule of what was refused."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_chaos_loses_nothing_and_repeats_nothing(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    messages = int(os.environ.get("UJUMBE_CHAOS_MESSAGES") or MESSAGES[database])
    url = request.getfixturevalue("postgres").create() if database == "postgresql" else ""
    orders, stops = load.orders(SEED, messages, SECONDS), load.stops(SEED, messages, SECONDS)
    with running(tmp_path, url) as storm:
        storm.run(orders, stops)
        assert storm.answers.keys() == {each.key for each in orders}
        assert len(storm.heard) == len(stops)
        with httpx.Client(base_url=storm.service.url, headers=storm.service.headers, timeout=30) as client:
            compare(storm, orders, client)
        for each in (*storm.victims.values(), storm.at):
            each.stop()
    if database == "sqlite":
        the_file_is_sound(tmp_path / "service" / "data" / "ujumbe.sqlite3")


@contextmanager
def running(folder: Path, url: str) -> Iterator[Storm]:
    """The local AT and the service; on PostgreSQL (`url`) three workers beside it, else the worker inside it."""
    with ExitStack() as stack:
        # The service's port is needed first, for AT's callbacks; AT's state file survives its own kills.
        port = str(free_port())
        callbacks = f"http://127.0.0.1:{port}/sms"
        at = stack.enter_context(simulator(folder / "at", "--state", "state.sqlite3", callbacks=callbacks))
        env = LEASE | ({"UJUMBE_DATABASE_URL": url} if url else {})
        words = ["--port", port, *(["--no-worker"] if url else [])]
        service = stack.enter_context(serve(folder / "service", *words, at=at.url, scopes="send,read", **env))
        victims: dict[str, Running] = {"service": service}
        for index in range(1, WORKERS + 1 if url else 1):
            name = f"worker {index}"
            victims[name] = stack.enter_context(worker(folder / name, at=at.url, **env))
        yield Storm(service, at, victims, SEED, LEAST_KILLS["postgresql" if url else "sqlite"])


def compare(storm: Storm, orders: list[load.Order], client: httpx.Client) -> None:
    """Wait until nothing moves any more, then hold our record against the ledger."""
    with httpx.Client(base_url=storm.at.url, timeout=30) as at:
        until(lambda: nothing_moves(client, at), DRAIN_SECONDS, every=0.5)

        def read() -> Audit:
            return Audit(storm, orders, pages(client, "/v1/messages"), ledger(at, ""))

        audit = read()
        # Reports that came before their ids are joined by upkeep, every few seconds.
        if list(audit.without_an_end()):
            until(lambda: not list(read().without_an_end()), 15, every=3)
            audit = read()
    opt_outs = pages(client, "/v1/opt-outs")
    for each in audit.to_explain(opt_outs):
        audit.timelines[each] = client.get(f"/v1/messages/{each}").json()["timeline"]
    print(*audit.counts(), sep="\n", end="\n\n")
    nobody_is_missing(storm, opt_outs)
    found = {
        "accepted and not there, or there and never accepted": list(audit.lost_or_invented()),
        "AT was asked for what we do not know of": audit.strangers,
        "sent twice": list(audit.taken_twice()),
        "neither final nor uncertain with a reason": list(audit.without_an_end()),
        "not what AT did": list(audit.at_odds()),
        "attempted after an opt-out": list(audit.after_an_opt_out(opt_outs)),
    }
    assert {what: ids for what, ids in found.items() if ids} == {}


def nothing_moves(client: httpx.Client, at: httpx.Client) -> bool:
    moving = [client.get("/v1/messages", params={"state": each, "limit": 1}) for each in ("queued", "sending")]
    if any(each.json()["items"] for each in moving):
        return False
    waiting: int = at.get("/status").json()["callbacks_waiting"]
    return waiting == 0


def nobody_is_missing(storm: Storm, opt_outs: list[dict[str, Any]]) -> None:
    stored = {(each["phone"], (each["from"] or "").casefold()) for each in opt_outs}
    wanted = {(each.stop.number, each.stop.sender.casefold()) for each in storm.heard}
    assert len(wanted - stored) == 0, "every opt-out is there"


def the_file_is_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT 1 FROM calls WHERE verdict = 'open'").fetchall() == []
