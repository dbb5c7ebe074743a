"""Who may sign in, from the command line: links and never passwords; what was done is listed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.running import serve
from ujumbe.domain.role import Role

PUBLIC = {"UJUMBE_URL": "https://sms.example.org/"}


@pytest.fixture
def folder(run: Run, bare: Path) -> Path:
    assert run("db", "upgrade").code == 0
    return bare


def test_round_trip(run: Run, folder: Path) -> None:
    assert "ujumbe serve" in run("users", "list").out
    made = json.loads(run("users", "add", "Asha [bold]", "--role", "operator", "--json", **PUBLIC).out)
    assert set(made) == {"id", "name", "role", "state", "created_at", "disabled_at", "link"}
    assert made["id"].startswith("user_")
    assert (made["name"], made["role"], made["state"]) == ("Asha [bold]", "operator", "invited")
    assert made["link"].startswith("https://sms.example.org/welcome/")
    secret = made.pop("link").rpartition("/")[2]
    assert len(secret) > 40

    assert json.loads(run("users", "list", "--json").out) == [made]
    assert "Asha [bold]" in run("users", "list").out
    renewed = json.loads(run("users", "link", "asha [BOLD]", "--json").out)
    assert renewed["link"].startswith("/welcome/")
    assert not renewed["link"].endswith(secret)

    assert json.loads(run("users", "role", "Asha [bold]", "viewer", "--json").out) == {**made, "role": "viewer"}
    assert json.loads(run("users", "disable", "Asha [bold]", "--json").out)["state"] == "disabled"
    refused = run("users", "link", "Asha [bold]")
    assert (refused.code, refused.out) == (1, "")
    assert "enable" in refused.err
    assert "may sign in again" in run("users", "enable", "Asha [bold]").out


def test_for_people(run: Run, folder: Path) -> None:
    shown = run("users", "add", "Asha").out
    assert "24 hours" in shown
    assert "UJUMBE_URL" in shown
    assert "  https://sms.example.org/welcome/" in run("users", "link", "Asha", **PUBLIC).out
    assert "Asha is admin now" in run("users", "role", "Asha", "admin").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["role", "nobody", "admin"], ["nobody", "ujumbe users list"]),
        (["link", "nobody"], ["nobody"]),
        (["add", "asha"], ["name"]),
        (["add", "x" * 61], ["60"]),
        (["add", "Juma", "--role", "king"], ["--role", "viewer, operator, admin", "king"]),
        (["role", "Asha", "king"], ["ROLE", "king"]),
    ],
)
def test_what_is_refused(run: Run, folder: Path, words: list[str], says: list[str]) -> None:
    run("users", "add", "Asha")
    ended = run("users", *words)
    assert (ended.code, ended.out) == (1, "")
    assert [word for word in says if word not in ended.err] == []


def test_beside_a_service_the_link_is_whole_and_the_list_tells(run: Run, folder: Path) -> None:
    with serve(folder, at="http://127.0.0.1:1") as service:
        made = json.loads(run("users", "add", "Asha", "--json").out)
        assert made["link"].startswith(f"{service.url}/welcome/")
        service.stop()
    with closing(sqlite3.connect(folder / "data" / "ujumbe.sqlite3")) as database:
        [noted] = database.execute("SELECT user_id, actor, action, subject, detail FROM audit").fetchall()
    assert noted == (None, "command line", "add user", "Asha", "")


def test_each_role_is_explained(run: Run) -> None:
    shown = run("users", "add", "--help").out
    assert all(role in shown for role in Role)
