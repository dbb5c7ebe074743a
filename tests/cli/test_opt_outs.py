"""Opt-outs from the command line: real files in, real files out, on both databases."""

import csv
import io
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Run
from tests.running import clean_environment, command, dev, ujumbe

ENV = {"AT_USERNAME": "sandbox"}
NUMBERS = [f"+2547110001{index:02}" for index in range(20)]


@pytest.fixture(params=["sqlite", "postgresql"])
def env(request: pytest.FixtureRequest, run: Run) -> dict[str, str]:
    """Settings of an upgraded database of each kind, which no service has opened yet."""
    more = {"UJUMBE_DATABASE_URL": request.getfixturevalue("empty")} if request.param == "postgresql" else {}
    assert run("db", "upgrade", **ENV, **more).code == 0
    return ENV | more


def loaded(run: Run, env: dict[str, str], *words: str) -> Any:
    ended = run("opt-outs", *words, "--json", **env)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def listed(run: Run, env: dict[str, str]) -> list[tuple[str, str | None, str, str]]:
    found = loaded(run, env, "list", "--limit", "1000")
    return sorted((each["phone"], each["from"], each["reason"], each["proof"]) for each in found)


def test_said_shown_and_ended(run: Run, env: dict[str, str]) -> None:
    assert "No opt-outs." in run("opt-outs", "add", NUMBERS[0], **env).out or listed(run, env)
    shown = run("opt-outs", "add", NUMBERS[0], "--from", "MyBrand", "--reason", "by letter", **env)
    assert f"{NUMBERS[0]} is opted out of MyBrand, all senders." in shown.out
    told = loaded(run, env, "show", NUMBERS[0][1:])
    assert told["opted_out"] is True
    assert [(each["from"], each["source"], each["reason"], each["proof"]) for each in told["history"]] == [
        ("MyBrand", "operator", "by letter", "command line"),
        (None, "operator", "", "command line"),
    ]
    assert run("opt-outs", "add", NUMBERS[0], **env).code == 0, "again is no error"
    left = loaded(run, env, "remove", NUMBERS[0], "--from", "mybrand")
    assert [(each["until"] is None, each["ended_by"], each["ended_proof"]) for each in left["history"]] == [
        (False, "operator", "command line"),
        (True, "", ""),
    ]
    assert "is not opted out" in run("opt-outs", "remove", NUMBERS[0], **env).out
    again = run("opt-outs", "remove", NUMBERS[0], **env)
    assert again.code == 1
    assert "no such opt-out" in again.err


@pytest.mark.parametrize(
    "words",
    [
        ("show", "nobody"),
        ("add", "0711000111"),
        ("add", NUMBERS[0], "--from", "a sender that is too long"),
        ("add", NUMBERS[0], "--reason", "x" * 501),
        ("import", "missing.csv"),
        ("import", "."),
        ("review", "--opt-out", "rev_1"),
        ("review", "--dismiss", "rev_0000000000000"),
        ("review", "--dismiss", "rev_0000000000000", "--opt-out", "rev_0000000000000"),
    ],
)
def test_what_cannot_be(run: Run, words: tuple[str, ...]) -> None:
    run("db", "upgrade", **ENV)
    ended = run("opt-outs", *words, **ENV)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.out == ""


