"""What runs in every turn of the worker costs the same however long the queue is: by index, never by walking it.

SQLite tells its steps, so it is asked; PostgreSQL chooses among the same indexes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.store.opened import Opened, SqlitePlace, account, batch, number
from ujumbe.domain.message import State
from ujumbe.store import batches, outbox
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lane, Lot, New, Times
from ujumbe.store.sql import Dialect, statements

LONG: Final = 100_000
SHORT: Final = 1_000
"""More than a claim looks at, so that both do the same work."""
MOST: Final = 500
SENT: Final = 5_000

INDEXED = (
    "overview.anything",
    "tallies.unsettled",
    "tallies.messages",
    "overview.refused",
    "tallies.edge",
    "tallies.changed",
    "tallies.spending",
    "tallies.by_hour",
    "tallies.by_network",
    "tallies.times",
    "tallies.spent",
    "tallies.clear_tallies",
    "tallies.clear_delivery_times",
    "tallies.clear_spending",
    "outbox.due",
    "outbox.below",
    "outbox.expire",
    "outbox.fall_due",
    "outbox.take",
    "outbox.set_aside",
    "messages.standings",
    "messages.move",
    "messages.unsettled",
    "messages.quiet",
    "messages.mark_overdue",
    "messages.any_uncertain",
    "batches.contents",
    "batches.counts",
    "batches.cancel",
    "batches.standing",
    "batches.costs",
    "batches.reasons",
    "calls.abandon",
    "calls.known",
    "messages.reported",
    "calls.doubts",
    "calls.latest",
    "calls.open_of",
    "calls.of_message",
    "calls.in_flight",
    "callbacks.waiting",
    "callbacks.waiting_for_number",
    "callbacks.waiting_since",
    "callbacks.forget",
    "callbacks.of_message",
    "callbacks.list",
    "callbacks.list_waiting",
    "callbacks.list_incomplete",
    "callbacks.list_broken",
    "callbacks.list_quarantined",
    "callbacks.edge",
    "decisions.of_message",
    "opt_outs.in_force",
    "opt_outs.in_force_among",
    "opt_outs.scopes",
    "opt_outs.inserted",
    "opt_outs.floor",
    "opt_outs.look",
    "opt_outs.count",
    "drifts.find",
    "erasure.key",
    "erasure.cancel",
    "erasure.messages",
    "erasure.attempts",
    "erasure.own_batches",
    "erasure.calls",
    "erasure.reports",
    "erasure.waiting",
    "erasure.callbacks",
    "erasure.reviews",
    "erasure.conversations",
    "erasure.contacts",
    "erasure.inbound",
    "answers.of_moments",
    "inbound.sender",
    "paces.free_at",
    "subscriptions.live_among",
    "subscriptions.end",
    "subscriptions.end_these",
    "subscriptions.live",
    "subscriptions.spelling",
    "subscriptions.ended_since",
    "subscriptions.next_keyword",
    "subscriptions.next_code",
    "subscriptions.count_live",
    "subscriptions.live_page",
    "subscriptions.ever_page",
    "report_times.counts",
    "inbound.rounds",
    "messages.told",
    "messages.among",
    "inbound.among",
    "opt_outs.among",
    "subscriptions.among",
    "deliveries.waiting",
    "deliveries.due",
    "deliveries.lease",
    "deliveries.record",
    "deliveries.list",
    "deliveries.list_pending",
    "deliveries.list_failed",
    "deliveries.list_delivered",
    "deliveries.edge",
    "deliveries.failed",
    "deliveries.retry",
    "deliveries.attempts",
    "deliveries.oldest",
    "deliveries.forget",
    "deliveries.forget_attempts",
    "answers.find",
    "answers.forget",
    "api_keys.by_hash",
    "users.by_name",
    "sessions.find",
    "sessions.of_user",
    "sessions.end_all",
    "sign_in_links.find",
    "sign_in_links.void_of",
    "sign_in_tries.find",
    "conversations.list",
    "conversations.list_in",
    "conversations.of_number",
    "conversations.find",
    "conversations.heard",
    "conversations.said",
    "conversations.mark_seen",
    "contacts.find",
    "audit.list",
    "audit.of_subject",
)
SORTED_BY_NEED = {
    "batches.counts", "inbound.rounds", "calls.abandon", "calls.of_message", "calls.doubts", "calls.open_of",
    "calls.latest", "callbacks.waiting", "callbacks.of_message", "messages.reported", "messages.among",
    "batches.costs", "batches.reasons", "overview.refused",
    "messages.unsettled", "opt_outs.in_force", "opt_outs.in_force_among", "opt_outs.inserted", "erasure.reports",
    "erasure.waiting", "erasure.callbacks", "subscriptions.ended_since", "tallies.messages", "tallies.spending",
    "tallies.changed", "tallies.by_network", "tallies.times", "tallies.spent",
    "conversations.of_number",
}  # fmt: skip
"""Only the rows of some batches, numbers, ids or hours are sorted, or calls that are open: no queue is walked."""
HEADS: Final[dict[str, Callable[[Tx, int], object]]] = {
    "lanes": outbox.lanes,
    "due": lambda tx, account_id: outbox.due(tx, account_id, Lane("ujumbe", 0), MOST),
    "next_due": outbox.next_due,
    "expire": lambda tx, account_id: outbox.expire(tx, account_id, "late"),
    "fall_due": outbox.fall_due,
}


class Values(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        lists = ("networks", "steps", "ids", "calls", "numbers", "provider_ids", "spellings", "moments", "batches")
        return "[]" if key in lists else 1


def fill(tx: Tx, account_id: int, count: int) -> None:
    """A queue of `count` messages, beside others that are sent or scheduled for later, and of another sender."""
    for state, many, later, sender in (
        (State.QUEUED, count, 0, "UJUMBE"),
        (State.SENT, SENT, 0, "UJUMBE"),
        (State.SCHEDULED, count // 4, 3_600_000, "UJUMBE"),
        (State.QUEUED, 3, 0, "ZEBRA"),
    ):
        given = batch(account_id, text=state, sender=sender)
        times = Times(tx.now + later, tx.now + later + 86_400_000)
        new = [New(number(index), state) for index in range(many)]
        outbox.insert(tx, account_id, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])


def queue(path: Path, count: int) -> Iterator[tuple[Opened, int]]:
    with SqlitePlace(path).open() as store:
        ours = store.write(account)
        store.write(fill, ours, count)
        yield store, ours


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, int]]:
    yield from queue(tmp_path_factory.mktemp("long") / "ujumbe.sqlite3", LONG)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, int]]:
    yield from queue(tmp_path_factory.mktemp("short") / "ujumbe.sqlite3", SHORT)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory, long: tuple[Opened, int]) -> Iterator[tuple[Opened, int]]:
    """A hundred thousand that were not taken by AT and wait for their next try."""
    path = tmp_path_factory.mktemp("waiting") / "ujumbe.sqlite3"
    with closing(sqlite3.connect(long[0].db.name)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        with copy:
            copy.execute("UPDATE messages SET due_at = due_at + 600000 WHERE state = 'queued' AND scope = 'ujumbe'")
    with SqlitePlace(path).open() as store:
        yield store, long[1]


def plan(tx: Tx, name: str) -> list[str]:
    sql = statements(Dialect.SQLITE)[name]
    return [row["detail"] for row in tx.select(f"EXPLAIN QUERY PLAN {sql}", Values())]


@pytest.mark.parametrize("name", INDEXED)
def test_no_table_is_walked_and_no_queue_sorted(long: tuple[Opened, int], name: str) -> None:
    steps = long[0].read(plan, name)
    # What was found is counted, or looked at in the order that it has: "counted" is what our bounded counts call it.
    fine = ("json_each", "VIRTUAL TABLE", "(subquery", "SCAN counted")
    walked = [each for each in steps if each.startswith("SCAN") and not any(word in each for word in fine)]
    assert not [each for each in walked if each != "SCAN CONSTANT ROW"], steps
    if name not in SORTED_BY_NEED:
        assert not [each for each in steps if "TEMP B-TREE" in each], steps


def test_counts_up_to_a_hundred_go_by_their_indexes(long: tuple[Opened, int]) -> None:
    steps = long[0].read(plan, "deliveries.counts")
    assert sum("deliveries_pending" in each for each in steps) == 1
    assert sum("deliveries_failed" in each for each in steps) == 1
    assert not [each for each in steps if each.startswith("SCAN deliveries")], steps


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("conversations.list", "SEARCH c USING INDEX conversations_by_latest (account_id=? AND latest<?)"),
        (
            "conversations.list_in",
            "SEARCH c USING INDEX conversations_by_state (account_id=? AND state=? AND latest<?)",
        ),
        (
            "conversations.of_number",
            "SEARCH c USING INDEX sqlite_autoindex_conversations_1 (account_id=? AND number=?)",
        ),
        (
            "attention.counts",
            "SEARCH conversations USING COVERING INDEX conversations_by_state (account_id=? AND state=?)",
        ),
    ],
)
def test_few_conversations_are_found_among_many(long: tuple[Opened, int], name: str, index: str) -> None:
    steps = long[0].read(plan, name)
    assert index in steps


def work(tx: Tx, name: str, account_id: int) -> int:
    """How many steps of SQLite's machine something takes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection = tx._connection  # type: ignore[attr-defined]  # SQLite's own
    connection.set_progress_handler(count, 1)
    try:
        HEADS[name](tx, account_id)
    finally:
        connection.set_progress_handler(None, 1)
    return steps


@pytest.mark.parametrize("name", HEADS)
def test_a_queue_a_hundred_times_as_long_costs_no_more(
    long: tuple[Opened, int], short: tuple[Opened, int], name: str
) -> None:
    at_length, briefly = (store.write(work, name, ours) for store, ours in (long, short))
    assert at_length <= briefly + 20, "steps of SQLite's machine"


@pytest.mark.parametrize("name", HEADS)
def test_what_waits_for_its_next_try_costs_nothing(
    waiting: tuple[Opened, int], short: tuple[Opened, int], name: str
) -> None:
    backed_off, briefly = (store.write(work, name, ours) for store, ours in (waiting, short))
    assert backed_off <= briefly + 20, "steps of SQLite's machine"
    store, ours = waiting
    assert store.write(lambda tx: outbox.due(tx, ours, Lane("ujumbe", 0), MOST)) == []
    assert [each.number for each in store.write(lambda tx: outbox.due(tx, ours, Lane("zebra", 0), MOST))] == [
        number(index) for index in range(3)
    ]
