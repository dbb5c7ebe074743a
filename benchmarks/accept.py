"""Accepting: what POST /v1/messages takes durably, against a bare server and against a bare database.

The sending side is up but held: the stub provider keeps its first answer back, so the window (100 numbers) is full and
nothing more is claimed while we measure.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from benchmarks import load, machine
from benchmarks.recipients import lists, singles
from benchmarks.report import Row, in_turns
from benchmarks.service import Service
from benchmarks.stage import Stage

CONNECTIONS = 64
LIST_CONNECTIONS = 4
KINDS = 20_000
"""Different requests made beforehand; a run takes them in turn."""
HELD = "sending is held by the provider; "
SHARED = "service, worker and PostgreSQL share one core"


def run(stage: Stage) -> Iterator[Row]:
    """All rows about accepting."""
    yield from one_a_request(stage)
    yield lists_of_a_thousand(stage)


def one_a_request(stage: Stage) -> Iterator[Row]:
    """One recipient a request on 64 connections, against a bare "OK" that gets the same bytes."""
    stage.progress("accept, one recipient a request")
    seconds = stage.sized(3, 1)
    shared = SHARED if stage.database == "postgresql" else ""
    with machine.started(machine.SERVER, "bare") as bare, held(stage) as service:
        requests = list(singles(service.key, stage.sized(KINDS, 5_000)))
        took: list[load.Load] = []
        base: list[load.Load] = []

        def ours() -> float:
            took.append(load.run(service.url, cycle(requests), connections=CONNECTIONS, expect=202, seconds=seconds))
            return took[-1].rate

        def theirs() -> float:
            base.append(load.run(bare, cycle(requests), connections=CONNECTIONS, expect=200, seconds=seconds))
            return base[-1].rate

        load.run(service.url, requests[:500], connections=CONNECTIONS, expect=202)
        load.run(bare, requests[:500], connections=CONNECTIONS, expect=200)
        measured, baseline = in_turns(stage.rounds, ours, theirs)
        yield Row(
            "accept, 1 recipient a request",
            stage.database,
            measured,
            baseline,
            "requests/s",
            "bare raw-ASGI OK on uvicorn",
            at_least=0.12,
            aim=0.20,
            note=f"{HELD}{latencies(took)}; bare: {latencies(base)}{'; ' + shared if shared else ''}",
        )
        keyed = []
        for turn in range(stage.rounds):
            fresh = list(singles(service.key, stage.sized(KINDS, 5_000), keyed=f"run-{turn}"))
            keyed.append(
                load.run(service.url, fresh, connections=CONNECTIONS, expect=202, seconds=seconds),
            )
        rates = [each.rate for each in keyed]
        note = HELD + latencies(keyed)
        what = "the same, each with an Idempotency-Key"
        yield Row(what, stage.database, rates, baseline, "requests/s", "the same bare OK", note=note)
        stage.stub.control(hold=0)
    yield while_sending(stage, baseline)


def while_sending(stage: Stage, baseline: list[float]) -> Row:
    """The same with the worker at work on the same core; the provider shares the load's."""
    service = stage.service()
    stage.stub.control(reset=1, hold=0)
    with service.running():
        requests = list(singles(service.key, stage.sized(KINDS, 5_000)))
        done = load.run(service.url, requests, connections=CONNECTIONS, expect=202, seconds=stage.sized(3, 1))
        sent = stage.stub.stats()["messages"]
    note = f"{latencies([done])}; {sent:,} of {done.requests:,} sent meanwhile; the provider shares the load's core"
    what = "the same without a key, while the worker sends"
    return Row(what, stage.database, [done.rate], baseline, "requests/s", "the same bare OK", note=note)


def lists_of_a_thousand(stage: Stage) -> Row:
    """A thousand numbers a request, against `executemany` of the very rows that came of it."""
    stage.progress("accept, 1,000 numbers a request")
    many = stage.sized(60_000, 20_000)
    with held(stage) as service:
        requests = list(lists(service.key, many))
        load.run(service.url, requests[:4], connections=LIST_CONNECTIONS, expect=202)

        def ours() -> float:
            return many / load.run(service.url, requests, connections=LIST_CONNECTIONS, expect=202).seconds

        def theirs() -> float:
            # A SQLite file of the same tables, whatever the product runs on: that is what the budget compares with.
            printed = machine.run(machine.SERVER, "tables", service.database_url, stage.empty_sqlite(), str(many))
            document = json.loads(printed)
            return float(document["rows"] / document["seconds"])

        ours()
        measured, baseline = in_turns(stage.rounds, ours, theirs)
        stage.stub.control(hold=0)
    return Row(
        "accept, 1,000 recipients a request",
        stage.database,
        measured,
        baseline,
        "rows/s",
        "bare executemany of the same rows, 1,000 a commit (SQLite, WAL, FULL)",
        at_least=0.5,
        aim=1.0,
        note=f"{HELD}{LIST_CONNECTIONS} connections" + (f"; {SHARED}" if stage.database == "postgresql" else ""),
    )


@contextmanager
def held(stage: Stage) -> Iterator[Service]:
    """The product running on a new database, with a provider that does not answer."""
    service = stage.service()
    stage.stub.control(reset=1, hold=1)
    with service.running():
        yield service


def latencies(runs: list[load.Load]) -> str:
    """The worst of some runs: p50, p99, and how busy the load was."""
    p50, p99, busy = (max(each) for each in zip(*((each.p50, each.p99, each.busy) for each in runs), strict=True))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, load {busy:.0%} busy"
