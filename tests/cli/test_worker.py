"""What a process that only sends, or only answers, refuses to start with."""

import pytest

from tests.cli.conftest import Run

READY = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": "http://127.0.0.1:1"}
POSTGRES = {"UJUMBE_DATABASE_URL": "postgresql://ujumbe:s3cret-word@127.0.0.1:9/ujumbe"}


@pytest.mark.parametrize("words", [["worker"], ["serve", "--no-worker", "--port", "0"]], ids=lambda words: words[0])
def test_a_sqlite_file_takes_one_process(run: Run, words: list[str]) -> None:
    assert run("db", "upgrade").code == 0
    ended = run(*words, **READY)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert "PostgreSQL" in ended.err
    assert "a SQLite file takes one process" in ended.err


@pytest.mark.parametrize(
    ("env", "says"),
    [
        (POSTGRES, ["AT_USERNAME", "AT_API_KEY"]),
        (READY | POSTGRES, ["postgresql://127.0.0.1:9/ujumbe", "refused"]),
        (READY | {"UJUMBE_DATABASE_URL": "postgresql://ujumbe:s3cret word@127.0.0.1:9/x"}, ["percent-encode"]),
        (READY | {"UJUMBE_DATABASE_URL": "postgresql://ujumbe:s3cret%word@127.0.0.1:9/x"}, ["percent-encode"]),
        (READY | {"UJUMBE_DATABASE_URL": "postgresql://ujumbe:s3cret@word@127.0.0.1:9/x"}, ["percent-encode"]),
        (READY | {"UJUMBE_DATABASE_URL": "postgresql://ujumbe:s3cret/word@127.0.0.1:9/x"}, ["UJUMBE_DATABASE_URL"]),
        (READY | POSTGRES | {"UJUMBE_METRICS_PORT": "x"}, ["UJUMBE_METRICS_PORT"]),
    ],
    ids=["no account", "nobody there", "space", "percent", "at", "slash", "port"],
)
@pytest.mark.parametrize(
    "words", [["worker"], ["serve", "--no-worker"], ["keys", "list"], ["db", "upgrade"]], ids=lambda words: words[0]
)
def test_refuses_to_start(run: Run, words: list[str], env: dict[str, str], says: list[str]) -> None:
    if words[0] in ("keys", "db") and "AT_USERNAME" not in env:
        says = ["refused"]
    ended = run(*words, **env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert [word for word in says if word not in ended.err] == []
    assert "word" not in ended.err.replace("password", "")
    assert "s3cret" not in ended.err


def test_a_pending_migration(run: Run, empty: str) -> None:
    for words in (["worker"], ["serve", "--port", "0"], ["keys", "list"]):
        ended = run(*words, **READY, UJUMBE_DATABASE_URL=empty)
        assert (ended.code, ended.out) == (1, "")
        assert "run `ujumbe db upgrade`" in ended.err
        assert "s3cr" not in ended.err
