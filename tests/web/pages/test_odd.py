"""Requests that no browser makes: refused as what they are, never as something that broke."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.running import Running
from tests.web.pages.inside import pages
from ujumbe.web.asgi import Message
from ujumbe.web.pages import filters
from ujumbe.web.pages.app import create_pages

UTC = ZoneInfo("UTC")

FORMS = (
    "/sign-in",
    "/compose",
    "/compose/meter",
    "/rules",
    "/webhooks",
    "/erase",
    "/opt-outs/import",
    "/settings/people",
)


@pytest.mark.parametrize("named", ["utf-7", "unicode_escape", "punycode", "undefined", 'utf-8"; charset="utf-7'])
def test_a_form_does_not_choose_how_it_is_read(tmp_path: Path, named: str) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\\ud800+2AA-\r\n--x--\r\n'

    async def run() -> None:
        async with pages(tmp_path) as (_, client):
            for path in FORMS:
                for kind in (f'multipart/form-data; boundary=x; charset="{named}"', f"text/plain; CHARSET={named}"):
                    answer = await client.post(path, content=form, headers={"Content-Type": kind})
                    assert answer.status_code == 400, path

    asyncio.run(run())


def test_a_form_may_say_that_it_is_in_utf8(tmp_path: Path) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}

    async def run() -> httpx.Response:
        async with pages(tmp_path) as (_, client):
            return await client.post("/settings/people", content=b"name=Wambui+%C3%A9&role=viewer", headers=headers)

    answer = asyncio.run(run())
    assert answer.status_code == 200
    assert "Wambui é" in answer.text


@pytest.mark.parametrize("told", ["1" * 5_000, "9" * 19, "-1", "x"])
def test_a_stream_begins_whatever_it_is_told_to_begin_with(tmp_path: Path, told: str) -> None:
    async def run() -> int:
        async with pages(tmp_path) as (runtime, client):
            runtime.stopping.set()  # the stream ends after its first words
            return (await client.get("/live", headers={"Last-Event-ID": told})).status_code

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize("path", ["/sign-in", "/welcome/nothing"])
def test_a_stranger_may_not_have_us_read_much(tmp_path: Path, path: str) -> None:
    async def part() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"&" * 10_000

    async def run() -> None:
        async with pages(tmp_path) as (_, client):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            assert (await client.post(path, content=b"&" * 200_000, headers=headers)).status_code == 413
            if path == "/sign-in":  # its length is not said before
                assert (await client.post(path, content=part(), headers=headers)).status_code == 413

    asyncio.run(run())


def test_a_stranger_does_not_fill_the_log(service: Running, http: httpx.Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    before = len(service.log)
    assert http.post("/sign-in", content=b"&" * 10_000, headers=headers).status_code == 401
    assert "ampersand" not in service.log[before:]  # it logs at "debug"


def test_a_form_that_breaks_off_is_no_fault_of_ours(tmp_path: Path) -> None:
    sent = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        async with pages(tmp_path) as (runtime, _):
            headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"100")]
            scope = {"type": "http", "method": "POST", "path": "/sign-in", "query_string": b"", "headers": headers}
            await create_pages(runtime)(scope, receive, send)

    asyncio.run(run())
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("field", ["q", "sender", "network", "batch"])
def test_no_filter_holds_what_a_database_cannot(field: str) -> None:
    assert filters.read({field: "a\x00b"}, "", UTC, masked=False).given[field] == "a\ufffdb"
