"""Whether the yardstick is long enough: the stub provider alone, on its core, with the load on the other."""

from collections.abc import Iterator
from itertools import repeat
from urllib.parse import urlencode

from benchmarks import load, machine
from benchmarks.recipients import numbers
from benchmarks.report import Row
from benchmarks.service import Stub

SECONDS = 1.0
CONNECTIONS = 16
AT_LEAST = 1.5
"""How much faster than what is measured against it, so that it is not the stub that is measured."""


def run(stub: Stub, rows: list[Row]) -> Iterator[Row]:
    """The stub's own rate ÷ the fastest that was measured against it, at each number of recipients a call."""
    for each in (1, 100):
        against = [row for row in rows if row.what.startswith(f"dispatch, {each} a call")]
        if not against:
            continue
        fastest = max(max(*row.measured, *row.baseline) for row in against)
        yield Row(
            f"the stub provider alone, {each} a call",
            "",
            [alone(stub, each) for _ in range(3)],
            [fastest],
            "messages/s",
            "the fastest that was measured against it",
            at_least=AT_LEAST,
        )


def alone(stub: Stub, each: int) -> float:
    """Messages a second when nothing else is slow."""
    stub.control(reset=1, hold=0, latency_ms=0)
    form = urlencode({"username": "bench", "to": ",".join(numbers(each)), "message": "Habari", "bulkSMSMode": 1})
    request = load.request("POST", "/version1/messaging", form.encode("ascii"), apikey="bench")
    with machine.on(machine.SERVER):
        done = load.run(stub.url, repeat(request), connections=CONNECTIONS, expect=201, seconds=SECONDS)
    assert stub.stats()["messages"] == done.requests * each
    return done.rate * each
