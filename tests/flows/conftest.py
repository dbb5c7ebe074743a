import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.desk import Desk
from tests.store.opened import Place


class Clock:
    """Stands still until it is moved. Milliseconds."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1_000_000

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(Place(tmp_path / "ujumbe.sqlite3"))
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Clock:
    """The database's clock in our hands: what is due and what is late is decided, not waited for."""
    made = Clock()
    monkeypatch.setattr(time, "time_ns", lambda: made.now * 1_000_000)
    return made
