"""`ujumbe account`: paused and resumed beside a running service, which heeds it at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

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


def test_pause_and_resume(run: Run, service: Running) -> None:
    with httpx.Client(base_url=service.url) as client:

        def state(made: dict[str, Any]) -> str:
            return str(client.get(f"/v1/messages/{made['messages'][0]['id']}").json()["state"])

        assert run("account", "show", **env(service)).out == "Sending goes on.\n"
        ended = run("account", "pause", "The printer [red] is on fire", "--json", **env(service))
        told = json.loads(ended.out)
        assert told["paused_since"].endswith(("Z", "+00:00"))
        assert told == {
            "sending": False,
            "paused_by": "operator",
            "reason": "The printer [red] is on fire",
            "paused_since": told["paused_since"],
            "slowed_until": None,
        }
        seen = client.get("/v1/account").json()
        assert (seen["sending"], seen["paused_by"], seen["reason"]) == (False, "operator", told["reason"])
        assert json.loads(run("account", "show", "--json", **env(service)).out) == told
        assert "The printer [red] is on fire" in run("account", "show", **env(service)).out

        waiting = client.post("/v1/messages", json={"to": NUMBER, "text": "Later"}).json()
        refused = client.get("/sms/invoke-bulk-sms", params={"phone": NUMBER, "message": "Now"})
        assert refused.status_code == 500
        assert "on fire" in refused.json()["error"]
        assert state(waiting) == "queued"
        assert client.get("/simulator/ledger").json()["items"] == []

        goes_on = json.loads(run("account", "resume", "--json", **env(service)).out)
        assert goes_on == {"sending": True, "paused_by": None, "reason": "", "paused_since": None, "slowed_until": None}
        until(lambda: state(waiting) in ("sent", "delivered"))
        assert [line["text"] for line in client.get("/simulator/ledger").json()["items"]] == ["Later"]


def test_without_a_reason(run: Run, service: Running) -> None:
    assert "somebody paused it" in run("account", "pause", **env(service)).out
    assert run("account", "resume", **env(service)).out == "Sending goes on.\n"


def test_a_reason_of_any_kind(run: Run, service: Running) -> None:
    told = json.loads(run("account", "pause", "caf\udce9 " + "x" * 300, "--json", **env(service)).out)
    assert told["reason"] == "caf? " + "x" * 195
    assert run("account", "resume", **env(service)).code == 0


def test_resume_without_a_pause(run: Run, service: Running) -> None:
    ended = run("account", "resume", **env(service))
    assert (ended.code, ended.out, ended.err) == (1, "", "error: sending is not paused\n")


@pytest.mark.parametrize("word", ["show", "pause", "resume"])
def test_no_account_yet(run: Run, bare: Path, word: str) -> None:
    ended = run("account", word)
    assert (ended.code, ended.out) == (1, "")
    assert "run `ujumbe db upgrade`" in ended.err
    assert run("db", "upgrade").code == 0
    ended = run("account", word)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert "AT_USERNAME" in ended.err
