"""`ujumbe webhooks` and `ujumbe listen` beside a running service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.africastalking.scripted import ScriptedServer, reply
from tests.cli.conftest import Run
from tests.running import Running, dev, until

NUMBER = "+254711000000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("dev")) as running:
        yield running
        running.stop()


def env(service: Running) -> dict[str, str]:
    return {"UJUMBE_DATA": str(service.folder / "data")}


def test_from_the_first_to_the_last(run: Run, service: Running) -> None:
    def said(*words: str) -> Any:
        ended = run("webhooks", *words, "--json", **env(service))
        assert (ended.code, ended.err) == (0, ""), ended.err
        return json.loads(ended.out)

    def shown(*words: str) -> str:
        ended = run("webhooks", *words, **env(service))
        assert (ended.code, ended.err) == (0, ""), ended.err
        return ended.out

    assert "No webhooks yet" in shown("list")
    with ScriptedServer(reply(200, b"thanks")) as server:
        made = said("add", server.url + "/hook", "--types", "optout.created,message.received")
        assert made["types"] == ["optout.created", "message.received"]
        [listed] = said("list")
        assert listed == {name: value for name, value in made.items() if name != "secret"}
        assert [word in shown("list") for word in (made["id"], "works", server.url, made["secret"])] == [
            True,
            True,
            True,
            False,
        ]
        assert "It answered 200 after" in shown("test", made["id"])
        assert said("test", made["id"])["delivered"]
        rotated = said("rotate", made["id"])
        assert rotated["secret"] != made["secret"]
        httpx.put(f"{service.url}/v1/opt-outs/{NUMBER}", json={}).raise_for_status()
        [sent] = until(lambda: [each for each in said("deliveries", made["id"]) if each["state"] == "delivered"])
        assert sent["type"] == "optout.created"
        assert sent["event"] in shown("deliveries", made["id"])
        assert "No deliveries." in shown("deliveries", made["id"], "--state", "failed")
        assert said("redeliver", made["id"], sent["event"]) == {"events": 1}
        until(lambda: len(said("deliveries", made["id"])[0]["attempts"]) == 2)
        assert "1 event is delivered again" in shown("redeliver", made["id"], "--after", "0")
        until(lambda: len(said("deliveries", made["id"])[0]["attempts"]) == 3)
        for request in server.requests[2:]:
            assert Webhook(rotated["secret"]).verify(request.body, request.headers)["data"]["phone"] == NUMBER
            Webhook(made["secret"]).verify(request.body, request.headers)
    httpx.patch(f"{service.url}/v1/webhooks/{made['id']}", json={"enabled": False}).raise_for_status()
    assert "disabled: by hand" in shown("list")
    refused = run("webhooks", "redeliver", made["id"], "--after", "0", **env(service))
    assert (refused.code, "enable" in refused.err) == (1, True)
    assert "goes on where it stood" in shown("enable", made["id"])
    failed = run("webhooks", "test", made["id"], **env(service))
    assert (failed.code, failed.out) == (1, "")
    assert "Not delivered" in failed.err
    assert said("remove", made["id"]) == {"id": made["id"], "removed": True}
    assert said("list") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("webhooks add http://10.0.0.1/", "private"),
        ("webhooks add example.org", "https://"),
        ("webhooks add https://a:s3cret@example.org/", "password"),
        ("webhooks add https://example.org --types message.read", "message.read"),
        ("webhooks remove wh_0000000000000", "no webhook"),
        ("webhooks rotate wh_0000000000000", "no webhook"),
        ("webhooks test msg_0000000000000", "webhook id"),
        ("webhooks redeliver wh_0000000000000", "--after"),
        ("webhooks redeliver wh_0000000000000 evt_0000000000001 --after 1", "--after"),
        ("webhooks redeliver wh_0000000000000 evt_1", "event id"),
        ("listen --types message.read", "message.read"),
        ("listen --forward ftp://x/", "http"),
        ("listen --forward http://127.0.0.1:1/ --secret s3cret", "base 64"),
    ],
)
def test_what_cannot_be(run: Run, service: Running, words: str, says: str) -> None:
    ended = run(*words.split(), **env(service))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert says in ended.err
    assert "s3cret" not in ended.err


@pytest.mark.parametrize("words", ["webhooks list", "webhooks add https://example.org/", "listen"])
def test_no_database_yet(run: Run, bare: Path, words: str) -> None:
    ended = run(*words.split())
    assert (ended.code, ended.out) == (1, "")
    assert "run `ujumbe db upgrade`" in ended.err
