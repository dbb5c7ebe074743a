"""Dispatching: how fast what was accepted is sent and recorded, against AT's own SDK without a database.

Everything is accepted while the provider keeps its first answer back. The clock runs from the moment it lets go to the
one when nothing is under way any more.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks import load, machine
from benchmarks.recipients import lists, singles
from benchmarks.report import Row, in_turns
from benchmarks.service import Service, Stub
from benchmarks.stage import Stage

NUMBERS_A_CALL = 100
CALLS = 32
LATENCY_MS = 50
WARM_UP = 0.2
"""The part of the messages in which the window grows, which a figure for the steady state leaves away."""
ACCEPTING_CONNECTIONS = 8
HELD_SECONDS = 25
"""The product waits 30 s for an answer; what is held longer would not be answered but uncertain."""
START_SECONDS = 20
STALLED_SECONDS = 120
APART = "service, worker and PostgreSQL share one core"


@dataclass(frozen=True, slots=True)
class Drain:
    """What emptying the outbox came to."""

    messages: int
    calls: int
    seconds: float
    steady: float
    """Messages a second after the warm-up, by their arrival at the provider."""

    @property
    def rate(self) -> float:
        """Messages a second, from the first answer to the last record."""
        return self.messages / self.seconds


def run(stage: Stage) -> Iterator[Row]:
    """All rows about dispatching."""
    yield against_sdk(stage, NUMBERS_A_CALL, stage.sized(20_000, 5_000), at_least=1.0, aim=1.8)
    yield against_sdk(stage, 1, stage.sized(5_000, 1_000), at_least=6, aim=12)
    yield at_latency(stage)


def against_sdk(stage: Stage, each: int, many: int, *, at_least: float, aim: float) -> Row:
    """So many numbers a call: the product, durably, against the SDK."""
    stage.progress(f"dispatch, {each} a call")
    service = stage.service(UJUMBE_MOST_RECIPIENTS=str(NUMBERS_A_CALL))
    requests = list(lists(service.key, many) if each > 1 else singles(service.key, many, texts=True))
    drains: list[Drain] = []

    def ours() -> float:
        with service.running():
            drains.append(drain(service, stage.stub, requests, many))
        return drains[-1].rate

    def theirs() -> float:
        stage.stub.control(reset=1, hold=0)
        printed = machine.run(machine.SERVER, "sdk", stage.stub.url, str(each), str(stage.sized(2, 1)))
        document = json.loads(printed)
        return float(document["messages"] / document["seconds"])

    measured, baseline = in_turns(stage.rounds, ours, theirs)
    return Row(
        f"dispatch, {each} a call, no latency, durable",
        stage.database,
        measured,
        baseline,
        "messages/s",
        f"AT's SDK, {each} a call, no database",
        at_least=at_least,
        aim=aim,
        note=carried(stage, drains),
    )


def at_latency(stage: Stage) -> Row:
    """A provider that takes its time: the steady state against what 32 calls of 100 in flight could at best do."""
    stage.progress(f"dispatch at {LATENCY_MS} ms")
    many = stage.sized(50_000, 10_000)
    service = stage.service(UJUMBE_MOST_RECIPIENTS=str(NUMBERS_A_CALL), UJUMBE_CALLS_IN_FLIGHT=str(CALLS))
    requests = list(lists(service.key, many))
    drains = []
    for _ in range(stage.rounds):
        with service.running():
            stage.stub.control(latency_ms=LATENCY_MS)
            drains.append(drain(service, stage.stub, requests, many))
            stage.stub.control(latency_ms=0)
    return Row(
        f"dispatch at {LATENCY_MS} ms, {CALLS} calls of {NUMBERS_A_CALL} in flight, after warm-up",
        stage.database,
        [each.steady for each in drains],
        [CALLS * NUMBERS_A_CALL / (LATENCY_MS / 1000)],
        "messages/s",
        "ideal",
        at_least=0.6,
        aim=0.85,
        note=carried(stage, drains),
    )


def drain(service: Service, stub: Stub, requests: Iterable[bytes], many: int) -> Drain:
    """Have the running service accept `requests` (`many` numbers in all), then send them all."""
    stub.control(reset=1, hold=1)
    begin = time.monotonic()
    load.run(service.url, requests, connections=ACCEPTING_CONNECTIONS, expect=202)
    _wait(lambda: stub.stats()["held"], START_SECONDS, "nothing was sent", service)
    assert time.monotonic() - begin < HELD_SECONDS, "accepting took longer than a call may"
    service.holds("queued")  # FastAPI builds its routes with the first request to them, which is no part of this
    begin = time.monotonic()
    stub.control(hold=0)
    _wait(lambda: stub.stats()["messages"] >= many, STALLED_SECONDS, "not all was sent", service)
    end = service.settle()
    stats = stub.stats()
    assert stats["messages"] == many, f"{stats['messages']:,} numbers were sent, not {many:,}"
    assert not service.holds("uncertain"), "some became uncertain"
    arrivals = stub.arrivals()
    warm, warmed = next(each for each in arrivals if each[1] >= WARM_UP * many)
    last, all_ = arrivals[-1]
    return Drain(many, stats["calls"], end - begin, (all_ - warmed) / max(last - warm, 1e-9))


def carried(stage: Stage, drains: list[Drain]) -> str:
    """What the calls really carried, and who shared the core."""
    average = sum(each.messages for each in drains) / sum(each.calls for each in drains)
    return f"{average:,.1f} numbers a call" + (f"; {APART}" if stage.database == "postgresql" else "")


def _wait(done: Callable[[], object], seconds: float, otherwise: str, service: Service) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{otherwise} within {seconds} s:\n{service.log}"
        time.sleep(0.02)
