from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.opened import Opened, Place, account


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for each kind of database: the whole suite runs on every one."""
    assert request.param == "sqlite"
    return Place(tmp_path / "ujumbe.sqlite3")


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
