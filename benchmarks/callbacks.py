"""Callbacks: delivery reports that are kept and applied durably, against a bare server that gets the same bytes.

The reports are for messages that were sent before, one final report each, in random order. Each run takes new ones: a
report that comes twice is less work.
"""

import random
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlencode

from benchmarks import load, machine
from benchmarks.accept import SHARED, latencies
from benchmarks.dispatch import drain
from benchmarks.history import with_finished
from benchmarks.recipients import lists
from benchmarks.report import Row, in_turns
from benchmarks.service import Service
from benchmarks.stage import Stage

CONNECTIONS = 64
OTHERS = (8, 256)
SEED = 7
P99_MS = 25
HEAD = (
    "POST /sms/delivery-reports HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: %d\r\n\r\n%s"
)


def run(stage: Stage) -> Iterator[Row]:
    """All rows about callbacks."""
    stage.progress("callbacks")
    each = stage.sized(15_000, 5_000)
    at_least = 0.40 if stage.database == "sqlite" else 0.35
    shared = SHARED if stage.database == "postgresql" else ""
    service = stage.service()
    with machine.started(machine.SERVER, "bare") as bare, service.running():
        fresh = iter(reports(stage, service, each * (stage.rounds + len(OTHERS)) + 500))
        load.run(service.url, islice(fresh, 500), connections=CONNECTIONS, expect=200)
        took: list[load.Load] = []
        base: list[load.Load] = []

        def ours(connections: int = CONNECTIONS) -> float:
            took.append(load.run(service.url, islice(fresh, each), connections=connections, expect=200))
            return took[-1].rate

        def theirs(connections: int = CONNECTIONS) -> float:
            requests = [report("ATXid_bare", "+254711000000")] * each
            base.append(load.run(bare, requests, connections=connections, expect=200))
            return base[-1].rate

        measured, baseline = in_turns(stage.rounds, ours, theirs)
        yield Row(
            f"delivery reports applied, {CONNECTIONS} connections",
            stage.database,
            measured,
            baseline,
            "reports/s",
            "bare raw-ASGI OK on uvicorn",
            at_least=at_least,
            aim=0.60,
            note="; ".join(part for part in (latencies(took), shared) if part),
        )
        slowest = [each.p99 for each in took]
        yield Row(
            "the same, p99",
            stage.database,
            slowest,
            [float(P99_MS)],
            "ms",
            f"{P99_MS} ms",
            at_most=1.0,
            note="aim: 10 ms",
        )
        for connections in OTHERS:
            rate, bare_rate = ours(connections), theirs(connections)
            note = latencies(took[-1:])
            what = f"the same, {connections} connections"
            yield Row(what, stage.database, [rate], [bare_rate], "reports/s", "bare, as many", note=note)
    yield with_a_past(stage, each, baseline)


def with_a_past(stage: Stage, each: int, baseline: list[float]) -> Row:
    """The same with a million finished messages in the tables, and while others are sent."""
    many = stage.sized(1_000_000, 100_000)
    stage.progress(f"callbacks with {many:,} finished messages, and a send under way")
    service = with_finished(stage, many)
    with service.running():
        requests = reports(stage, service, each)
        load.run(service.url, lists(service.key, each), connections=4, expect=202)  # these leave meanwhile
        done = load.run(service.url, requests, connections=CONNECTIONS, expect=200)
    what = f"the same, {many:,} messages behind it and a send of {each:,} under way"
    return Row(what, stage.database, [done.rate], baseline, "reports/s", "bare", note=latencies([done]))


def reports(stage: Stage, service: Service, many: int) -> list[bytes]:
    """Send `many` messages through the running product; the final report of each, in random order."""
    drain(service, stage.stub, lists(service.key, many), many)
    found: list[bytes] = []
    cursor = ""
    while len(found) < many:
        page = service.read(f"/v1/messages?limit=1000{f'&cursor={cursor}' if cursor else ''}")
        found += [report(row["provider_message_id"], row["to"]) for row in page["items"]]
        cursor = page["next"] or ""
        assert cursor or len(found) >= many, "there are fewer messages than were sent"
    random.Random(SEED).shuffle(found)
    return found[:many]


def report(provider_id: str, number: str) -> bytes:
    """AT's final report, as it sends it."""
    fields = {"phoneNumber": number, "retryCount": 0, "id": provider_id, "status": "Success", "networkCode": "63902"}
    body = urlencode(fields)
    return (HEAD % (len(body), body)).encode("ascii")
