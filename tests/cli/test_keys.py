"""API keys: made, shown once, listed, revoked; only a hash is kept."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def folder(run: Run, bare: Path) -> Path:
    assert run("db", "upgrade").code == 0
    return bare


def test_round_trip(run: Run, folder: Path) -> None:
    made = json.loads(run("keys", "create", "--scopes", "send, read", "--name", "CRM [bold]", "--json").out)
    assert set(made) == {"id", "name", "scopes", "created_at", "revoked_at", "key"}
    assert (made["name"], made["scopes"], made["revoked_at"]) == ("CRM [bold]", ["read", "send"], None)
    assert made["id"].startswith("key_")
    key = made.pop("key")
    assert key.startswith("ujumbe_")
    assert len(key) > 40

    listed = run("keys", "list", "--json")
    assert json.loads(listed.out) == [made]
    assert key not in listed.out
    assert "CRM [bold]" in run("keys", "list").out

    assert json.loads(run("keys", "revoke", made["id"], "--json").out) == {"id": made["id"], "revoked": True}
    [revoked] = json.loads(run("keys", "list", "--json").out)
    assert revoked["revoked_at"] is not None
    again = run("keys", "revoke", made["id"])
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("error: ")
    assert made["id"] in again.err


def test_only_a_hash_is_kept(run: Run, folder: Path) -> None:
    key = json.loads(run("keys", "create", "--json").out)["key"]
    kept = b"".join(file.read_bytes() for file in (folder / "data").iterdir())
    assert hashlib.sha256(key.encode()).digest() in kept
    assert key.encode() not in kept
    assert key.removeprefix("ujumbe_").encode() not in kept


def test_for_people(run: Run, folder: Path) -> None:
    assert "No keys yet" in run("keys", "list").out
    ended = run("keys", "create", "--scopes", "admin")
    assert "only time" in ended.out
    [key] = [line.strip() for line in ended.out.splitlines() if line.strip().startswith("ujumbe_")]
    assert "Authorization: Bearer" in ended.out
    listed = run("keys", "list").out
    assert "admin" in listed
    assert key not in listed


def test_any_name_can_be_kept(run: Run, folder: Path) -> None:
    """What a terminal in another encoding hands over is no text; a name is not worth an error."""
    assert json.loads(run("keys", "create", "--name", "caf\udce9", "--json").out)["name"] == "caf?"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["create", "--scopes", "everything"], ["everything", "send, read, admin"]),
        (["create", "--scopes", "send,Read"], ["Read"]),
        (["create", "--scopes", ""], ["nothing"]),
        (["create", "--scopes", " , "], ["nothing"]),
        (["revoke", "key_0000000000000"], ["key_0000000000000"]),
        (["revoke", "msg_0000000000000"], ["key_"]),
        (["revoke", "x"], ["key_"]),
        (["revoke", ""], ["key_"]),
    ],
    ids=" ".join,
)
def test_mistakes(run: Run, folder: Path, words: list[str], says: list[str]) -> None:
    ended = run("keys", *words)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert [word for word in says if word not in ended.err] == []
    assert json.loads(run("keys", "list", "--json").out) == []
