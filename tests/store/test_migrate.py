import re
from collections.abc import Callable, Iterator

import pytest

from tests.postgres import Server
from tests.store.opened import Opened, Place, PostgresPlace, SqlitePlace, account, due, finished, number, python, queued
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.pause import Pause
from ujumbe.store import accounts, calls, migrate, outbox, subscriptions
from ujumbe.store.migrate import Migration, MigrationError

UPGRADE = """
import asyncio, sys
import ujumbe.store.postgres  # loaded beforehand, so that both begin at once
from ujumbe.store.opening import open_database

async def main():
    db = await open_database(sys.argv[1], upgrade=True)
    print(len(db.migrated))
    await db.close()

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""

LAST = migrate.known()[-1].number
NEXT = Migration(LAST + 1, "more", "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO more VALUES (1);\n")
AFTER = Migration(LAST + 2, "most", "CREATE TABLE most (id INTEGER PRIMARY KEY) STRICT;\n")
BROKEN = Migration(
    LAST + 2, "broken", "CREATE TABLE most (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where there is nothing yet: no file, or a database without a table."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_place")
        return
    server: Server = request.getfixturevalue("postgres")
    place = PostgresPlace(server.create())
    yield place
    server.drop(place.url)


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


def test_a_fresh_database_gets_them_all_and_a_second_time_none(fresh: Place) -> None:
    with fresh.open() as store:
        assert store.db.migrated == migrate.known()
    with fresh.open() as store:
        assert store.db.migrated == []
    assert applied(fresh) == [each.number for each in migrate.known()]


def test_later_ones_are_applied_in_order_on_data(fresh: Place, program: Callable[..., None]) -> None:
    with fresh.open() as store:
        ours = store.write(account)
    program(NEXT, AFTER)
    with fresh.open() as store:
        assert store.db.migrated == [NEXT, AFTER]
        assert store.write(account) == ours
    assert fresh.ask("SELECT id FROM more") == [(1,)]


def test_one_that_fails_leaves_nothing_and_those_before_it_stay(fresh: Place, program: Callable[..., None]) -> None:
    program(NEXT, BROKEN)
    with pytest.raises(StoreUnavailableError, match="nowhere"):
        fresh.open()
    assert applied(fresh) == list(range(1, LAST + 2))
    with fresh.beside() as somebody, pytest.raises(Exception, match="most"):
        somebody.execute("SELECT id FROM most")
    program(NEXT, AFTER)
    fresh.open().close()
    assert applied(fresh) == list(range(1, LAST + 3))


@pytest.mark.parametrize("made_before", [True, False], ids=["behind", "missing"])
def test_without_upgrade_it_is_refused_with_what_to_run(
    fresh: Place, program: Callable[..., None], *, made_before: bool
) -> None:
    if made_before:
        fresh.open().close()
        program(NEXT)
    with pytest.raises(MigrationError, match="ujumbe db upgrade"):
        fresh.open(upgrade=False)
    if not made_before:
        with pytest.raises(Exception, match=r"(?i)migrations|unable to open"):
            applied(fresh)
    fresh.open().close()
    fresh.open(upgrade=False).close()


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_newer_database_is_refused(fresh: Place, program: Callable[..., None], *, upgrade: bool) -> None:
    program(NEXT)
    fresh.open().close()
    program()
    with pytest.raises(MigrationError, match=f"migration {LAST + 1}"):
        fresh.open(upgrade=upgrade)
    assert applied(fresh) == list(range(1, LAST + 2))


@pytest.mark.parametrize("upgrade", [True, False])
def test_an_edited_file_is_refused(fresh: Place, program: Callable[..., None], *, upgrade: bool) -> None:
    program(NEXT)
    fresh.open().close()
    program(Migration(LAST + 1, "more", NEXT.sql + "-- one more thought\n"))
    with pytest.raises(MigrationError, match=f"migration {LAST + 1} was changed"):
        fresh.open(upgrade=upgrade)


def test_two_processes_upgrade_at_once(fresh: Place) -> None:
    processes = [python(UPGRADE, fresh.url) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [int(finished(process)) for process in processes]
    assert sum(done) == len(migrate.known()), "each is applied by one of them"
    assert applied(fresh) == [each.number for each in migrate.known()]
    fresh.open(upgrade=False).close()


AT_2 = """
INSERT INTO accounts (id, username, host, created_at) VALUES (1, 'sandbox', 'local', 1);
INSERT INTO batches (id, account_id, source, mode, sender, scope, text, segments, category, created_at)
VALUES (2, 1, 'api', 'bulk', 'UJUMBE', 'ujumbe', 'Habari', 1, 'otp', 1),
       (3, 1, 'api', 'bulk', '', 'africastkng', 'Habari', 1, 'otp', 1);
