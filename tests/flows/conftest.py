import time
from collections.abc import Callable, Iterator

import pytest

from tests.flows.desk import Desk
from tests.flows.places import Place, one_postgres
from ujumbe.store import postgres_tx
from ujumbe.store.opening import SQLITE

__all__ = ["one_postgres"]

Fresh = Callable[[], Place]


class Clock:
    """Stands still until it is moved. Milliseconds."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1_000_000

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds

    def rule(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the clock of both databases, and of ids."""
        monkeypatch.setattr(time, "time_ns", lambda: self.now * 1_000_000)
        monkeypatch.setattr(postgres_tx.Clock, "now_ms", lambda _: self.now)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Makes an empty database of each kind. Of PostgreSQL there is one at a time."""
    if request.param == "sqlite":
        return lambda: Place(f"{SQLITE}{tmp_path_factory.mktemp('flows') / 'ujumbe.sqlite3'}")
    shared: Place = request.getfixturevalue("one_postgres")

    def emptied() -> Place:
        shared.empty()
        return shared

    return emptied


@pytest.fixture
def shared(one_postgres: Place, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """On PostgreSQL alone: what several connections do to each other."""
    _clock_first(request)
    one_postgres.empty()
    opened = Desk(one_postgres)
    yield opened
    opened.close()


@pytest.fixture
def desk(fresh: Fresh, request: pytest.FixtureRequest) -> Iterator[Desk]:
    _clock_first(request)
    opened = Desk(fresh())
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The database's clock in our hands: what is due and what is late is decided, not waited for."""
    made = Clock()
    made.rule(monkeypatch)
    return made


def _clock_first(request: pytest.FixtureRequest) -> None:
    """An open database keeps the clock that it was opened with, for its ids."""
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock")
