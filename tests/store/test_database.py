"""What both databases promise: what is whole, what is apart, and what is told when."""

import asyncio
import subprocess
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tests.store.opened import PATIENCE, Opened, Place, batch, counts, number, python, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.store import accounts, batches, decisions, opt_outs
from ujumbe.store.database import DataRefusedError, Tx
from ujumbe.store.decisions import Decision, Rule

OPT_OUTS = "SELECT number FROM opt_outs ORDER BY number"

READ = """
import sys
from pathlib import Path
from tests.store.opened import PostgresPlace, SqlitePlace
url = sys.argv[1]
place = SqlitePlace(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else PostgresPlace(url)
with place.beside() as somebody:
    for line in sys.stdin:
        sql = "SELECT count(*) FROM opt_outs WHERE number = ?"
        [[found]] = somebody.execute(sql, (line.strip(),)).fetchall()
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


def test_a_reader_cannot_write(store: Opened, ours: int, database: Place) -> None:
    with pytest.raises(StoreUnavailableError, match=r"read-?only"):
        store.read(lambda tx: tx.run("api_keys.revoke", id=1, now=1))
    with pytest.raises(AssertionError, match="makes no ids"):
        store.read(opt_out(ours, 1))
    assert database.ask(OPT_OUTS) == []


def test_a_result_is_told_after_its_commit(store: Opened, ours: int, database: Place) -> None:
    process = python(READ, database.url)
    with process:
        reader = Reader(process)
        assert not reader.has(number(0))
        for index in range(100):
            assert store.write(opt_out(ours, index))
            assert reader.has(number(index)), "another process sees what we were told"
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


def test_a_failed_unit_leaves_nothing_and_its_neighbours_are_stored(store: Opened, ours: int, database: Place) -> None:
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
        pytest.param(twice, DataRefusedError, id="UNIQUE"),
        pytest.param(lambda a, i: lambda tx: batches.insert(tx, batch(17)), DataRefusedError, id="FK"),
        pytest.param(lambda a, i: lambda tx: tx.run("api_keys.revoke"), DataRefusedError, id="no value"),
        pytest.param(
            lambda a, i: lambda tx: tx.run("api_keys.revoke", id=1 << 70, now=1),
            (OverflowError, DataRefusedError),
            id="a number too large",
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
    assert store.db.trouble == ""


@pytest.mark.parametrize("error", [ValueError("mine"), StopIteration()], ids=["ValueError", "StopIteration"])
def test_a_read_that_fails_is_told_and_harms_no_later_one(store: Opened, ours: int, error: Exception) -> None:
    def fails(_: Tx) -> None:
        raise error

    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else ValueError):
        store.read(fails)
    assert store.read(counts, ours) == {}


def test_errors_quote_no_values(store: Opened, ours: int) -> None:
    """An error's words end up in logs and answers: they tell what was wrong, not with whom."""
    secret, digits = "Siri ya mgonjwa", "254711999888"

    def same_number(tx: Tx) -> None:
        for _ in range(2):
            tx.run("inbound.insert", **_inbound(tx, ours, id=1, number=digits, provider_id=tx.new_id()))

    units: list[Callable[[Tx], Any]] = [
        same_number,
        lambda tx: batches.insert(tx, batch(17, text=secret)),
        lambda tx: batches.insert(tx, batch(ours, text=secret, mode=digits)),
        lambda tx: tx.run("inbound.insert", **_inbound(tx, ours, date=secret)),
        lambda tx: tx.run("inbound.insert", **_inbound(tx, ours, date=int(digits) << 64)),
        lambda tx: tx.run("inbound.insert", **_inbound(tx, ours, text=f"{secret}\x00", date=secret)),
        lambda tx: tx.run("inbound.insert", **_inbound(tx, ours, id=secret)),
    ]
    for index, unit in enumerate(units):
        with pytest.raises((DataRefusedError, OverflowError)) as raised:
            store.write(unit)
        told = "".join(traceback.format_exception(raised.value))
        assert not [each for each in (secret, secret[:6], digits, digits[3:]) if each in told], (index, told)


def _inbound(tx: Tx, account: int, **fields: Any) -> dict[str, Any]:
    words = ("provider_id", "number", "recipient", "text", "date_raw", "link_id", "network_code", "cost")
    given = {"id": tx.new_id(), "account": account, "date": 1, "now": tx.now, **dict.fromkeys(words, "")}
    return given | {key: str(value) if key in words else value for key, value in fields.items()}


def test_a_read_is_one_snapshot(store: Opened, ours: int, database: Place) -> None:
    def look(tx: Tx) -> list[int]:
        first = counts(tx, ours)
        with database.beside() as somebody:
            somebody.execute("UPDATE messages SET state = 'sent'")
        return [first.get(State.QUEUED, 0), counts(tx, ours).get(State.QUEUED, 0)]

    store.write(queued, ours, number(1))
    assert store.read(look) == [1, 1]
    assert store.read(counts, ours) == {State.SENT: 1}


