"""Whether a long past slows sending: the same drain with a million finished messages in the tables and with few."""

from collections.abc import Iterator

from benchmarks.dispatch import NUMBERS_A_CALL, Drain, carried, drain
from benchmarks.history import with_finished
from benchmarks.recipients import lists
from benchmarks.report import Row, in_turns
from benchmarks.service import Service
from benchmarks.stage import Stage


def run(stage: Stage) -> Iterator[Row]:
    """The claim rate with much behind it ÷ with little."""
    few, many = 10_000, stage.sized(1_000_000, 100_000)
    stage.progress(f"making {many:,} finished messages")
    env = {"UJUMBE_MOST_RECIPIENTS": str(NUMBERS_A_CALL)}
    long, short = with_finished(stage, many, **env), with_finished(stage, few, **env)
    stage.progress("claims with a past")
    numbers = stage.sized(10_000, 5_000)
    drains: list[Drain] = []

    def rate(service: Service) -> float:
        with service.running():
            drains.append(drain(service, stage.stub, lists(service.key, numbers), numbers))
        return drains[-1].rate

    measured, baseline = in_turns(stage.rounds, lambda: rate(long), lambda: rate(short))
    yield Row(
        f"dispatch with {many:,} finished messages",
        stage.database,
        measured,
        baseline,
        "messages/s",
        f"with {few:,}",
        at_least=0.5,
        aim=0.8,
        note=carried(stage, drains),
    )
