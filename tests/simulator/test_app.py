"""Mounted and alone, started and stopped, page and redirect."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.simulator.receiver import KEY
from ujumbe.simulator import SimulatorConfig, create_app, pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FORM = {"username": "sandbox", "to": "+254711000111", "message": "Hello"}


async def call(app: Any, method: str, path: str, root_path: str = "", **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        return await client.request(method, path, **options)


def test_mounted_in_starlette_whose_lifespan_starts_and_stops_it() -> None:
    simulator = create_app(SimulatorConfig())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with simulator:
            yield

    host = Starlette(routes=[Mount("/simulator", simulator)], lifespan=lifespan)

    async def check() -> None:
        assert (await call(host, "GET", "/simulator/status")).status_code == 503
        async with host.router.lifespan_context(host):
            sent = await call(host, "POST", "/simulator/version1/messaging", data=FORM, headers=KEY)
            assert sent.status_code == 201
            shown = await call(host, "GET", "/simulator/phones/%2B254711000111/messages")
            assert len(shown.json()) == 1
        assert (await call(host, "GET", "/simulator/status")).status_code == 503

    asyncio.run(check())


@pytest.mark.parametrize(
    ("path", "root"),
    [("/deep/at/status", "/deep/at"), ("/status", "/deep/at"), ("/deep/at/status", "/deep/at/"), ("/status", "")],
)
def test_any_mount_point_in_either_way_of_telling_it(path: str, root: str) -> None:
    async def check() -> None:
        async with create_app(SimulatorConfig()) as app:
            assert (await call(app, "GET", path, root)).status_code == 200

    asyncio.run(check())


def test_without_its_slash_the_page_is_elsewhere() -> None:
    async def check() -> None:
        async with create_app(SimulatorConfig()) as app:
            response = await call(app, "GET", "/deep/at", "/deep/at")
            assert (response.status_code, response.headers["location"]) == (307, "at/")

    asyncio.run(check())


def test_it_can_be_started_twice_and_again() -> None:
    async def check() -> None:
        app = create_app(SimulatorConfig())
        for _ in range(2):
            await app.start()
            await app.start()
            assert (await call(app, "GET", "/status")).status_code == 200
            await app.stop()
            await app.stop()

    asyncio.run(check())


def test_a_start_that_fails_is_told_to_the_server(tmp_path: Path) -> None:
    (tmp_path / "not-a-database").write_text("x" * 5000)
    app = create_app(SimulatorConfig(database=str(tmp_path / "not-a-database")))
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert told == [{"type": "lifespan.startup.failed", "message": "file is not a database"}]


def test_the_page_and_its_files(at: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (tmp_path / "static" / "page.js").write_text("1", encoding="utf-8")
    (tmp_path / "static" / "secret.py").write_text("1", encoding="utf-8")
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    page = at.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    script = at.get("/static/page.js")
    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    for response in (page, script):
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src 'self'"
        )
    assert at.head("/").status_code == 200
    for missing in (
        "/static/secret.py",
        "/static/none.css",
        "/static/",
        "/static/%2e%2e/index.html",
        "/static/..%2Findex.html",
    ):
        assert at.get(missing).status_code == 404, missing


@pytest.mark.parametrize(
    "wrong",
    [
        {"callbacks": "ftp://host/"}, {"callbacks": "127.0.0.1:8000/sms"}, {"callbacks": "http:///sms"},
        {"username": ""},
        {"api_key": ""}, {"short_code": ""}, {"retry_seconds": 0},
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_work_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}: "):
        SimulatorConfig(**wrong)
