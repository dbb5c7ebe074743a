"""`ujumbe send`, beside a running service and alone; `ujumbe messages` on what came of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Ended, Run
from tests.postgres import Server
from tests.running import Running, dev, simulator, until, worker

ONE, TWO = "+254711000000", "+254711000001"
REFUSED, OPTED_OUT = "+254711900403", "+254711900406"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
        running.stop()


@pytest.fixture(scope="module")
def local_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with simulator(tmp_path_factory.mktemp("at")) as running:
        yield running
        running.stop()


def ledger(at: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = httpx.get(f"{at}/ledger").json()["items"]
    return items


@pytest.fixture(params=["beside", "alone"])
def place(request: pytest.FixtureRequest, run: Run) -> tuple[dict[str, str], str]:
    """The settings to run with, and the local AT's address."""
    if request.param == "beside":
        running: Running = request.getfixturevalue("service")
        return {"UJUMBE_DATA": str(running.folder / "data"), "AT_SHORTCODE": "12345"}, f"{running.url}/simulator"
    at: Running = request.getfixturevalue("local_at")
    env = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": at.url, "AT_SHORTCODE": "12345"}
    assert run("db", "upgrade", **env).code == 0
    return env, at.url


def test_several_numbers(run: Run, place: tuple[dict[str, str], str]) -> None:
    env, at = place
    before = len(ledger(at))
    ended = run("send", ONE, "+254 711-000 001", ONE, "Habari 😀", "--json", **env)
    assert (ended.code, ended.err) == (0, "")
    sent = json.loads(ended.out)
    assert [each["to"] for each in sent] == [ONE, TWO]
    assert {each["state"] for each in sent} <= {"sent", "delivered"}
    assert [each["text"] for each in sent] == ["Habari 😀"] * 2
    lines = ledger(at)[before:]
    assert [(line["number"], line["text"], line["from"]) for line in lines] == [
        (ONE, "Habari 😀", "AFRICASTKNG"),
        (TWO, "Habari 😀", "AFRICASTKNG"),
    ]
    assert len({line["request"] for line in lines}) == 1

    listed = json.loads(run("messages", "list", "--json", "--to", ONE, "--limit", "1", **env).out)
    assert [each["id"] for each in listed] == [sent[0]["id"]]
    shown = json.loads(run("messages", "show", sent[0]["id"], "--json", **env).out)
    assert shown["provider_message_id"] == lines[0]["message_id"]
    assert [step["what"] for step in shown["timeline"]][:3] == ["accepted", "submitted", "answered"]
    assert shown["timeline"][0]["detail"] == {"through": "cli"}
    text = run("messages", "show", sent[0]["id"], **env).out
    assert sent[0]["id"] in text
    assert lines[0]["message_id"] in text
    table = run("messages", "list", **env).out
    assert all(each["id"] in table for each in sent)


def test_a_worker_that_was_killed_sends_nothing_for_us(
    run: Run, local_at: Running, postgres: Server, tmp_path: Path
) -> None:
    """It holds its node number for minutes: nobody may wait for it."""
    env = {"UJUMBE_DATABASE_URL": postgres.create()}
    account = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": local_at.url}
    assert run("db", "upgrade", **env).code == 0
    with worker(tmp_path, at=local_at.url, **env) as killed:
        killed.kill9()
    ended = run("send", ONE, "In spite of it", "--json", **env, **account)
    assert (ended.code, [each["state"] for each in json.loads(ended.out)]) == (0, ["sent"])


def test_two_way_and_sender(run: Run, place: tuple[dict[str, str], str]) -> None:
    env, at = place
    assert run("send", ONE, "Answer me", "--two-way", **env).code == 0
    assert ledger(at)[-1]["from"] == "12345"
    httpx.put(f"{at}/faults", json={"senders": ["MyBrand"]}).raise_for_status()
    assert run("send", ONE, "From us", "--from", "MyBrand", **env).code == 0
    assert ledger(at)[-1]["from"] == "MyBrand"
    ended = run("send", ONE, "From nobody", "--from", "Nobody", "--json", **env)
    assert ended.code == 1
    [told] = json.loads(ended.out)
    assert told["state"] == "failed"
    assert told["reason"]


