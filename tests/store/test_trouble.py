"""A SQLite file that cannot take the work: locked, full, damaged."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.store.opened import Opened, SqlitePlace, account, number
from tests.store.test_database import OPT_OUTS, opt_out
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import callbacks, opt_outs, sqlite
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx

LARGE = b"x" * 64 * 1024


@pytest.fixture
def database(sqlite_place: SqlitePlace) -> SqlitePlace:
    """What is told here is SQLite's alone."""
    return sqlite_place


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)


def test_locked_is_told_to_all_and_passes(impatient: None, database: SqlitePlace) -> None:
    with database.open() as store:
        ours = store.write(account)
        with database.beside() as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            found = store.together([opt_out(ours, index) for index in range(5)])
            assert [type(each) for each in found] == [StoreUnavailableError] * 5
            assert all("locked" in str(each) for each in found)
            assert store.read(opt_outs.list_page, ours, before=None, limit=9) == [], "reading goes on"
            somebody.execute("ROLLBACK")
        assert database.ask(OPT_OUTS) == []
        assert store.together([opt_out(ours, index) for index in range(5)]) == [True] * 5


def test_a_short_lock_is_waited_for(database: SqlitePlace) -> None:
    with database.open() as store, database.beside() as somebody:
        ours = store.write(account)

        async def main() -> bool:
            somebody.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(store.db.write(opt_out(ours, 1)))
            await asyncio.sleep(0)
            somebody.execute("COMMIT")
            return await task

        done: bool = store.run(main)
        assert done


def test_locked_at_the_start(impatient: None, database: SqlitePlace) -> None:
    database.open().close()
    with database.beside() as somebody:
        somebody.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            database.open()
        somebody.execute("ROLLBACK")
    database.open().close()


def test_locked_while_closing_still_closes(impatient: None, database: SqlitePlace) -> None:
    store = database.open()
    with database.beside() as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        store.close()
        somebody.execute("ROLLBACK")
    database.open().close()


def keep(ours: int, index: int) -> Callable[[Tx], Any]:
    """A large callback with an opt-out: half of it must never be there."""

    def work(tx: Tx) -> int:
        opt_out(ours, index)(tx)
        kept = New(Raw("twoway", b"", "", LARGE), number(index), "", Fate.IGNORED, "")
        return callbacks.insert_all(tx, ours, [kept])[0]

    return work


@contextmanager
def few_pages(place: SqlitePlace) -> Iterator[Callable[[Opened], None]]:
    """SQLite's own bound stands for the disk's: the writer's connection may not grow the file any more."""
    opened: list[Opened] = []

    def fill(store: Opened) -> None:
        opened.append(store)
        store.write(lambda tx: tx.select("PRAGMA max_page_count = 1", {}))  # the present size, at the least

    yield fill
    opened[0].write(lambda tx: tx.select("PRAGMA max_page_count = 1000000", {}))


@contextmanager
def small_disk(place: SqlitePlace) -> Iterator[Callable[[Opened], None]]:
    """A real file system of 2 MB, filled up by somebody else."""
    ballast = place.path.parent / "ballast"

    def fill(_: Opened) -> None:
        with ballast.open("wb", buffering=0) as file:
            size = 64 * 1024
            while size:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    size //= 2

    yield fill
    ballast.unlink()


@pytest.fixture(params=["pages", "disk"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SqlitePlace, AbstractContextManager[Any]]]:
    """A place, and what makes it full within and empty again at its end."""
    if request.param == "pages":
        place = SqlitePlace(tmp_path / "ujumbe.sqlite3")
        yield place, few_pages(place)
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "ujumbe-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: a real full disk needs root and `mount`; only SQLite's own bound was tried")
    try:
        place = SqlitePlace(folder / "ujumbe.sqlite3")
        yield place, small_disk(place)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_full_is_told_to_all_and_passes(full: tuple[SqlitePlace, AbstractContextManager[Any]]) -> None:
    place, filling = full
    with place.open() as store:
        ours = store.write(account)
        assert store.write(keep(ours, 0))
        with filling as fill:
            fill(store)
            for attempt in range(3):
                found = store.together([keep(ours, 10 * attempt + index) for index in range(1, 6)])
                assert [type(each) for each in found] == [StoreUnavailableError] * 5, found
            assert "full" in str(found[0])
            assert place.ask("SELECT count(*) FROM callbacks") == [(1,)], "nothing half stored"
            assert place.ask(OPT_OUTS) == [(number(0),)]
            assert len(store.read(opt_outs.list_page, ours, before=None, limit=9)) == 1, "reading goes on"
        assert all(isinstance(each, int) for each in store.together([keep(ours, index) for index in range(1, 4)]))
        assert place.ask(OPT_OUTS) == [(number(index),) for index in range(4)]
    with closing(place.open()) as store, place.beside() as somebody:
        assert somebody.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("content", [b"this is no database" * 500, b""], ids=["another file", "empty"])
def test_a_file_that_is_no_database_is_an_error_with_words(database: SqlitePlace, content: bytes) -> None:
    database.path.write_bytes(content)
    if content:
        with pytest.raises(StoreUnavailableError, match="not a database"):
            database.open()
        assert database.path.read_bytes() == content, "and is left alone"
    else:
        database.open().close()


def test_a_folder_that_cannot_be_made_is_an_error_with_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        SqlitePlace(tmp_path / "file" / "ujumbe.sqlite3").open()
