"""`ujumbe subscriptions`, beside `ujumbe dev` without any setting, and alone against AT."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Run
from tests.running import Running, dev, free_port, simulator, until

ONE, TWO, THREE = "+254711000001", "+254711000002", "+254711000003"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
        running.stop()


@pytest.fixture(scope="module")
def local_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It calls nobody back."""
    with simulator(tmp_path_factory.mktemp("at")) as running:
        yield running
        running.stop()


def handset(at: str, number: str, keyword: str, change: str = "addition") -> None:
    body = {"shortCode": "12345", "keyword": keyword, "updateType": change}
    assert httpx.post(f"{at}/phones/{number}/subscriptions", json=body).status_code == 201


def ledger(at: str, keyword: str) -> list[dict[str, Any]]:
    items = httpx.get(f"{at}/ledger").json()["items"]
    return [each for each in items if each["keyword"] == keyword]


def test_beside_a_service(run: Run, service: Running) -> None:
    env, at = {"UJUMBE_DATA": str(service.folder / "data")}, f"{service.url}/simulator"

    def ask(*words: str) -> Any:
        ended = run("subscriptions", *words, "--json", **env)
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    assert run("subscriptions", "list", **env).out == "No subscriptions.\n"
    assert run("subscriptions", "products", **env).out.startswith("No products")
    assert "--keyword" in run("subscriptions", "sync", **env).out
    assert "Waiting for user input" in run("subscriptions", "add", ONE, "NEWS", **env).out
    handset(at, TWO, "NEWS")
    until(lambda: len(ask("list", "--active")) == 2)
    listed = ask("list", "--keyword", "news")
    assert {each["phone"] for each in listed} == {ONE, TWO}
    assert {(each["short_code"], each["source"], each["active"]) for each in listed} == {("12345", "callback", True)}
    assert ask("list", "--phone", ONE[1:]) == [each for each in listed if each["phone"] == ONE]
    assert ask("products") == [{"short_code": "12345", "keyword": "NEWS", "live": 2}]
    table = run("subscriptions", "list", **env).out
    assert all(each["id"] in table for each in listed)

    sent = ask("send", "news", "Mvua kesho", "--retry-hours", "3")
    assert sum(sent["counts"].values()) == 2
    assert {(each["number"], each["retry_hours"], each["text"]) for each in ledger(at, "NEWS")} == {
        (ONE, 3, "Mvua kesho"),
        (TWO, 3, "Mvua kesho"),
    }
    httpx.put(f"{service.url}/v1/opt-outs/{TWO}")
    again = run("subscriptions", "send", "NEWS", "Jua kesho", **env)
    assert again.code == 0, "who opted out is no failure"
    assert "2 subscribers" in again.out
    assert "blocked" in again.out

    form = {"phoneNumber": THREE, "shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
    httpx.post(f"{service.url}/sms/subscription", data=form)
    tried = run("subscriptions", "sync", "--dry-run", **env).out
    assert "NEWS: ended +254******003" in tried
    assert THREE not in tried
    assert "Nothing was changed" in tried
    drift = {"short_code": "12345", "keyword": "NEWS", "listed": 2, "live": 3, "started": [], "ended": [THREE]}
    assert ask("sync") == {"products": [drift], "started": 0, "ended": 1, "dry_run": False}
    assert [each["ended_by"] for each in ask("list", "--ended")] == ["sync"]
    assert ask("remove", ONE, "NEWS")["description"] == "Succeeded"
    until(lambda: [each["phone"] for each in ask("list", "--active")] == [TWO])


def test_alone(run: Run, local_at: Running) -> None:
    env = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": local_at.url, "AT_SHORTCODE": "12345"}
    assert run("db", "upgrade", **env).code == 0
    asked = json.loads(run("subscriptions", "add", ONE, "JOKE", "--json", **env).out)
    assert asked == {"state": "waiting", "description": "Waiting for user input", "subscription": None}
    synced = json.loads(run("subscriptions", "sync", "--keyword", "JOKE", "--json", **env).out)
    assert (synced["started"], synced["products"][0]["started"]) == (1, [ONE])
    handset(local_at.url, TWO, "JOKE")
    assert "JOKE: started +254******002" in run("subscriptions", "sync", **env).out
    sent = run("subscriptions", "send", "JOKE", "Kichekesho", "--json", **env)
    assert sent.code == 0
    assert json.loads(sent.out)["counts"] == {"sent": 2}
    assert [(each["number"], each["premium"]) for each in ledger(local_at.url, "JOKE")] == [(ONE, True), (TWO, True)]
    assert run("subscriptions", "remove", ONE, "JOKE", **env).code == 0
    [over] = json.loads(run("subscriptions", "list", "--ended", "--json", **env).out)
    assert (over["phone"], over["source"], over["ended_by"]) == (ONE, "sync", "api")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "07", "NEWS"], "UJUMBE_DEFAULT_COUNTRY"),
        (["add", ONE, " "], "the keyword is empty"),
        (["add", ONE, "NEWS", "--short-code", "a sender that is none"], "a short code of 3 to 15 digits"),
        (["add", ONE, "NEWS", "--short-code", "99999"], "Please ensure 99999 is configured"),
        (["remove", ONE, "NEWS", "--short-code", "99999"], "Please ensure 99999 is configured"),
        (["send", "NOBODY", "Habari"], "nobody is subscribed to NOBODY on 12345"),
        (["list", "--phone", "07"], "UJUMBE_DEFAULT_COUNTRY"),
    ],
)
def test_what_cannot_be(run: Run, local_at: Running, words: list[str], says: str) -> None:
    env = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": local_at.url, "AT_SHORTCODE": "12345"}
    assert run("db", "upgrade", **env).code == 0
    ended = run("subscriptions", *words, **env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert says in ended.err


def test_an_at_that_is_not_there(run: Run, bare: Path) -> None:
    env = {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_API_URL": f"http://127.0.0.1:{free_port()}"}
    assert run("db", "upgrade", **env).code == 0
    assert "AT_SHORTCODE" in run("subscriptions", "add", ONE, "NEWS", **env).err
    ended = run("subscriptions", "sync", "--short-code", "12345", "--keyword", "NEWS", **env)
    assert (ended.code, ended.out) == (1, "")
    assert "nothing was changed" in ended.err
    assert "AT_API_KEY" in run("subscriptions", "add", ONE, "NEWS", "--short-code", "12345", AT_USERNAME="x").err
