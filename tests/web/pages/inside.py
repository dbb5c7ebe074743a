"""The pages in this process, over a real runtime: for viewers, settings and answers of AT that `ujumbe dev` has not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
async def pages(
    folder: Path, at: str = "http://127.0.0.1:2", *, sends: bool = True, keyless: bool = True, **given: Any
) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    """The pages over a new database; AT is at `at`. `given` are settings beside the usual ones."""
    usual = {"at_username": "sandbox", "at_api_key": "local", "at_shortcode": "12345", "at_api_url": at}
    settings = Settings.load(data=folder, **(usual | given))
    async with open_runtime(settings, upgrade=True, keyless=keyless, sends=sends) as runtime:
        transport = httpx.ASGITransport(create_pages(runtime))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client:
            yield runtime, client


def look_as(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is looked at by this viewer."""

    async def viewer_of(*_: object) -> Viewer:
        return viewer

    monkeypatch.setattr(page, "viewer_of", viewer_of)
