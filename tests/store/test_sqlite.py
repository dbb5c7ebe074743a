"""SQLite: one writer that commits in groups."""

import asyncio
from collections import Counter
from collections.abc import Callable
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
