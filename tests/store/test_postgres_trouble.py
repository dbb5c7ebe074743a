"""PostgreSQL goes away between units, within one, at its commit: nothing is half stored, done twice or lost."""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.postgres import OwnServer, own
from tests.running import until
from tests.store.cutter import Cut, Cutter, cutting
from tests.store.opened import PATIENCE, Opened, PostgresPlace, account, number, queued
from tests.store.test_database import OPT_OUTS, opt_out
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import calls, opt_outs, postgres
from ujumbe.store.database import DataRefusedError, Tx
from ujumbe.store.sql import Dialect, statements
from ujumbe.store.standings import Sent

END_US = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE application_name = 'ujumbe' AND datname = current_database()"""

LIFE = "SELECT stats_reset FROM pg_stat_bgwriter"
LAZY = {"wal_writer_delay": "10s", "bgwriter_delay": "10s", "autovacuum": "off"}
"""Only a commit writes the log down: what a crash takes, it takes with its number."""


@pytest.fixture
def database(postgres_place: PostgresPlace) -> PostgresPlace:
    """What is told here is PostgreSQL's alone."""
    return postgres_place


def counted(work: Callable[[Tx], Any]) -> tuple[Callable[[Tx], Any], list[Tx]]:
    """`work`, and each time it has run."""
    runs: list[Tx] = []

    def again(tx: Tx) -> Any:
        runs.append(tx)
        return work(tx)

    return again, runs


def test_rows_are_found_by_keys_without_statistics_too(store: Opened, ours: int) -> None:
    """A campaign's reports come before autovacuum has looked at its messages."""
    numbers = [number(index) for index in range(3_000)]
    sent = [(message, numbers[index]) for index, message in enumerate(store.write(queued, ours, *numbers))]
    [call] = store.write(calls.begin, ours, [sent], 90_000)
    store.write(calls.take, [Sent(each, call, f"ATXid_{each}", 101, "Sent", 1, None) for each, _ in sent])
    sql = re.sub(r"%\((\w+)\)s", r":\1", f"EXPLAIN {statements(Dialect.POSTGRES)['messages.reported']}")
    values = {"provider_ids": [f"ATXid_{each}" for each, _ in sent[::50]], "account": ours}
    plan = store.write(lambda tx: [row["QUERY PLAN"] for row in tx.select(sql, values)])
    assert not [line for line in plan if "Seq Scan" in line], plan


def test_what_no_index_takes_is_the_datas_own_fault(store: Opened, ours: int) -> None:
    """An OperationalError to the driver, and no reason to turn everybody else away."""
    endless = "".join(chr(0x4E00 + index) for index in range(3_000))
    with pytest.raises(DataRefusedError):
        store.write(opt_outs.insert, ours, endless, "", opt_outs.Source.OPERATOR)
    assert store.db.trouble == ""


def test_a_connection_lost_between_units_is_made_anew(store: Opened, ours: int, database: PostgresPlace) -> None:
    for index in range(3):
        [[ended]] = database.ask(END_US)
        assert ended
        assert store.write(opt_out(ours, index))
        database.ask(END_US)
        assert len(store.read(opt_outs.list_page, ours, before=None, limit=9)) == index + 1
    assert store.db.trouble == ""


def test_a_unit_whose_connection_is_lost_runs_again(store: Opened, ours: int, database: PostgresPlace) -> None:
    def work(tx: Tx) -> bool:
        opt_out(ours, 1)(tx)
        if len(runs) == 1:
            database.ask(END_US)
        return opt_out(ours, 2)(tx)

    again, runs = counted(work)
    assert store.write(again)
    assert len(runs) == 2
    assert database.ask(OPT_OUTS) == [(number(1),), (number(2),)]


def test_a_unit_that_loses_each_connection_gives_up(store: Opened, ours: int, database: PostgresPlace) -> None:
    def work(tx: Tx) -> bool:
        database.ask(END_US)
        return opt_out(ours, 2)(tx)

    again, runs = counted(work)
    with pytest.raises(StoreUnavailableError, match="cannot be written now"):
        store.write(again)
    assert len(runs) == 2
    assert store.db.trouble
    assert database.ask(OPT_OUTS) == []
    assert store.write(opt_out(ours, 3))
    assert store.db.trouble == ""


