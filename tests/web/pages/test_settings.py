"""/settings: who is at work, the account, the addresses, the settings in force."""

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.pages.inside import look_as, pages
from ujumbe.domain.role import Role
from ujumbe.settings import Settings, alias_of
from ujumbe.web.pages.viewer import Viewer

TOKEN = "a-long-random-word"
SECRETS = {"callback_token": f"an-old-random-word,{TOKEN}", "at_api_key": "atsk_very-secret"}


def test_the_service_tells_how_it_stands(http: httpx.Client) -> None:
    page = html.unescape(http.get("/settings").text)
    assert "answers requests and sends" in page
    assert "ujumbe.sqlite3" in page
    assert "all applied, up to" in page
    assert 'data-every="5"' in page
    assert "http://127.0.0.1" in page
    for name in Settings.model_fields:
        assert f'id="{alias_of(name)}"' in page


def test_paused_and_resumed_with_a_reason(http: httpx.Client) -> None:
    http.post("/settings/pause", data={"reason": "stock <taking>"})
    try:
        page = http.get("/settings").text
        assert "stock &lt;taking&gt;" in page
        assert "Nothing is being sent" in page
        assert http.get("/v1/account").json()["reason"] == "stock <taking>"
    finally:
        answer = http.post("/settings/resume")
    assert "Sending%20goes%20on" in answer.headers["set-cookie"]
    assert http.get("/v1/account").json()["sending"]
    assert "not%20paused" in http.post("/settings/resume").headers["set-cookie"]


def test_the_balance_is_asked_for_by_a_press(http: httpx.Client) -> None:
    answer = http.post("/settings/balance")
    assert re.search(r"The%20balance%20is%20[A-Z]{3}", answer.headers["set-cookie"])


def seen(folder: Path, role: Role, monkeypatch: pytest.MonkeyPatch, **given: Any) -> str:
    """The page as somebody in this role sees it, under the service's own name."""

    async def main() -> str:
        async with pages(folder, **given) as (_, client):
            return (await client.get("https://sms.example.org/settings")).text

    look_as(Viewer(None, "v", role), monkeypatch)
    return html.unescape(asyncio.run(main()))


@pytest.mark.parametrize(("role", "end"), [(Role.ADMIN, f"?token={TOKEN}"), (Role.OPERATOR, "?token=…")])
def test_the_newest_token_is_for_admins(bare: Path, monkeypatch: pytest.MonkeyPatch, role: Role, end: str) -> None:
    page = seen(bare, role, monkeypatch, **SECRETS)
    for name in ("delivery-reports", "twoway", "opt-out", "subscription"):
        assert f"https://sms.example.org/sms/{name}{end}<" in page
    assert "an-old-random-word" not in page
    assert "very-secret" not in page
    assert "2 set, never shown" in page
    assert (TOKEN in page) == (role is Role.ADMIN)
    assert ("/settings/keys" in page) == (role is Role.ADMIN)


def test_what_is_missing_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = seen(bare, Role.VIEWER, monkeypatch, keyless=False, pace="MyBrand=2.5,*=20")
    assert "UJUMBE_CALLBACK_TOKEN is not set" in page
    assert "Nobody sends" not in page, "the role of this process is a service's"
    assert "at most 2.5 texts a second" in page
    assert "Ask for the balance" not in page
    assert "Pause sending" not in page
