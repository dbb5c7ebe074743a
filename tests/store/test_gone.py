"""The SQLite file under an open database is deleted or replaced: nothing is taken that would be lost with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.opened import Opened, SqlitePlace, account, counts, number, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.store.lock import DatabaseInUseError, FileLock, Holder

WORKING = Holder(17, "", "sandbox", "local", "", "")


@pytest.fixture
def database(sqlite_place: SqlitePlace) -> SqlitePlace:
    """What is told here is SQLite's alone."""
    return sqlite_place


def deleted(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    (path.parent / "copy").write_bytes(path.read_bytes())
    (path.parent / "copy").rename(path)


@pytest.mark.parametrize(
    ("harm", "why"), [(deleted, "is gone"), (replaced, "another file")], ids=["deleted", "replaced"]
)
def test_writes_are_refused_until_the_file_is_back(
    store: Opened, ours: int, database: SqlitePlace, harm: Callable[[Path], None], why: str
) -> None:
    store.write(queued, ours, number(1))
    kept = database.path.with_name("kept")
    kept.hardlink_to(database.path)
    harm(database.path)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match=why):
            store.write(queued, ours, number(2))
        assert why in store.db.trouble
    found = store.together([account, account])
    assert [type(each) for each in found] == [StoreUnavailableError] * 2, "everybody is told"
    kept.replace(database.path)
    store.write(queued, ours, number(3))
    assert store.db.trouble == ""
    assert store.read(counts, ours) == {State.QUEUED: 2}


def test_two_names_of_one_file_are_one_database(tmp_path: Path) -> None:
    real, link = tmp_path / "ujumbe.sqlite3", tmp_path / "link" / "other.sqlite3"
    real.touch()
    link.parent.mkdir()
    link.symlink_to(real)
    mine = FileLock(real)
    mine.acquire(WORKING)
    with pytest.raises(DatabaseInUseError, match="process 17 at work"):
        FileLock(link).acquire(WORKING)
    assert FileLock(link).holder() == WORKING
    mine.release()
    another = FileLock(link)
    another.acquire(WORKING)
    assert FileLock(real).holder() == WORKING
    another.release()
