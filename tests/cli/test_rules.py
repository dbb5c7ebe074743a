"""`ujumbe rules` and `ujumbe conversations`, beside a running service."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.cli.conftest import Ended, Run
from tests.running import Running, dev, until

GUEST = "+254711000401"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
        running.stop()


def env(service: Running) -> dict[str, str]:
    return {"UJUMBE_DATA": str(service.folder / "data")}


def test_rules(run: Run, service: Running) -> None:
    def rules(*words: str) -> Ended:
        return run("rules", *words, **env(service))

    assert "No rules" in rules("list").out
    added = json.loads(rules("add", "hours", "reply", "-k", "saa", "-k", "hours", "--reply", "Nine.", "--json").out)
    assert (added["position"], added["keywords"], added["template"]) == (1, ["saa", "hours"], "Nine.")
    assert "first" in rules("add", "first", "nothing", "--to", "54321", "--position", "1").out
    listed = json.loads(rules("list", "--json").out)
    assert [each["name"] for each in listed] == ["first", "hours"]
    assert listed == httpx.get(f"{service.url}/v1/rules").json()["items"]
    shown = rules("list").out
    assert "saa, hours" in shown
    assert added["id"] in shown
    assert json.loads(rules("test", "SAA!", "--json").out) == {
        "rule": "rule “hours”",
        "does": "answers",
        "reply": "Nine.",
    }
    assert rules("test", "x", "--to", "54321").out == "rule “first”: this rule answers nothing\n"
    assert "opts its sender out" in rules("test", "stop").out
    changed = json.loads(rules("change", added["id"], "hours", "forward", "--json").out)
    assert (changed["action"], changed["position"], changed["keywords"]) == ("forward", 2, [])
    assert rules("remove", added["id"]).out == f"Removed {added['id']}.\n"
    gone = rules("remove", added["id"])
    assert (gone.code, gone.err) == (1, f"error: no rule has the id {added['id']}\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("add", "x", "reply"), "a rule that replies needs a template"),
        (("add", "x", "opt_out"), "a rule that opts out needs a keyword: it would be about every text"),
        (("add", "x", "subscribe"), "a rule that subscribes needs the keyword of a premium product"),
        (("add", "x", "nothing", "-k", "stop"), "'stop' asks to stop: that comes before every rule"),
        (("change", "rule_0000000000000", "x", "nothing"), "no rule has the id rule_0000000000000"),
        (("remove", "msg_0000000000000"), "not a rule id (rule_ and 13 characters)"),
    ],
)
def test_what_is_wrong_is_told(run: Run, service: Running, words: tuple[str, ...], error: str) -> None:
    ended = run("rules", *words, **env(service))
    assert (ended.code, ended.out, ended.err) == (1, "", f"error: {error}\n")


def test_conversations(run: Run, service: Running) -> None:
    def conversations(*words: str) -> Ended:
        return run("conversations", *words, **env(service))

    httpx.post(
        f"{service.url}/simulator/phones/{GUEST}/messages", json={"to": "12345", "text": "Habari [red]"}
    ).raise_for_status()
    until(lambda: json.loads(conversations("show", GUEST, "--json").out)["items"])
    [found] = json.loads(conversations("list", "--json").out)
    assert (found["phone"], found["with"], found["state"], found["text"]) == (GUEST, "12345", "open", "Habari [red]")
    assert "Habari [red]" in conversations("list").out
    lines = json.loads(conversations("show", GUEST, "--json").out)["items"]
    assert [each["direction"] for each in lines] == ["in", "out"]
    assert "← " in conversations("show", GUEST).out
    assert conversations("done", GUEST).out == f"{GUEST} is done.\n"
    assert conversations("list", "--state", "open").out == "No conversation is open.\n"
    assert json.loads(conversations("reopen", GUEST, "--json").out) == {"phone": GUEST, "state": "open"}
    nobody = conversations("done", "+254711000999")
    assert (nobody.code, nobody.err) == (1, "error: this number never wrote to us\n")
