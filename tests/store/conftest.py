import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.store.opened import Opened, Place, PostgresPlace, SqlitePlace, account
from ujumbe.store import postgres_tx


@pytest.fixture(scope="session")
def migrated(postgres: Server) -> PostgresPlace:
    """A PostgreSQL database with all our tables: a test finds it empty and leaves whatever it likes in it."""
    place = PostgresPlace(postgres.create())
    place.open().close()
    return place


@pytest.fixture
def sqlite_place(tmp_path: Path) -> SqlitePlace:
    return SqlitePlace(tmp_path / "ujumbe.sqlite3")


@pytest.fixture
def postgres_place(migrated: PostgresPlace) -> Iterator[PostgresPlace]:
    yield migrated
    migrated.empty()  # a hundredth of what a new one costs


@pytest.fixture(params=["sqlite_place", "postgres_place"], ids=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Place:
    """A place for each kind of database: the whole suite runs on both, but for what a module narrows down."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def store(database: Place) -> Iterator[Opened]:
    with database.open() as opened:
        yield opened


@pytest.fixture
def ours(store: Opened) -> int:
    """Our account's id."""
    return store.write(account)


@pytest.fixture
def other(store: Opened) -> int:
    """Another account's id: nothing of ours may show there."""
    return store.write(account, "live")


class Clock:
    """The clock of both databases and of ids: stands still until it is set. Epoch milliseconds."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1_000_000

    def set(self, moment: int) -> None:
        self.now = moment

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time_ns", lambda: made.now * 1_000_000)
    monkeypatch.setattr(postgres_tx.Clock, "now_ms", lambda _: made.now)
    return made
