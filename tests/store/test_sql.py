from importlib import resources
from pathlib import Path

import pytest

from tests.store.opened import Opened, Place
from ujumbe.store import sql
from ujumbe.store.migrate import MigrationError
from ujumbe.store.sql import Dialect, for_postgres, for_sqlite, numbered, statements

FILES = [file for file in resources.files("ujumbe.store").joinpath("sql").iterdir() if file.name.endswith(".sql")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where statements are looked for instead."""
    made = tmp_path / "sql"
    made.mkdir()
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    return made


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_statement_of_every_file_is_loaded(dialect: Dialect) -> None:
    headers = {
        f"{file.name.removesuffix('.sql')}.{line.removeprefix('-- name: ').removesuffix(' (postgres)').strip()}"
        for file in FILES
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("-- name:")
    }
    assert set(statements(dialect)) == headers
    assert all(text and not text.endswith(";") and "--" not in text for text in statements(dialect).values())


@pytest.mark.parametrize("name", sorted(statements(Dialect.SQLITE)))
def test_every_statement_is_used(name: str) -> None:
    package = Path(sql.__file__).parents[1]
    users = [*package.glob("store/*.py"), *package.glob("flows/*.py")]
    assert any(f'"{name}"' in file.read_text(encoding="utf-8") for file in users), "nobody runs it"


@pytest.mark.parametrize(
    ("written", "sqlite", "postgres"),
    [
        ("a = :a AND b = :b_c", "a = :a AND b = :b_c", "a = %(a)s AND b = %(b_c)s"),
        (":a::bigint[]", ":a::bigint[]", "%(a)s::bigint[]"),
        ("a LIKE '50%'", "a LIKE '50%'", "a LIKE '50%%'"),
        ("id = ANY (:ids)", "id IN (SELECT value FROM json_each(:ids))", "id = ANY (%(ids)s)"),
        ("WHERE a FOR UPDATE", "WHERE a", "WHERE a FOR UPDATE"),
        ("(WHERE a\n FOR UPDATE OF m SKIP LOCKED)", "(WHERE a)", "(WHERE a\n FOR UPDATE OF m SKIP LOCKED)"),
        ("WHERE a FOR NO KEY UPDATE", "WHERE a", "WHERE a FOR NO KEY UPDATE"),
    ],
)
def test_words(written: str, sqlite: str, postgres: str) -> None:
    assert (for_sqlite(written), for_postgres(written)) == (sqlite, postgres)


def test_rows_bind_by_place_on_sqlite() -> None:
    columns = (
        "number", "message", "call", "state", "provider_id", "code", "status", "parts", "cost_micros", "cost_currency"
    )  # fmt: skip
    assert numbered("calls.settle_attempt", columns).endswith("WHERE message_id = ?2 AND call_id = ?3")


def test_postgres_has_a_form_of_its_own_where_it_needs_one(folder: Path) -> None:
    (folder / "nouns.sql").write_text("-- name: one\nSELECT 1;\n\n-- name: one (postgres)\n-- why\nSELECT 2;\n")
    assert statements.__wrapped__(Dialect.SQLITE) == {"nouns.one": "SELECT 1"}
    assert statements.__wrapped__(Dialect.POSTGRES) == {"nouns.one": "SELECT 2"}


@pytest.mark.parametrize("mark", ["", " (postgres)"])
def test_a_name_that_stands_twice_is_refused(folder: Path, mark: str) -> None:
    (folder / "nouns.sql").write_text(f"-- name: list{mark}\nSELECT 1;\n\n-- name: list{mark}\nSELECT 2;\n")
    with pytest.raises(ValueError, match=r"nouns\.list stands twice"):
        statements.__wrapped__(Dialect.SQLITE)


@pytest.mark.parametrize("upgrade", [True, False])
@pytest.mark.parametrize(
    "broken",
    ["SELECT nothing FROM nowhere", "SELECT nothing FROM accounts", "SELEKT 1", "UPDATE accounts SET id = lower()"],
)
def test_a_statement_that_does_not_fit_is_found_at_start(
    database: Place, monkeypatch: pytest.MonkeyPatch, broken: str, *, upgrade: bool
) -> None:
    database.open().close()
    for dialect in Dialect:
        monkeypatch.setitem(statements(dialect), "messages.broken", broken)
    with pytest.raises(MigrationError, match=r"messages\.broken"):
        database.open(upgrade=upgrade)


def test_they_all_fit_and_none_is_run_by_the_check(store: Opened, database: Place) -> None:
    tables = ("accounts", "nodes", "paces", "batches", "messages", "callbacks", "opt_outs", "subscriptions")
    assert [database.ask(f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * len(tables)
