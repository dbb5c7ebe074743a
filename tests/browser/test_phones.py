"""The phones page, as a person uses it."""

import re
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, ViewportSize, expect

import ujumbe
from tests.browser.axe import Axe
from tests.browser.watched import Watched
from tests.running import Running, simulator, until

pytestmark = pytest.mark.browser

NUMBER = "+254711000111"
TOO_HIGH = "document.documentElement.scrollHeight - innerHeight"
"""Pixels by which the page reaches beyond the window downwards."""


def send(service: Running, route: str, message: str) -> None:
    query = {"phone": NUMBER.removeprefix("+"), "message": message}
    assert httpx.get(f"{service.url}/sms/{route}", params=query).status_code == 200


def test_the_story(chromium: Browser, service: Running) -> None:
    with chromium.new_page() as page:
        watched = Watched(page, service.url)
        page.goto(f"{service.url}/simulator/")
        expect(page.get_by_text("invoke-bulk-sms")).to_be_visible()

        send(service, "invoke-twoway-sms", "Will you come <b>tomorrow</b>? 😀 مرحبا")
        phone = page.get_by_role("article")
        expect(phone.get_by_text("Will you come <b>tomorrow</b>? 😀 مرحبا")).to_be_visible()

        phone.get_by_role("textbox").fill("Yes, at nine")
        phone.get_by_role("button", name="Send").click()
        expect(phone.get_by_text('This is a response to: "Yes, at nine"')).to_be_visible()
        inbound = httpx.get(f"{service.url}/v1/inbound").json()["items"]
        assert [(each["from"], each["to"], each["text"]) for each in inbound] == [(NUMBER, "12345", "Yes, at nine")]

        until(
            lambda: {each["state"] for each in httpx.get(f"{service.url}/v1/messages").json()["items"]} == {"delivered"}
        )
        assert not watched.complaints
        assert not watched.foreign


def test_it_comes_back_after_the_service_was_killed(chromium: Browser, service: Running) -> None:
    with chromium.new_page() as page:
        page.goto(f"{service.url}/simulator/")
        send(service, "invoke-twoway-sms", "before")
        phone = page.get_by_role("article")
        expect(phone.get_by_text("before", exact=True)).to_be_visible()
        service.kill9()
        expect(page.get_by_role("status").filter(has_text="econnect").first).to_be_visible()
        service.start()
        send(service, "invoke-twoway-sms", "after")
        expect(phone.get_by_text("after", exact=True)).to_be_visible(timeout=20_000)
        expect(phone.get_by_text("before", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_fits_and_shuts_nobody_out(
    chromium: Browser, axe: Axe, service: Running, width: int, scheme: Literal["light", "dark"]
) -> None:
    send(service, "invoke-twoway-sms", "Unbreakable" * 30)
    send(service, "invoke-bulk-sms", "Hello")
    viewport: ViewportSize = {"width": width, "height": 800}
    with chromium.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce") as page:
        watched = Watched(page, service.url)
        page.goto(f"{service.url}/simulator/")
        expect(page.get_by_text("711 000 111").first).to_be_visible()

        def look() -> None:
            assert not watched.too_wide
            complaints = axe.complaints(page)
            assert not complaints, "\n".join(complaints)

        look()
        if width < 700:
            page.locator("#phones button").click()
        page.get_by_role("article").get_by_role("button", name="Opt out").click()
        look()
        if width < 700:
            page.get_by_role("button", name="Back to all phones").click()
        page.get_by_role("button", name="Faults").click()
        expect(page.get_by_role("heading", name="Faults")).to_be_visible()
        look()
        page.get_by_role("link", name="Ledger").click()
        expect(page.get_by_role("heading", name="Ledger")).to_be_visible()
        look()
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look()
        watched.assert_clean()


@pytest.mark.parametrize("width", [360, 1440])
def test_many_phones_scroll_within_their_list(chromium: Browser, service: Running, width: int) -> None:
    for last in range(40):
        body = {"to": "12345", "text": "Habari"}
        assert httpx.post(f"{service.url}/simulator/phones/+2547110002{last:02}/messages", json=body).is_success
    with chromium.new_page(viewport={"width": width, "height": 700}) as page:
        page.goto(f"{service.url}/simulator/")
        expect(page.locator("#phones li")).to_have_count(40)
        expect(page.locator("#phones .count").last).to_be_attached()
        assert page.evaluate(TOO_HIGH) <= 0
        page.get_by_role("button", name="Faults").click()
        expect(page.get_by_role("heading", name="Faults")).to_be_visible()
        assert page.evaluate(TOO_HIGH) <= 0


def test_it_leads_back_to_the_dashboard(chromium: Browser, service: Running) -> None:
    with chromium.new_page() as page:
        page.goto(f"{service.url}/")
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Phones").click()
        page.get_by_role("link", name="Dashboard").click()
        expect(page).to_have_url(f"{service.url}/")


def test_alone_it_leads_nowhere(chromium: Browser, tmp_path: Path) -> None:
    with simulator(tmp_path) as running, chromium.new_page() as page:
        page.goto(f"{running.url}/")
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
        expect(page.get_by_text("Short code").first).to_be_visible()
        expect(page.get_by_text("Dashboard")).to_be_hidden()


def test_it_wears_what_the_dashboard_wears() -> None:
    """Neither side imports the other, so each has its own copy of the colours."""
    package = Path(ujumbe.__file__).parent
    ours, theirs = (
        re.findall(r"(--[a-z-]+): ([^;]+);", (package / path / "tokens.css").read_text(encoding="utf-8"))
        for path in ("web/static", "simulator/page/static")
    )
    assert len(ours) > 20
    assert ours == theirs[: len(ours)]


def test_it_is_small(service: Running) -> None:
    page = httpx.get(f"{service.url}/simulator/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    total = len(page.content)
    seen: set[str] = set()
    names = [part.split('"')[0] for part in page.text.split('"./static/')[1:]]
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        file = httpx.get(f"{service.url}/simulator/static/{name}")
        assert file.status_code == 200, name
        total += len(file.content)
        names += [part.split('"')[0] for part in file.text.split('from "./')[1:]]
    assert total < 100_000, f"{total:,} bytes in {len(seen)} files"