def test_a_caller_who_goes_away_leaves_the_work_done(store: Opened, ours: int, database: Place) -> None:
    begun, gate = threading.Event(), threading.Event()

    def work(tx: Tx) -> bool:
        begun.set()
        assert gate.wait(PATIENCE)
        return opt_out(ours, 1)(tx)

    async def main() -> None:
        caller = asyncio.create_task(store.db.write(work))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        gate.set()
        assert await store.db.write(opt_out(ours, 2))

    store.run(main)
    store.close()  # which waits for the unit
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
    assert [each.name for each in threading.enumerate() if each.name.startswith("ujumbe-")] == []


def test_closing_gives_the_node_back_after_the_last_id(database: Place) -> None:
    """Else the next process that holds it could make the ids that a last unit makes."""
    made: list[int] = []
    begun, gate = threading.Event(), threading.Event()

    def last(tx: Tx) -> None:
        begun.set()
        gate.wait(PATIENCE)
        made.extend(tx.new_ids(5_000))

    async def main() -> None:
        writing = asyncio.create_task(store.db.write(last))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        closing = asyncio.create_task(store.db.close())
        await asyncio.wait([closing], timeout=0.2)  # long enough to give it back too early
        gate.set()
        await asyncio.gather(writing, closing)

    with database.open() as store:
        store.write(lambda tx: tx.new_id())
        store.run(main)
        store.closed = True
    assert database.ask("SELECT leased_until, high_ms FROM nodes") == [(0, made[-1] >> 22)]


@pytest.mark.parametrize("count", [0, 1, 3, 5_000])
def test_many_rows_take_one_statement(store: Opened, ours: int, count: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(count)), state=State.SENDING) if count else []

    def work(tx: Tx) -> tuple[int, int]:
        notes = [f"'{each}'" for each in range(count)]
        columns: dict[str, list[Any]] = {"message": made, "rule": notes, "state": ["sent"] * count, "note": notes}
        stored = tx.many("decisions.insert", {"id": tx.new_ids(count), **columns}, now=17)
        nobody = tx.many("calls.finish", {"id": made, "verdict": ["answered"] * count, "http_status": [None] * count,
                                          "summary": [""] * count, "reply": [""] * count}, now=1)  # fmt: skip
        return stored, nobody

    assert store.write(work) == (count, 0)
    for index, message in enumerate(made[:3]):
        assert [(each.at, each.note) for each in store.read(decisions.of_message, message)] == [(17, f"'{index}'")]


def test_many_is_whole_or_not_at_all(store: Opened, ours: int, database: Place) -> None:
    [message] = store.write(queued, ours, number(1))
    new = [Decision(message, Rule.PERSON, State.SENT, "good"), Decision(17, Rule.PERSON, State.SENT, "of nobody")]
    with pytest.raises(DataRefusedError):
        store.write(decisions.insert, new)
    assert database.ask("SELECT 1 FROM decisions") == []


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
def test_ids_come_in_lists(store: Opened, count: int) -> None:
    def work(tx: Tx) -> tuple[int, list[int], int]:
        return tx.new_id(), tx.new_ids(count), tx.new_id()

    before, made, after = store.write(work)
    assert len(made) == count
    assert [before, *made, after] == sorted({before, *made, after})


def test_lists_are_values_too(store: Opened, ours: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(3)))
    for some in ([], made[:1], made, [*made, 17]):
        found = store.write(lambda tx, ids: tx.tuples("messages.standings", ids=ids), some)
        assert [row[0] for row in found] == [each for each in some if each in made]


def test_a_lock_of_ours_is_given_at_the_commit(store: Opened) -> None:
    def work(tx: Tx) -> bool:
        tx.lock("one")
        tx.lock("two", shared=True)
        return tx.try_lock("one")

    assert store.write(work), "it is ours already"
    assert store.write(lambda tx: tx.try_lock("two"))


def test_a_row_is_read_by_name_and_by_place(store: Opened, ours: int) -> None:
    def look(tx: Tx) -> tuple[Any, Any, Any]:
        row = tx.one("accounts.find", username="sandbox", host="local")
        assert row is not None
        return row["id"], tx.tuples("accounts.list"), tx.one("accounts.find", username="nobody", host="local")

    assert store.read(look) == (ours, [(ours, "sandbox", "local")], None)


def test_a_refused_start_leaves_nothing_behind(database: Place) -> None:
    database.open().close()
    with database.beside() as somebody:
        somebody.execute("INSERT INTO migrations VALUES (99, 'newer', '', 1)")
    try:
        with pytest.raises(Exception, match="migration 99"):
            database.open(upgrade=False)
    finally:
        with database.beside() as somebody:
            somebody.execute("DELETE FROM migrations WHERE number = 99")
    assert [each.name for each in threading.enumerate() if each.name.startswith("ujumbe-")] == []
    database.open(upgrade=False).close()
