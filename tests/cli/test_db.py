"""`ujumbe db upgrade`, and what every command says where the database is missing, newer, or no database."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

OTHERS = [
    ["keys", "list"],
    ["keys", "create"],
    ["messages", "list"],
    ["messages", "show", "msg_0000000000000"],
    ["send", "+254711000000", "Hello"],
    ["serve", "--port", "0"],
]
READY = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": "http://127.0.0.1:1"}
EVERY = pytest.mark.parametrize("words", OTHERS, ids=[" ".join(words[:2]) for words in OTHERS])


def test_again_and_again(run: Run) -> None:
    first = json.loads(run("db", "upgrade", "--json").out)
    assert Path(first["database"]) == Path("data/ujumbe.sqlite3")
    assert first["applied"][0].startswith("0001_")
    assert json.loads(run("db", "upgrade", "--json").out) == {**first, "applied": []}
    assert "up to date" in run("db", "upgrade").out


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"UJUMBE_DATA": "deep/er"}, "deep/er/ujumbe.sqlite3"),
        ({"UJUMBE_DATABASE_URL": "sqlite:///my db?.sqlite"}, "my db?.sqlite"),
    ],
)
def test_where_it_lies(run: Run, bare: Path, env: dict[str, str], path: str) -> None:
    assert run("db", "upgrade", **env).code == 0
    assert (bare / path).is_file()


@EVERY
def test_missing(run: Run, bare: Path, words: list[str]) -> None:
    ended = run(*words, **READY)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert "run `ujumbe db upgrade`" in ended.err
    assert not (bare / "data" / "ujumbe.sqlite3").exists()


@EVERY
def test_newer(run: Run, bare: Path, words: list[str]) -> None:
    assert run("db", "upgrade").code == 0
    with closing(sqlite3.connect(bare / "data" / "ujumbe.sqlite3", isolation_level=None)) as database:
        database.execute("INSERT INTO migrations VALUES (9999, 'from_tomorrow', 'x', 0)")
    for command in (words, ["db", "upgrade"]):
        ended = run(*command, **READY)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("error: ")
        assert "9999" in ended.err


@EVERY
@pytest.mark.parametrize("content", [b"Dear diary, " * 500, b"\0" * 5000], ids=["text", "zeros"])
def test_no_database(run: Run, bare: Path, words: list[str], content: bytes) -> None:
    (bare / "data").mkdir()
    path = bare / "data" / "ujumbe.sqlite3"
    path.write_bytes(content)
    for command in (words, ["db", "upgrade"]):
        ended = run(*command, **READY)
        assert ended.code == 1
        assert ended.err.startswith("error: ")
        assert "ujumbe.sqlite3" in ended.err
        assert path.read_bytes() == content


def test_a_folder_that_cannot_be(run: Run, bare: Path) -> None:
    (bare / "data").write_text("a file is in the way")
    for words in (["db", "upgrade"], ["dev", "--port", "0"]):
        ended = run(*words)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("error: ")
