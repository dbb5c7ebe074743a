import sqlite3
from collections.abc import Callable

import pytest

from tests.store.opened import Place, account, finished, python
from ujumbe.store import migrate
from ujumbe.store.migrate import Migration, MigrationError

UPGRADE = """
import sqlite3, sys
from ujumbe.store import migrate
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
print("ready", flush=True)
sys.stdin.readline()
print(len(migrate.upgrade(connection)))
"""

LAST = migrate.known()[-1].number
NEXT = Migration(LAST + 1, "more", "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO more VALUES (1);\n")
AFTER = Migration(LAST + 2, "most", "CREATE TABLE most (id INTEGER PRIMARY KEY) STRICT;\n")
BROKEN = Migration(
    LAST + 2, "broken", "CREATE TABLE most (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the program one with further migrations."""
    first = migrate.known()

    def of(*more: Migration) -> None:
        monkeypatch.setattr(migrate, "known", lambda: [*first, *more])

    return of


def applied(place: Place) -> list[int]:
    return [row[0] for row in place.ask("SELECT number FROM migrations ORDER BY number")]


def test_files_are_numbered_without_gaps() -> None:
    assert [each.number for each in migrate.known()] == list(range(1, len(migrate.known()) + 1))
    assert all(each.name and each.sql.rstrip().endswith(";") for each in migrate.known())


def test_a_fresh_database_gets_them_all_and_a_second_time_none(database: Place) -> None:
    with database.open() as store:
        assert store.db.migrated == migrate.known()
    with database.open() as store:
        assert store.db.migrated == []
    assert applied(database) == [each.number for each in migrate.known()]


def test_later_ones_are_applied_in_order_on_data(database: Place, program: Callable[..., None]) -> None:
    with database.open() as store:
        ours = store.write(account)
    program(NEXT, AFTER)
    with database.open() as store:
        assert store.db.migrated == [NEXT, AFTER]
        assert store.write(account) == ours
    assert database.ask("SELECT id FROM more") == [(1,)]


def test_one_that_fails_leaves_nothing_and_those_before_it_stay(database: Place, program: Callable[..., None]) -> None:
    program(NEXT, BROKEN)
    with pytest.raises(Exception, match="nowhere"):
        database.open()
    assert applied(database) == list(range(1, LAST + 2))
    assert database.ask("SELECT name FROM sqlite_master WHERE name = 'most'") == []
    program(NEXT, AFTER)
    database.open().close()
    assert applied(database) == list(range(1, LAST + 3))


@pytest.mark.parametrize("made_before", [True, False], ids=["behind", "missing"])
def test_without_upgrade_it_is_refused_with_what_to_run(
    database: Place, program: Callable[..., None], *, made_before: bool
) -> None:
    if made_before:
        database.open().close()
        program(NEXT)
    with pytest.raises(MigrationError, match="ujumbe db upgrade"):
        database.open(upgrade=False)
    assert database.path.exists() is made_before
    database.open().close()
    database.open(upgrade=False).close()


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_newer_database_is_refused(database: Place, program: Callable[..., None], *, upgrade: bool) -> None:
    program(NEXT)
    database.open().close()
    program()
    with pytest.raises(MigrationError, match=f"migration {LAST + 1}"):
        database.open(upgrade=upgrade)
    assert applied(database) == list(range(1, LAST + 2))


@pytest.mark.parametrize("upgrade", [True, False])
def test_an_edited_file_is_refused(database: Place, program: Callable[..., None], *, upgrade: bool) -> None:
    program(NEXT)
    database.open().close()
    program(Migration(LAST + 1, "more", NEXT.sql + "-- one more thought\n"))
    with pytest.raises(MigrationError, match=f"migration {LAST + 1} was changed"):
        database.open(upgrade=upgrade)


def test_two_processes_upgrade_at_once(database: Place) -> None:
    sqlite3.connect(database.path).close()
    processes = [python(UPGRADE, database.path) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [int(finished(process)) for process in processes]
    assert sorted(done) == [0, len(migrate.known())]
    assert applied(database) == [each.number for each in migrate.known()]
    database.open(upgrade=False).close()
