"""Whether a long queue makes the sending process large: its peak size while it works through the head of the queue."""

import time
from collections.abc import Iterator

from benchmarks import machine
from benchmarks.dispatch import NUMBERS_A_CALL
from benchmarks.history import with_queued
from benchmarks.report import Row
from benchmarks.stage import Stage

WORKED = 10_000
"""Messages sent in each case: the whole of the short queue."""
PATIENCE_SECONDS = 120
AT_MOST = 1.25
"""What growth is still noise; a queue held in memory would be several times as much."""


def run(stage: Stage) -> Iterator[Row]:
    """The peak with a million queued ÷ with ten thousand."""
    many = stage.sized(1_000_000, 100_000)
    stage.progress(f"memory with {many:,} queued")
    yield Row(
        f"peak memory of the sending process, {many:,} queued, {WORKED:,} sent",
        stage.database,
        [peak(stage, many)],
        [peak(stage, WORKED)],
        "MB",
        f"{WORKED:,} queued",
        at_most=AT_MOST,
    )


def peak(stage: Stage, queued: int) -> float:
    """The peak size (MB) by the time when `WORKED` of `queued` messages have reached the provider."""
    service = with_queued(stage, queued, UJUMBE_MOST_RECIPIENTS=str(NUMBERS_A_CALL))
    stage.stub.control(reset=1, hold=0)
    with service.running():
        deadline = time.monotonic() + PATIENCE_SECONDS
        while stage.stub.stats()["messages"] < WORKED:
            assert time.monotonic() < deadline, f"it did not get that far:\n{service.log}"
            time.sleep(0.02)
        return machine.peak_mb(service.sender_pids)
