"""Where texts go stands at the top of every page, and never promises more safety than there is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.web.pages.inside import look_as, pages
from ujumbe.domain.role import Role
from ujumbe.web.pages.viewer import Viewer


@pytest.mark.parametrize(
    ("at", "username", "banner"),
    [
        ("http://127.0.0.1:2", "mybrand", "SIMULATOR"),
        ("http://localhost:2", "sandbox", "SIMULATOR"),
        ("https://gateway.example.org", "mybrand", "LIVE"),
        ("https://gateway.example.org", "sandbox", "SANDBOX"),
        ("", "sandbox", "SANDBOX"),
        ("", "mybrand", "LIVE"),
    ],
)
def test_where_texts_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, username: str, banner: str) -> None:
    look_as(Viewer(None, "v", Role.VIEWER), monkeypatch)

    async def shown() -> list[str]:
        async with pages(tmp_path, at, keyless=False, at_username=username) as (_, client):
            return [
                (await client.get(path)).text for path in ("/rules", "/nothing", "/welcome/gone", "/opt-outs/nobody")
            ]

    for page in asyncio.run(shown()):
        assert f"<strong>{banner}</strong>" in page
        assert ("nothing leaves this machine" in page) is (banner == "SIMULATOR")


def test_where_texts_go_is_all_that_a_stranger_is_told(tmp_path: Path) -> None:
    async def shown() -> str:
        secrets: dict[str, Any] = {"at_username": "mybrand", "at_shortcode": "54321", "at_sender_id": "ACME"}
        async with pages(tmp_path, "https://gateway.example.org", keyless=False, **secrets) as (_, client):
            return (await client.get("/sign-in")).text

    page = asyncio.run(shown())
    assert "<strong>LIVE</strong>" in page
    assert not [each for each in ("mybrand", "54321", "ACME", "gateway", "Ujumbe 0") if each in page]
