"""The database's clock."""

import sys
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.store.opened import PostgresPlace
from ujumbe.store import ids
from ujumbe.store.clock import steady as steady_clock
from ujumbe.store.postgres_tx import CLOCK_SECONDS, Clock, connect

THEIRS = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


@pytest.fixture
def database(postgres_place: PostgresPlace) -> PostgresPlace:
    """What is told here is PostgreSQL's alone."""
    return postgres_place


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves our steady clock ahead, by seconds."""
    real, ahead = steady_clock, [0.0]
    monkeypatch.setattr("ujumbe.store.postgres_tx.steady", lambda: real() + ahead[0])

    def forward(seconds: float) -> None:
        ahead[0] += seconds

    return forward


@pytest.mark.parametrize("wrong_by", [-86_400, 86_400], ids=["a day behind", "a day ahead"])
@pytest.mark.parametrize("reader", [False, True])
def test_the_hosts_clock_does_not_matter(
    database: PostgresPlace, monkeypatch: pytest.MonkeyPatch, wrong_by: int, *, reader: bool
) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + wrong_by * 1_000_000_000)
    with database.open() as store:
        [[before]] = database.ask(THEIRS)
        now = (store.read if reader else store.write)(lambda tx: tx.now)
        made = store.write(lambda tx: tx.new_id())
        [[after]] = database.ask(THEIRS)
    assert ids.floor(before - 1_000) <= made < ids.floor(after + 1_000), "ranges of ids stand for times of the database"
    assert before - 1_000 <= now <= after + 1_000, "only an answer is between the two"


def test_it_goes_on_by_itself_and_is_set_anew_now_and_then(
    database: PostgresPlace, steady: Callable[[float], None]
) -> None:
    def ahead() -> float:
        clock.keep(connection)
        [[theirs]] = database.ask(THEIRS)
        return (clock.now_ms() - int(theirs)) / 1000

    with connect(database.url) as connection:
        clock = Clock()
        clock.set_by(connection)
        steady(CLOCK_SECONDS - 2)
        assert CLOCK_SECONDS - 3 < ahead() < CLOCK_SECONDS, "carried on by our own"
        steady(3)
        assert -1 < ahead() < 1, "set by theirs"


def test_a_late_answer_does_not_put_it_back(
    database: PostgresPlace, steady: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute goes by between the first question and the reading of its answer."""
    moved: Callable[[], float] = sys.modules["ujumbe.store.postgres_tx"].steady
    readings = 0

    def late() -> float:
        nonlocal readings
        readings += 1
        if readings == 2:
            steady(60)
        return moved()

    with connect(database.url) as connection:
        clock = Clock()
        monkeypatch.setattr("ujumbe.store.postgres_tx.steady", late)
        clock.set_by(connection)
        [[theirs]] = database.ask(THEIRS)
        assert theirs - clock.now_ms() < 10_000


def test_after_a_long_rest_no_thread_reads_half_of_it(
    database: PostgresPlace, steady: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread sets the clock while another reads it: what it reads is of one setting."""
    with connect(database.url) as connection:
        clock = Clock()
        clock.set_by(connection)
        rested = clock.now_ms() + 3_600_000
        steady(3_600)
        whole: Callable[[], float] = sys.modules["ujumbe.store.postgres_tx"].steady
        setting = threading.Event()

        def interrupted() -> float:
            if not setting.is_set():
                setting.set()
                clock.set_by(connection)
            return whole()

        monkeypatch.setattr("ujumbe.store.postgres_tx.steady", interrupted)
        assert abs(clock.now_ms() - rested) < 5_000
        assert abs(clock.now_ms() - (rested - 3_600_000)) < 5_000


def test_a_machine_that_slept_sets_it_at_once() -> None:
    """CLOCK_MONOTONIC stands still meanwhile, and would take the old setting for a fresh one."""
    assert abs(steady_clock() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1


def test_a_connection_is_as_we_want_it(database: PostgresPlace) -> None:
    asked = "SELECT current_setting('lock_timeout'), current_setting('timezone'), current_setting('application_name')"
    with connect(database.url) as connection:
        assert connection.execute(asked).fetchone() == ("20s", "UTC", "ujumbe")
        assert connection.autocommit
        assert connection.execute("SELECT pg_typeof(%s), pg_typeof(%s)", (1, 1 << 40)).fetchone() == (
            "bigint",
            "bigint",
        )


def test_who_cannot_be_reached_is_told_soon() -> None:
    with pytest.raises(psycopg.OperationalError):
        connect("postgresql://127.0.0.1:1/nowhere")