def test_a_file_with_everything_in_it(run: Run, bare: Path, env: dict[str, str]) -> None:
    file = bare / "stops.csv"
    file.write_bytes(
        b"\xef\xbb\xbfReason;PHONE;from;note\r\n"
        b"asked us;+254711000100;MyBrand;x\r\n"
        b"\r\n"
        b'"two\r\nlines";0711000101;;\r\n'
        b";2.54711E+11;;\r\n"
        b";254711000102\r\n"
        b";Asha;;\r\n"
        b";+254711000102;;\r\n"
        b";;;\r\n"
        b";'+254711000103;'+12345;\r\n"
        b"\xff;'0711000104;;\r\n"
    )
    settings = env | {"UJUMBE_DEFAULT_COUNTRY": "KE"}
    ended = run("opt-outs", "import", str(file), **settings)
    assert ended.code == 1
    assert ended.out == "5 added, 1 already there, 2 bad.\n"
    first, second = ended.err.splitlines()
    assert first.startswith("line 6: a spreadsheet has rounded this number to 2.54711E+11")
    assert second.startswith("line 8: ")
    found = [
        (NUMBERS[0], "MyBrand", "asked us", "stops.csv line 2"),
        (NUMBERS[1], None, "two\r\nlines", "stops.csv line 4"),
        (NUMBERS[2], None, "", "stops.csv line 7"),
        (NUMBERS[3], "+12345", "", "stops.csv line 11"),
        (NUMBERS[4], None, "\ufffd", "stops.csv line 12"),
    ]
    assert listed(run, env) == found
    again = run("opt-outs", "import", str(file), "--json", **settings)
    assert again.code == 1
    told = json.loads(again.out)
    assert {name: told[name] for name in ("added", "already", "skipped", "bad")} == {
        "added": 0, "already": 6, "skipped": 0, "bad": 2
    }  # fmt: skip
    assert [each["line"] for each in told["errors"]] == [6, 8]
    assert again.err == ""
    assert listed(run, env) == found


@pytest.mark.parametrize(
    ("content", "added", "bad"),
    [
        pytest.param("", 0, 0, id="empty"),
        pytest.param("phone\n", 0, 0, id="only a heading"),
        pytest.param("+254711000100", 1, 0, id="no line end"),
        pytest.param("+254711000100,MyBrand,asked\n+254711000100\n", 2, 0, id="no heading"),
        pytest.param("254711000100\r254711000101\r", 2, 0, id="line ends of old"),
        pytest.param('phone\n"unclosed', 0, 1, id="a quote without end"),
        pytest.param("x" * 300_000 + "\n+254711000100\n", 1, 5, id="a line without end"),
        pytest.param("\x00,\x00\n+254711000100\n", 1, 1, id="NUL"),
        pytest.param("phone\t from\n+254711000100\tMyBrand\n".encode("utf-16"), 1, 0, id="UTF-16"),
    ],
)
def test_files_of_all_kinds(run: Run, bare: Path, content: str | bytes, added: int, bad: int) -> None:
    run("db", "upgrade", **ENV)
    file = bare / "stops.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = run("opt-outs", "import", str(file), "--json", **ENV)
    told = json.loads(ended.out)
    assert (told["added"], told["bad"]) == (added, bad), told
    assert ended.code == int(bad > 0)


def test_what_was_exported_is_imported(run: Run, bare: Path, env: dict[str, str]) -> None:
    run("opt-outs", "add", NUMBERS[0], "--reason", "=cmd|' /C calc'!A1", **env)
    run("opt-outs", "add", NUMBERS[1], "--from", "+12345", "--reason", 'He said "no", twice;\n\'really', **env)
    run("opt-outs", "add", NUMBERS[2], "--reason", "@SUM(1)", **env)
    run("opt-outs", "add", NUMBERS[3], **env)
    run("opt-outs", "remove", NUMBERS[3], **env)
    in_force = run("opt-outs", "export", **env).out
    rows = list(csv.DictReader(io.StringIO(in_force)))
    assert [row["phone"] for row in rows] == NUMBERS[:3]
    assert [row["reason"][:2] for row in rows] == ["'=", "He", "'@"]
    assert rows[1]["from"] == "'+12345"
    assert {row["until"] + row["ended_by"] for row in rows} == {""}
    assert {(row["source"], row["proof"]) for row in rows} == {("operator", "command line")}
    everything = run("opt-outs", "export", "--all", **env).out
    assert everything.startswith("phone,from,source,reason,proof,since,until,ended_by\r\n")
    assert len(list(csv.DictReader(io.StringIO(everything)))) == 4
    assert [each["phone"] for each in loaded(run, env, "export", "--all")] == NUMBERS[:4]
    before = [row[:3] for row in listed(run, env)]

    (bare / "all.csv").write_bytes(everything.encode())
    for index in range(3):
        assert run("opt-outs", "remove", NUMBERS[index], **env).code == 0
    assert loaded(run, env, "export") == []
    assert run("opt-outs", "export", **env).out.splitlines() == ["phone,from,source,reason,proof,since,until,ended_by"]
    ended = run("opt-outs", "import", "all.csv", **env)
    assert (ended.code, ended.out) == (0, "3 added, 0 already there, 0 bad, 1 ended or erased and left out.\n")
    assert [row[:3] for row in listed(run, env)] == before


