"""One writer that commits in groups: what is whole, what is apart, and what is told when."""

import asyncio
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.store.opened import Opened, Place, counts, number, python, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.store import accounts, batches, opt_outs
from ujumbe.store.sqlite import LARGEST_GROUP, Tx

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
OPT_OUTS = "SELECT number FROM opt_outs ORDER BY id"

READ = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    [[found]] = connection.execute("SELECT count(*) FROM opt_outs WHERE number = ?", (line.strip(),)).fetchall()
    print(found, flush=True)
"""


class Reader:
    """Another process that is asked whether an opt-out is there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._ask, self._answers = process.stdin, process.stdout

    def has(self, who: str) -> bool:
        self._ask.write(f"{who}\n")
        self._ask.flush()
        return self._answers.readline() == "1\n"


def opt_out(account: int, index: int) -> Callable[[Tx], bool]:
    return lambda tx: opt_outs.insert(tx, account, number(index), "", opt_outs.Source.IMPORT)


def broken(account: int, index: int, error: BaseException) -> Callable[[Tx], Any]:
    """A unit that has written something when it fails."""

    def work(tx: Tx) -> None:
        opt_out(account, index)(tx)
        raise error

    return work


def twice(account: int, index: int) -> Callable[[Tx], Any]:
    """A unit that breaks a UNIQUE rule half-way."""

    def work(tx: Tx) -> None:
        opt_out(account, index)(tx)
        for _ in range(2):
            tx.run("api_keys.insert", id=tx.new_id(), name="n", scopes="send", hash=b"same", now=tx.now)

    return work


@pytest.mark.parametrize("reader", [False, True], ids=["writer", "reader"])
def test_pragmas_in_force(store: Opened, *, reader: bool) -> None:
    def ask(tx: Tx) -> dict[str, Any]:
        return {name: tx.select(f"PRAGMA {name}", {})[0][0] for name in (*PRAGMAS, "query_only")}

    found = store.read(ask) if reader else store.write(ask)
    assert found == {**PRAGMAS, "query_only": int(reader)}


def test_a_reader_cannot_write(store: Opened, ours: int, database: Place) -> None:
    with pytest.raises(StoreUnavailableError, match="readonly"):
        store.read(lambda tx: tx.run("api_keys.revoke", id=1, now=1))
    with pytest.raises(AssertionError, match="makes no ids"):
        store.read(opt_out(ours, 1))
    assert database.ask(OPT_OUTS) == []


def test_a_result_is_told_after_its_commit(store: Opened, ours: int, database: Place) -> None:
    process = python(READ, database.path)
    with process:
        reader = Reader(process)
        assert not reader.has(number(0))
        for index in range(100):
            assert store.write(opt_out(ours, index))
            assert reader.has(number(index)), "another process sees what we were told"
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


def test_a_failed_unit_is_told_after_the_commit_of_its_neighbours(store: Opened, ours: int, database: Place) -> None:
    with pytest.raises(ValueError, match="mine"):
        store.write(broken(ours, 1, ValueError("mine")))
    found = store.together([opt_out(ours, 2), broken(ours, 3, ValueError("mine")), opt_out(ours, 4)])
    assert [type(each) for each in found] == [bool, ValueError, bool]
    assert database.ask(OPT_OUTS) == [(number(2),), (number(4),)]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        pytest.param(lambda a, i: broken(a, i, ValueError("v")), ValueError, id="ValueError"),
        pytest.param(lambda a, i: broken(a, i, KeyError("k")), KeyError, id="KeyError"),
        pytest.param(lambda a, i: broken(a, i, StopIteration()), RuntimeError, id="StopIteration"),
        pytest.param(lambda a, i: broken(a, i, StoreUnavailableError("s")), StoreUnavailableError, id="no lease"),
        pytest.param(twice, sqlite3.IntegrityError, id="UNIQUE"),
        pytest.param(lambda a, i: lambda tx: batches.insert(tx, _foreign()), sqlite3.IntegrityError, id="FK"),
        pytest.param(lambda a, i: lambda tx: tx.run("api_keys.revoke"), sqlite3.ProgrammingError, id="no value"),
        pytest.param(
            lambda a, i: lambda tx: tx.run("api_keys.revoke", id=1 << 70, now=1), OverflowError, id="a number too large"
        ),
        pytest.param(
            lambda a, i: lambda tx: tx.one("api_keys.by_hash", hash="\ud800"), UnicodeEncodeError, id="no text"
        ),
    ],
)
@pytest.mark.parametrize("place", [0, 3, 6], ids=["first", "middle", "last"])
def test_one_failing_unit_harms_nobody_else(
    store: Opened,
    ours: int,
    database: Place,
    bad: Callable[[int, int], Callable[[Tx], Any]],
    error: type[BaseException],
    place: int,
) -> None:
    units: list[Callable[[Tx], Any]] = [opt_out(ours, index) for index in range(6)]
    units.insert(place, bad(ours, 99))
    found = store.together(units)
    assert isinstance(found.pop(place), error)
    assert found == [True] * 6
    assert database.ask(OPT_OUTS) == [(number(index),) for index in range(6)]
    assert store.write(opt_out(ours, 7)), "and the writer goes on"


def _foreign() -> batches.Batch:
    return batches.Batch(17, batches.Source.API, "bulk", "", "x")


def test_units_of_a_group_see_each_other_in_order(store: Opened, ours: int) -> None:
    assert store.together([opt_out(ours, 1)] * 4) == [True, False, False, False]


def test_more_units_than_a_group_holds(store: Opened, ours: int, database: Place) -> None:
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


def test_a_read_is_one_snapshot(store: Opened, ours: int, database: Place) -> None:
    def look(tx: Tx) -> list[int]:
        first = counts(tx, ours)
        with database.beside(5) as somebody:
            somebody.execute("UPDATE messages SET state = 'sent'")
        return [first.get(State.QUEUED, 0), counts(tx, ours).get(State.QUEUED, 0)]

    store.write(queued, ours, number(1))
    assert store.read(look) == [1, 1]
    assert store.read(counts, ours) == {State.SENT: 1}


def test_a_caller_who_goes_away_leaves_the_work_done(store: Opened, ours: int, database: Place) -> None:
    async def main() -> None:
        caller = asyncio.create_task(store.db.write(opt_out(ours, 1)))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert await store.db.write(opt_out(ours, 2))

    store.run(main)
    assert database.ask(OPT_OUTS) == [(number(1),), (number(2),)]


def test_closing_finishes_what_was_handed_over_and_takes_no_more(database: Place) -> None:
    async def main() -> None:
        writes = [asyncio.create_task(store.db.write(opt_out(account, index))) for index in range(50)]
        await asyncio.sleep(0)
        await store.db.close()
        assert await asyncio.gather(*writes) == [True] * 50
        with pytest.raises(StoreUnavailableError, match="closing"):
            await store.db.write(opt_out(account, 99))

    with database.open() as store:
        account = store.write(accounts.ensure, "sandbox", "local")
        store.run(main)
        store.closed = True
    assert len(database.ask(OPT_OUTS)) == 50
    assert not database.path.with_name("ujumbe.sqlite3-wal").exists(), "the log is folded into the file"
    assert [each.name for each in threading.enumerate() if each.name.startswith("ujumbe-")] == []


def test_a_refused_start_leaves_nothing_behind(database: Place) -> None:
    with pytest.raises(Exception, match="ujumbe db upgrade"):
        database.open(upgrade=False)
    assert [each.name for each in threading.enumerate() if each.name.startswith("ujumbe-")] == []