def test_a_read_whose_connection_is_lost_runs_again(store: Opened, ours: int, database: PostgresPlace) -> None:
    def work(tx: Tx) -> int:
        if len(runs) == 1:
            database.ask(END_US)
        return len(opt_outs.list_page(tx, ours, before=None, limit=9))

    again, runs = counted(work)
    assert store.read(again) == 0
    assert len(runs) == 2


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_server_that_is_away_is_told_and_comes_back(own_postgres: OwnServer, how: str) -> None:
    place = PostgresPlace(own_postgres.create())
    with place.open() as store:
        ours = store.write(account)
        assert store.write(opt_out(ours, 0))
        own_postgres.stop() if how == "stopped" else own_postgres.kill9()
        try:
            found = store.together([opt_out(ours, index) for index in range(1, 6)])
            told = [each is True for each in found]
            # What was under way when it was killed may still have been done, but not what comes to a stopped one.
            assert all(each or isinstance(found[index], StoreUnavailableError) for index, each in enumerate(told))
            assert how == "killed" or not any(told)
            with pytest.raises(StoreUnavailableError, match="cannot be written now"):
                store.write(opt_out(ours, 9))
            assert store.db.trouble
            with pytest.raises(StoreUnavailableError, match="cannot be read now"):
                store.read(opt_outs.list_page, ours, before=None, limit=9)
            with pytest.raises(StoreUnavailableError, match="cannot be opened"):
                place.open()
        finally:
            own_postgres.start()
        there = [number(index) for index, each in enumerate([True, *told]) if each]
        assert place.ask(OPT_OUTS) == [(each,) for each in there], "what was told is there, and nothing else"
        assert store.together([opt_out(ours, index) for index in range(6, 9)]) == [True] * 3
        assert store.db.trouble == ""
    own_postgres.drop(place.url)


def test_a_server_that_stops_in_the_middle_of_a_unit(own_postgres: OwnServer) -> None:
    place = PostgresPlace(own_postgres.create())

    def work(tx: Tx) -> bool:
        opt_out(ours, 1)(tx)
        if own_postgres.running:
            own_postgres.stop()
        return opt_out(ours, 2)(tx)

    with place.open() as store:
        ours = store.write(account)
        try:
            with pytest.raises(StoreUnavailableError):
                store.write(work)
        finally:
            own_postgres.start()
        assert place.ask(OPT_OUTS) == [], "nothing half stored"
        assert store.write(opt_out(ours, 3))
    own_postgres.drop(place.url)


def test_closing_while_the_server_is_away_still_closes(own_postgres: OwnServer) -> None:
    place = PostgresPlace(own_postgres.create())
    store = place.open(role="worker")
    store.write(account)
    own_postgres.stop()
    try:
        store.close()
    finally:
        own_postgres.start()
    assert [each.name for each in threading.enumerate() if each.name.startswith("ujumbe-")] == []
    own_postgres.drop(place.url)


@pytest.fixture
def cutter(database: PostgresPlace) -> Iterator[Cutter]:
    with cutting(database.url) as made:
        yield made


@pytest.fixture
def far(cutter: Cutter) -> Iterator[Opened]:
    """The database as it is seen through the cutter."""
    with PostgresPlace(cutter.url).open() as opened:
        yield opened


@pytest.mark.parametrize(("cut", "runs"), [(Cut.ANSWER, 1), (Cut.REQUEST, 2)], ids=["committed", "not committed"])
def test_the_fate_of_a_commit_without_an_answer_is_read_back(
    far: Opened, cutter: Cutter, database: PostgresPlace, cut: Cut, runs: int
) -> None:
    ours = far.write(account)
    for index in range(3):
        again, seen = counted(opt_out(ours, index))
        cutter.cut(cut)
        assert far.write(again) is True, "a second run after a commit would find it there already"
        assert (cutter.cuts, len(seen)) == (index + 1, runs)
    assert database.ask(OPT_OUTS) == [(number(index),) for index in range(3)]
    assert far.db.trouble == ""