def test_from_standard_input_beside_a_running_service(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        piped = subprocess.run(
            command("opt-outs", "import", "-"),
            cwd=tmp_path, env=clean_environment({}), input="phone,reason\n+254711000100,x\nnobody\n",
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (piped.returncode, piped.stdout) == (1, "1 added, 0 already there, 1 bad.\n")
        assert piped.stderr.startswith("line 3: ")
        told = httpx.get(f"{service.url}/v1/opt-outs/{NUMBERS[0]}").json()
        [period] = told["history"]
        assert (period["source"], period["proof"]) == ("import", "standard input line 2")
        sent = httpx.post(f"{service.url}/v1/messages", json={"to": NUMBERS[0], "text": "Hi"}).json()
        assert sent["messages"][0]["state"] == "blocked"

        form = {"from": NUMBERS[5], "to": "12345", "linkId": "", "date": "2026-03-04"}
        for index, text in enumerate(["please stop sending this", "I said: no more texts"]):
            httpx.post(f"{service.url}/sms/twoway", data={**form, "id": f"in-{index}", "text": text})
        waiting = json.loads(ujumbe(tmp_path, "opt-outs", "review", "--json").stdout)
        assert len(waiting) == 2
        assert waiting[-1]["text"] == "please stop sending this"
        assert "please stop" in ujumbe(tmp_path, "opt-outs", "review").stdout
        decided = ujumbe(tmp_path, "opt-outs", "review", "--opt-out", waiting[-1]["id"])
        assert decided.stdout == f"{NUMBERS[5]} is opted out of all senders.\n"
        assert ujumbe(tmp_path, "opt-outs", "review", "--dismiss", waiting[-1]["id"]).returncode == 1
        assert "is off the list" in ujumbe(tmp_path, "opt-outs", "review", "--dismiss", waiting[0]["id"]).stdout
        assert "Nothing waits" in ujumbe(tmp_path, "opt-outs", "review").stdout
        service.stop()


def test_a_hundred_thousand(tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    with file.open("w") as lines:
        lines.write("phone,from,reason\n")
        lines.writelines(f"+2547{index:08},,bulk\n" for index in range(100_000))
    assert ujumbe(tmp_path, "db", "upgrade", **ENV).returncode == 0
    begun = time.monotonic()
    ended = ujumbe(tmp_path, "opt-outs", "import", "many.csv", **ENV)
    assert (ended.returncode, ended.stdout) == (0, "100,000 added, 0 already there, 0 bad.\n")
    assert ended.stderr == "", "a bar only on a terminal"
    exported = ujumbe(tmp_path, "opt-outs", "export", **ENV)
    assert exported.stdout.count("\n") == 100_001
    print(f"\nin and out again in {time.monotonic() - begun:.1f} s")


def test_a_person_is_erased(run: Run, env: dict[str, str]) -> None:
    run("opt-outs", "add", NUMBERS[0], "--reason", "Asha called", **env)
    refused = run("people", "erase", NUMBERS[0], **env)
    assert refused.code == 1
    assert "give --yes" in refused.err
    assert loaded(run, env, "list")[0]["phone"] == NUMBERS[0]
    assert run("people", "erase", "nobody", "--yes", **env).code == 1
    assert "Erased from 0 messages" in run("people", "erase", NUMBERS[0], "--yes", **env).out
    [left] = loaded(run, env, "list")
    assert left["phone"].startswith("erased:")
    assert (left["reason"], left["proof"]) == ("", "")
    assert loaded(run, env, "show", NUMBERS[0])["opted_out"] is True, "whoever has the number may ask"
    assert loaded(run, env, "export") == []
    assert len(loaded(run, env, "export", "--all")) == 1
    told = json.loads(run("people", "erase", NUMBERS[0], "--yes", "--json", **env).out)
    assert set(told.values()) == {0}, "again finds nothing"
    assert run("opt-outs", "remove", NUMBERS[0], **env).code == 0
    assert loaded(run, env, "show", NUMBERS[0])["opted_out"] is False
