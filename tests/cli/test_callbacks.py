"""Callbacks from the command line: as received, why, once more, and the addresses for AT's dashboard."""

import json
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from tests.running import dev, ujumbe

TOKENS = "first-token-of-old,second-token-of-now"


def test_urls_carry_the_newest_token(run: Run) -> None:
    shown = run("callbacks", "urls", "https://sms.example.org/", UJUMBE_CALLBACK_TOKEN=TOKENS)
    assert shown.code == 0
    for name, path in (("Delivery Reports", "delivery-reports"), ("Incoming Messages", "twoway")):
        assert name in shown.out
        assert f"https://sms.example.org/sms/{path}?token=second-token-of-now" in shown.out
    known = run("callbacks", "urls", UJUMBE_URL="https://sms.example.org")
    assert "https://sms.example.org/sms/twoway" in known.out
    bare = run("callbacks", "urls", "https://sms.example.org")
    assert "UJUMBE_CALLBACK_TOKEN is not set" in bare.out
    assert set(json.loads(run("callbacks", "urls", "http://x", "--json").out)) == {
        "delivery-reports",
        "twoway",
        "opt-out",
        "subscription",
    }


@pytest.mark.parametrize(
    "words", [["urls", "sms.example.org"], ["urls"], ["show", "cb_1"], ["replay", "msg_0000000000000"]]
)
def test_what_cannot_be(run: Run, words: list[str]) -> None:
    refused = run("callbacks", *words)
    assert refused.code == 1
    assert refused.err.startswith("error: ")
    assert "Traceback" not in refused.err


def test_a_callback_is_listed_shown_and_replayed(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        given = {"senderId": "MyBrand", "phoneNumber": "+254711000111"}
        assert httpx.post(f"{service.url}/sms/opt-out", data=given).text == "OK"
        assert httpx.post(f"{service.url}/sms/delivery-reports", data={"id": "ATXid_1"}).text == "OK"
        incomplete, applied = json.loads(ujumbe(tmp_path, "callbacks", "list", "--json").stdout)
        assert (incomplete["state"], incomplete["why"]) == ("incomplete", "no status")
        assert (applied["state"], applied["fields"]) == ("applied", given)
        shown = ujumbe(tmp_path, "callbacks", "show", applied["id"]).stdout
        assert "opted out of MyBrand" in shown
        assert applied["body"] in shown
        again = json.loads(ujumbe(tmp_path, "callbacks", "replay", applied["id"], "--json").stdout)
        assert again["state"] == "applied"
        listed = ujumbe(tmp_path, "callbacks", "list", "--state", "incomplete").stdout
        assert incomplete["id"] in listed
        assert applied["id"] not in listed
        service.stop()