def test_an_error_of_the_unit_needs_no_commit(far: Opened, cutter: Cutter, database: PostgresPlace) -> None:
    ours = far.write(account)
    cutter.cut(Cut.REQUEST)

    def fails(tx: Tx) -> None:
        opt_out(ours, 1)(tx)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        far.write(fails)
    assert cutter.cuts == 0
    assert database.ask(OPT_OUTS) == []


@pytest.mark.parametrize("cut", [Cut.ANSWER, Cut.REQUEST], ids=["committed", "not committed"])
def test_a_fate_that_nobody_tells_is_an_error(
    far: Opened, cutter: Cutter, database: PostgresPlace, monkeypatch: pytest.MonkeyPatch, cut: Cut
) -> None:
    monkeypatch.setattr(postgres, "FATE_SECONDS", 0.2)
    ours = far.write(account)
    again, seen = counted(opt_out(ours, 1))
    cutter.cut(cut, meanwhile=lambda: setattr(cutter, "closed", True))
    with pytest.raises(StoreUnavailableError, match="its fate is unknown"):
        far.write(again)
    assert len(seen) == 1, "it may have been done: it is not done again"
    cutter.closed = False
    assert far.write(opt_out(ours, 1)) is (cut is Cut.REQUEST), "and who asks again finds it, or does it"
    assert database.ask(OPT_OUTS) == [(number(1),)]


def test_a_fate_that_stays_open_is_an_error_in_time(
    far: Opened, cutter: Cutter, database: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network swallowed the COMMIT, and the server still waits for it."""
    monkeypatch.setattr(postgres, "FATE_SECONDS", 0.2)
    ours = far.write(account)
    cutter.cut(Cut.SILENCE)
    with pytest.raises(StoreUnavailableError, match="its fate is unknown"):
        far.write(opt_out(ours, 1))
    assert database.ask(OPT_OUTS) == []


def test_a_crash_at_the_commit_is_not_taken_for_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that crashed gives out the numbers of lost transactions again: somebody else's commit is not ours."""
    monkeypatch.setattr(postgres, "FATE_SECONDS", PATIENCE)
    lost: list[tuple[int, int]] = []

    def work(tx: Tx) -> bool:
        connection = tx._connection  # type: ignore[attr-defined]  # PostgreSQL's own
        lost.append((tx.number(), connection.info.backend_pid))  # type: ignore[attr-defined]  # so is this
        return opt_out(ours, 1)(tx)

    def crash(place: PostgresPlace) -> None:
        before = place.ask(LIFE)
        os.kill(lost[0][1], signal.SIGKILL)  # as when memory ends: the server throws out all others, and recovers
        until(lambda: anew(place, before), PATIENCE)
        with place.beside() as somebody:
            [[given]] = somebody.execute("SELECT pg_current_xact_id()::text").fetchall()
            assert int(given) == lost[0][0], "the very same number"

    with own(settings=LAZY) as server:
        place = PostgresPlace(server.create())
        place.open().close()
        with cutting(place.url) as cutter, PostgresPlace(cutter.url).open() as far:
            ours = far.write(account)
            cutter.cut(Cut.REQUEST, meanwhile=lambda: crash(place))
            with pytest.raises(StoreUnavailableError, match="the server crashed meanwhile"):
                far.write(work)
            assert place.ask(f"SELECT pg_xact_status('{lost[0][0]}'::xid8)") == [("committed",)], "somebody else's"
            assert place.ask(OPT_OUTS) == []
            assert far.write(work)


def anew(place: PostgresPlace, before: list[Any]) -> bool:
    """Whether the server lives, and not the life of `before`."""
    with suppress(psycopg.OperationalError):
        return place.ask(LIFE) != before
    return False
