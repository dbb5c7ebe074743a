from importlib import resources
from pathlib import Path

import pytest

from tests.store.opened import Opened, Place
from ujumbe.store import sql
from ujumbe.store.migrate import MigrationError

FILES = [file for file in resources.files("ujumbe.store").joinpath("sql").iterdir() if file.name.endswith(".sql")]


def test_every_statement_of_every_file_is_loaded() -> None:
    headers = [
        f"{file.name.removesuffix('.sql')}.{line.removeprefix('-- name: ').strip()}"
        for file in FILES
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("-- name:")
    ]
    assert sorted(sql.statements()) == sorted(headers)
    assert all(text and not text.endswith(";") for text in sql.statements().values())


@pytest.mark.parametrize("name", sorted(sql.statements()))
def test_every_statement_fits_the_tables_and_is_used(store: Opened, name: str) -> None:
    class Nothing(dict[str, None]):
        def __missing__(self, key: str) -> None:
            return None

    assert store.read(lambda tx: tx.select(f"EXPLAIN {sql.statements()[name]}", Nothing()))
    package = Path(sql.__file__).parent
    assert any(f'"{name}"' in file.read_text(encoding="utf-8") for file in package.glob("*.py")), "nobody runs it"


def test_a_name_that_stands_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sql"
    folder.mkdir()
    (folder / "nouns.sql").write_text("-- name: list\nSELECT 1;\n\n-- name: list\nSELECT 2;\n")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"nouns\.list stands twice"):
        sql.statements.__wrapped__()


def test_a_statement_that_does_not_fit_is_found_at_start(database: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sql.statements(), "messages.broken", "SELECT nothing FROM nowhere")
    with pytest.raises(MigrationError, match=r"messages\.broken"):
        database.open()