@pytest.mark.parametrize(("number", "state"), [(REFUSED, "failed"), (OPTED_OUT, "blocked")])
def test_what_at_refuses(run: Run, place: tuple[dict[str, str], str], number: str, state: str) -> None:
    env, _ = place
    ended = run("send", number, ONE, "Hello", "--json", **env)
    assert ended.code == 1
    refused, taken = json.loads(ended.out)
    assert (refused["state"], refused["provider_message_id"]) == (state, None)
    assert refused["reason"]
    assert taken["state"] in ("sent", "delivered")
    listed = json.loads(run("messages", "list", "--state", state, "--to", number, "--json", **env).out)
    assert refused["id"] in [each["id"] for each in listed]
    assert refused["reason"] in run("messages", "show", refused["id"], **env).out


def test_what_stays_in_the_outbox(run: Run, place: tuple[dict[str, str], str]) -> None:
    env, at = place
    httpx.put(f"{at}/faults", json={"refuse_rate": 1}).raise_for_status()
    try:
        ended = run("send", ONE, "Later", "--wait", "0.2", "--json", **env)
        assert ended.code == 1
        assert json.loads(ended.out)[0]["state"] in ("queued", "sending")
        assert "outbox" in ended.err
    finally:
        httpx.put(f"{at}/faults", json={"refuse_rate": 0}).raise_for_status()
    if "AT_API_URL" not in env:
        assert until(lambda: [line for line in ledger(at) if line["text"] == "Later" and line["taken"]], 15)


MISTAKES = [
    (["0711000000", "Hi"], ["'+'", "country code"]),
    (["254711000000", "Hi"], ["'+'"]),
    (["711000000", "Hi"], ["'+'"]),
    (["+2547110000x0", "Hi"], ["digits"]),
    (["+254711000000", "not a number", "Hi"], ["'+'"]),
    ([ONE, ""], ["empty"]),
    ([ONE, "  "], ["empty"]),
    ([ONE, "x" * 1601], ["1,600"]),
    ([ONE], ["numbers, then the text"]),
    ([ONE, "half \udcff of it"], ["character"]),
    ([ONE, "Hi", "--from", "Far too long"], ["sender", "11"]),
    ([ONE, "Hi", "--from", "half \udcff"], ["sender", "letters"]),
]


@pytest.mark.parametrize(("words", "says"), MISTAKES, ids=[" ".join(words)[:25] for words, _ in MISTAKES])
def test_mistakes(run: Run, words: list[str], says: list[str]) -> None:
    ended = run("send", *words, AT_USERNAME="sandbox", AT_API_KEY="local", AT_API_URL="http://127.0.0.1:1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert [word for word in says if word not in ended.err] == []
    assert words[0] == ONE or words[0] not in ended.err


def test_without_credentials(run: Run, bare: Path) -> None:
    assert run("db", "upgrade").code == 0
    ended = run("send", ONE, "Hello")
    assert (ended.code, ended.out) == (1, "")
    assert re.match(r"error: AT_USERNAME and AT_API_KEY are not set", ended.err)


def test_messages_that_are_not_there(run: Run, service: Running) -> None:
    env = {"UJUMBE_DATA": str(service.folder / "data")}
    for message_id, says in (("msg_0000000000000", "no message"), ("bat_0000000000000", "msg_"), ("1", "msg_")):
        ended: Ended = run("messages", "show", message_id, **env)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("error: ")
        assert says in ended.err
    assert run("messages", "list", "--to", "nobody", **env).err.startswith("error: ")
    assert "No messages" in run("messages", "list", "--to", "+254711099999", **env).out
    assert json.loads(run("messages", "list", "--to", "+254711099999", "--json", **env).out) == []
