"""What runs in every turn of the worker costs the same however long the queue is: by index, never by walking it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.store.opened import Opened, Place, account, batch, number
from ujumbe.domain.message import State
from ujumbe.store import batches, messages
from ujumbe.store.database import Tx
from ujumbe.store.messages import New, Times
from ujumbe.store.sql import statements

LONG: Final = 100_000
SHORT: Final = 1_000
"""More than a claim looks at, so that both do the same work."""
MOST: Final = 500
SENT: Final = 5_000

HEADS = ("messages.due", "messages.expire", "messages.next_due", "messages.fall_due")
INDEXED = (
    *HEADS,
    "messages.take",
    "messages.set_aside",
    "messages.standing",
    "messages.standings_of_call",
    "batches.counts",
    "batches.cancel",
    "calls.open_before",
    "calls.by_provider_id",
    "calls.of_call",
    "callbacks.waiting",
    "opt_outs.in_force",
    "opt_outs.in_force_among",
    "inbound.rounds",
    "answers.find",
    "answers.forget",
    "api_keys.by_hash",
)
SORTED_BY_NEED = {"batches.counts", "inbound.rounds", "calls.by_provider_id", "callbacks.waiting", "opt_outs.in_force"}
"""Only the rows of one batch, number or id are sorted: no queue is walked."""


class Values(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        return {"ids": "[]", "numbers": "[]", "provider_ids": "[]"}.get(key, 1)


def fill(tx: Tx, account_id: int, count: int) -> None:
    """A queue of `count` messages that are due, beside others that are sent or scheduled for later."""
    for state, many, wait in (
        (State.QUEUED, count, 0),
        (State.SENT, SENT, 0),
        (State.SCHEDULED, count // 4, 3_600_000),
    ):
        batch_id = batches.insert(tx, batch(account_id, text=state))
        times = Times(tx.now + wait, tx.now + wait + 86_400_000)
        messages.insert(tx, account_id, batch_id, [New(number(index), state) for index in range(many)], times)


def queue(path: Path, count: int) -> Iterator[tuple[Opened, int]]:
    with Place(path).open() as store:
        ours = store.write(account)
        store.write(fill, ours, count)
        yield store, ours


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, int]]:
    yield from queue(tmp_path_factory.mktemp("long") / "ujumbe.sqlite3", LONG)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, int]]:
    yield from queue(tmp_path_factory.mktemp("short") / "ujumbe.sqlite3", SHORT)


def plan(tx: Tx, name: str) -> list[str]:
    return [row["detail"] for row in tx.select(f"EXPLAIN QUERY PLAN {statements()[name]}", Values())]


@pytest.mark.parametrize("name", INDEXED)
def test_no_table_is_walked_and_no_queue_sorted(long: tuple[Opened, int], name: str) -> None:
    steps = long[0].read(plan, name)
    walked = [each for each in steps if each.startswith("SCAN") and "json_each" not in each and "(subquery" not in each]
    assert not [each for each in walked if each != "SCAN CONSTANT ROW"], steps
    if name not in SORTED_BY_NEED:
        assert not [each for each in steps if "TEMP B-TREE" in each], steps


def work(tx: Tx, name: str, account_id: int) -> int:
    """How many steps of SQLite's machine a statement takes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection = tx._connection
    connection.set_progress_handler(count, 1)
    try:
        tx.all(name, account=account_id, now=tx.now, most=MOST, reason="late")
    finally:
        connection.set_progress_handler(None, 1)
    return steps


@pytest.mark.parametrize("name", HEADS)
def test_a_queue_a_hundred_times_as_long_costs_no_more(
    long: tuple[Opened, int], short: tuple[Opened, int], name: str
) -> None:
    at_length, briefly = (store.write(work, name, ours) for store, ours in (long, short))
    assert at_length <= briefly + 20, "steps of SQLite's machine"
