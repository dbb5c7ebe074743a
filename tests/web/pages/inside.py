"""The pages in this process, over a real runtime: for viewers and answers of AT that `ujumbe dev` has not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ujumbe.domain.role import Role
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.web.pages import page
from ujumbe.web.pages.app import create_pages
from ujumbe.web.pages.viewer import Viewer

MASKED = Viewer(None, "v", Role.VIEWER, masked=True)


@asynccontextmanager
async def pages(folder: Path, at: str = "http://127.0.0.1:2") -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    """The pages without a key, over a new database; AT is at `at`."""
    settings = Settings.load(
        data=folder, at_username="sandbox", at_api_key="local", at_shortcode="12345", at_api_url=at
    )
    async with open_runtime(settings, upgrade=True, keyless=True) as runtime:
        transport = httpx.ASGITransport(create_pages(runtime))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client:
            yield runtime, client


def look_as(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is looked at by this viewer."""

    async def viewer_of(*_: object) -> Viewer:
        return viewer

    monkeypatch.setattr(page, "viewer_of", viewer_of)
