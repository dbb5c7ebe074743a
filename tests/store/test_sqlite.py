"""SQLite: one writer that commits in groups."""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.running import until
from tests.store.opened import Opened, SqlitePlace, account
from tests.store.test_database import OPT_OUTS, opt_out
from ujumbe.store import callbacks, checkpoints
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.writer import LARGEST_GROUP

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


LARGE = New(Raw("twoway", b"", "", bytes(65_536)), "", "", Fate.INCOMPLETE, "")


def log_of(database: SqlitePlace) -> Path:
    return database.path.with_name(f"{database.path.name}-wal")


@pytest.fixture
def database(sqlite_place: SqlitePlace) -> SqlitePlace:
    """What is told here is SQLite's alone."""
    return sqlite_place


@pytest.mark.parametrize("reader", [False, True], ids=["writer", "reader"])
def test_pragmas_in_force(store: Opened, *, reader: bool) -> None:
    def ask(tx: Tx) -> dict[str, Any]:
        return {name: tx.select(f"PRAGMA {name}", {})[0][name] for name in (*PRAGMAS, "query_only")}

    found = store.read(ask) if reader else store.write(ask)
    assert found == {**PRAGMAS, "query_only": int(reader)}


@pytest.mark.parametrize("role", ["service", "worker"])
def test_the_log_is_folded_while_writes_go_on(
    database: SqlitePlace, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(checkpoints, "LONGEST_LOG", 50)
    with database.open(role=role) as store:
        ours, written = store.write(account), 0

        def begins_anew() -> bool:
            nonlocal written
            store.write(callbacks.insert_all, ours, [LARGE])
            written += len(LARGE.raw.body)
            return log_of(database).stat().st_size < written / 2

        until(begins_anew, every=0)


def test_a_checkpoint_that_fails_costs_nobody_a_write(database: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: sqlite3.Connection, how: str = "PASSIVE") -> int:
        failed.append(threading.current_thread().name)
        raise sqlite3.OperationalError("disk I/O error")

    failed: list[str] = []
    monkeypatch.setattr(checkpoints, "fold", broken)
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.01)
    with database.open(role="service") as store:
        ours = store.write(account)
        writer: Any = store.db
        writer._checkpoints.rest_is_due = True
        assert [store.write(opt_out(ours, index)) for index in range(3)] == [True] * 3
        until(lambda: {"ujumbe-writer", "ujumbe-checkpoints"} <= set(failed))
        assert store.write(opt_out(ours, 4))


def overlapping(path: Path, enough: threading.Event) -> None:
    """Two readers in turns, of which one always has a snapshot."""
    with closing(sqlite3.connect(path, isolation_level=None)) as one, closing(sqlite3.connect(path)) as other:
        readers = [one, other]
        readers[0].execute("BEGIN")
        while not enough.wait(0.01):
            readers.reverse()
            readers[0].execute("BEGIN")
            readers[0].execute("SELECT count(*) FROM callbacks").fetchall()
            readers[1].execute("COMMIT")


def test_readers_without_a_gap_do_not_keep_the_log_growing(
    database: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("EVERY_SECONDS", 0.02), ("LONGEST_LOG", 50), ("MOST_LOG", 200)):
        monkeypatch.setattr(checkpoints, name, value)
    with database.open(role="service") as store:
        ours, written, enough = store.write(account), 0, threading.Event()

        def begins_anew() -> bool:
            nonlocal written
            store.write(callbacks.insert_all, ours, [LARGE])
            written += len(LARGE.raw.body)
            return log_of(database).stat().st_size < written / 2

        reading = threading.Thread(target=overlapping, args=(database.path, enough))
        reading.start()
        try:
            until(begins_anew, every=0)
        finally:
            enough.set()
            reading.join()


def test_a_command_leaves_the_log_to_whoever_serves(database: SqlitePlace) -> None:
    with database.open() as store:
        ours = store.write(account)
        for _ in range(50):
            store.write(callbacks.insert_all, ours, [LARGE])
        assert log_of(database).stat().st_size > 50 * len(LARGE.raw.body)


def test_units_of_a_group_see_each_other_in_order(store: Opened, ours: int) -> None:
    assert store.together([opt_out(ours, 1)] * 4) == [True, False, False, False]


def test_more_units_than_a_group_holds(store: Opened, ours: int, database: SqlitePlace) -> None:
    seen: list[Tx] = []

    def noted(index: int) -> Callable[[Tx], bool]:
        def work(tx: Tx) -> bool:
            seen.append(tx)
            return opt_out(ours, index)(tx)

        return work

    async def main() -> None:
        await asyncio.gather(*(store.db.write(noted(index)) for index in range(3 * LARGEST_GROUP)))

    store.run(main)
    groups = Counter(map(id, seen))
    assert max(groups.values()) <= LARGEST_GROUP
    assert len(groups) >= 3
    assert len(database.ask(OPT_OUTS)) == 3 * LARGEST_GROUP


def test_a_caller_who_goes_away_before_its_turn_leaves_the_work_done(
    store: Opened, ours: int, database: SqlitePlace
) -> None:
    async def main() -> None:
        caller = asyncio.create_task(store.db.write(opt_out(ours, 1)))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert await store.db.write(opt_out(ours, 2))

    store.run(main)
    assert len(database.ask(OPT_OUTS)) == 2


def test_closing_folds_the_log_into_the_file(database: SqlitePlace) -> None:
    with database.open() as store:
        store.write(account)
        assert log_of(database).exists()
    assert not log_of(database).exists()
