"""Where texts go stands at the top of every page, and never promises more safety than there is."""

import asyncio
from pathlib import Path

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

    async def shown() -> str:
        async with pages(tmp_path, at, keyless=False, at_username=username) as (_, client):
            return (await client.get("/rules")).text

    page = asyncio.run(shown())
    assert f"<strong>{banner}</strong>" in page
    assert ("nothing leaves this machine" in page) is (banner == "SIMULATOR")