INSERT INTO messages (id, account_id, batch_id, number, state, due_at, expires_at, created_at, updated_at)
VALUES (4, 1, 2, '+254711000001', 'queued', 1, 9000000000000, 1, 1),
       (5, 1, 3, '+254711000002', 'queued', 1, 9000000000000, 1, 1),
       (6, 1, 2, '+254711000003', 'delivered', 1, 9000000000000, 1, 1);
INSERT INTO calls (id, account_id, verdict, recipients, lease_until, started_at) VALUES (7, 1, 'answered', 1, 1, 1);
INSERT INTO attempts (message_id, call_id, number, state, provider_id) VALUES (6, 7, '+254711000003', 'taken', 'ATX_1');
INSERT INTO subscriptions (id, account_id, number, short_code, keyword, started_at)
VALUES (8, 1, '+254711000001', '12345', 'NEWS', 1);
INSERT INTO subscriptions (id, account_id, number, short_code, keyword, started_at, ended_at)
VALUES (9, 1, '+254711000002', '12345', 'NEWS', 1, 2);
INSERT INTO nodes (node, leased_until, high_ms) VALUES (0, 0, 17);
"""


def test_an_upgrade_from_2_keeps_the_data_and_fills_in_what_is_new(
    fresh: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrate.known()
    with monkeypatch.context() as before, fresh.beside() as somebody:
        before.setattr(migrate, "known", lambda: every[:2])
        migrate.upgrade(somebody)
        for statement in filter(str.strip, AT_2.split(";")):
            somebody.execute(statement)
    with fresh.open() as store:
        assert [each.number for each in store.db.migrated] == [each.number for each in every[2:]]
        assert store.write(account) == 1
        assert {each.id: each.number for each in store.write(due, 1)} == {4: number(1), 5: number(2)}
        assert [lane.scope for lane in store.read(outbox.lanes, 1)] == ["africastkng", "ujumbe"]
        health = store.read(accounts.health, 1)
        assert (health.pause, health.strikes, health.slow_until) == (Pause.NONE, 0, 0)
        assert [(each.state, each.inferred) for each in store.read(calls.of_message, 6)] == [("taken", False)]
        assert not store.write(subscriptions.start, 1, number(1), "12345", "news"), "keywords have no case, as before"
        history = store.read(subscriptions.list_page, 1, before=None, limit=9)
        assert [(each.id, each.source, each.ended_by) for each in history] == [
            (9, "callback", "callback"),
            (8, "callback", None),
        ]
        assert store.write(queued, 1, number(9))[0] >> 22 > 17
    assert fresh.ask("SELECT id, scope FROM messages WHERE id < 7 ORDER BY id") == [
        (4, "ujumbe"),
        (5, "africastkng"),
        (6, "ujumbe"),
    ]


def test_both_databases_have_the_same_columns(sqlite_place: SqlitePlace, postgres_place: PostgresPlace) -> None:
    sqlite_place.open().close()
    theirs = postgres_place.ask(
        """SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
            WHERE table_schema = 'public'"""
    )
    ours = sqlite_place.ask(
        """SELECT m.name, c.name, c.type, c."notnull" = 0 AND c.pk = 0 FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table'"""
    )
    words = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
    expected = {(table, column, words[kind], "YES" if null else "NO") for table, column, kind, null in ours}
    assert set(theirs) == expected
    assert len(expected) > 100


def test_both_databases_have_the_same_indexes(sqlite_place: SqlitePlace, postgres_place: PostgresPlace) -> None:
    sqlite_place.open().close()
    theirs = postgres_place.ask(
        "SELECT indexname, indexdef LIKE 'CREATE UNIQUE%' FROM pg_indexes WHERE schemaname = 'public'"
    )
    ours = sqlite_place.ask(
        "SELECT name, sql LIKE 'CREATE UNIQUE%' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    )
    named = {each for each in theirs if not re.search(r"_(pkey|key)$", each[0])}
    assert named == {(name, bool(unique)) for name, unique in ours}


def test_the_latest_is_told(store: Opened) -> None:
    last = migrate.known()[-1]
    assert store.read(migrate.latest)[:2] == (last.number, last.name)
