"""Open pages follow what happens, whoever made it happen, and leave alone what somebody is at."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.filling import ASHA, JUMA, NOBODY
from tests.browser.staff import signed_in, staffed
from tests.postgres import Server
from tests.running import Running, dev, serve, simulator, until

pytestmark = pytest.mark.browser

PATIENCE_MS: Final = 20_000
"""On a machine that does much else; how long it took is recorded."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service for the tests that stop nothing."""
    with dev(tmp_path_factory.mktemp("live")) as running:
        yield running


def send(url: str, text: str, to: str = ASHA, **headers: str) -> dict[str, Any]:
    answer = httpx.post(f"{url}/v1/messages", json={"to": to, "text": text}, headers=headers)
    assert answer.status_code == 202, answer.text
    sent: dict[str, Any] = answer.json()["messages"][0]
    return sent


def write(service: Running, number: str, text: str) -> None:
    answer = httpx.post(f"{service.url}/simulator/phones/{number}/messages", json={"text": text})
    assert answer.status_code == 201, answer.text


def opened(page: Page, address: str) -> Page:
    """Go there, and wait until the page follows what happens."""
    page.goto(address)
    expect(page.locator("#live")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)
    return page


def see(page: Page, text: str) -> None:
    expect(page.get_by_role("main").get_by_text(text)).to_be_visible(timeout=PATIENCE_MS)


def test_a_text_sent_by_the_api_appears(
    chromium: Browser, busy: Running, record_property: Callable[[str, object], None]
) -> None:
    with chromium.new_page() as page:
        opened(page, f"{busy.url}/messages")
        sent = send(busy.url, "Twende leo")
        accepted = time.monotonic()
        see(page, "Twende leo")
        record_property("seconds from 202 to the page", round(time.monotonic() - accepted, 2))
        expect(page.locator(f"#{sent['id']}")).to_contain_text("delivered", timeout=PATIENCE_MS)


@pytest.mark.parametrize("trouble", ["503", "offline"])
def test_a_page_that_cannot_be_asked_for_says_so_and_catches_up(chromium: Browser, busy: Running, trouble: str) -> None:
    def refuse(route: Route) -> None:
        if trouble == "503":
            route.fulfill(status=503, body="")
        else:
            route.abort()

    with chromium.new_page() as page:
        opened(page, f"{busy.url}/messages")
        page.route("**/messages", refuse)
        send(busy.url, f"Baadaye {trouble}")
        expect(page.locator("#live")).to_have_attribute("data-state", "lost", timeout=PATIENCE_MS)
        page.unroute("**/messages")
        see(page, f"Baadaye {trouble}")
        expect(page.locator("#live")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)


def test_what_happened_while_the_service_was_gone_and_the_browser_away(chromium: Browser, service: Running) -> None:
    with chromium.new_context() as context:
        page = opened(context.new_page(), f"{service.url}/messages")
        send(service.url, "Before")
        see(page, "Before")
        context.set_offline(True)
        service.kill9()
        expect(page.locator("#live")).to_have_attribute("data-state", "lost", timeout=PATIENCE_MS)
        service.start()
        sent = send(service.url, "Meanwhile")
        until(lambda: httpx.get(f"{service.url}/v1/messages/{sent['id']}").json()["state"] == "delivered")
        # Nothing happens from here on: what the page learns, it learns from where its stream broke off.
        context.set_offline(False)
        see(page, "Meanwhile")
        expect(page.locator("#live")).to_have_attribute("data-state", "open")
        send(service.url, "Afterwards")
        see(page, "Afterwards")


def test_a_page_of_one_process_and_the_api_of_another(chromium: Browser, postgres: Server, tmp_path: Path) -> None:
    with ExitStack() as stack:
        at = stack.enter_context(simulator(tmp_path / "at"))
        url = postgres.create()
        stack.callback(postgres.drop, url)
        one = stack.enter_context(staffed(tmp_path / "one", at=at.url, UJUMBE_DATABASE_URL=url))
        two = stack.enter_context(serve(tmp_path / "two", "--no-worker", at=at.url, UJUMBE_DATABASE_URL=url))
        context = stack.enter_context(signed_in(chromium, one))
        page = opened(context.new_page(), f"{one.url}/messages")
        send(two.url, "Through the other door", **two.headers)
        see(page, "Through the other door")


def test_what_somebody_types_is_left_alone(chromium: Browser, busy: Running) -> None:
    write(busy, JUMA, "Are you open?")
    until(lambda: httpx.get(f"{busy.url}/v1/inbound").json()["items"])
    with chromium.new_page() as page:
        page.goto(f"{busy.url}/inbox")
        page.get_by_role("main").get_by_role("link").filter(has_text="Are you open?").click()
        expect(page.locator("#live")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)
        answer = page.get_by_role("textbox", name="Answer")
        answer.click()
        page.keyboard.type("Yes, until")
        page.keyboard.press("Shift+ArrowLeft")
        write(busy, JUMA, "Hello?")
        expect(page.get_by_role("log").get_by_text("Hello?", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        expect(answer).to_be_focused()
        expect(answer).to_have_value("Yes, until")
        page.keyboard.type("l six")  # in place of the letter that was selected
        expect(answer).to_have_value("Yes, until six")


def test_what_somebody_opened_stays_open(chromium: Browser, busy: Running) -> None:
    sent = send(busy.url, "Reported late", NOBODY)
    address = f"{busy.url}/v1/messages/{sent['id']}"
    until(lambda: httpx.get(address).json()["state"] == "sent")
    with chromium.new_page() as page:
        opened(page, f"{busy.url}/messages/{sent['id']}")
        details = page.locator("#timeline details").first
        details.locator("summary").click()
        shown = details.locator("pre").inner_text()
        assert shown
        report = {"id": httpx.get(address).json()["provider_message_id"], "status": "Success", "phoneNumber": NOBODY}
        assert httpx.post(f"{busy.url}/sms/delivery-reports", data=report).is_success
        expect(page.locator("#why")).to_contain_text("delivered", timeout=PATIENCE_MS)
        still = page.locator("#timeline details[open]")
        expect(still).to_have_count(1)
        expect(still.locator("pre")).to_have_text(shown)
        expect(still.locator("summary")).to_be_focused()


def test_what_somebody_typed_survives_the_end_of_their_session(chromium: Browser, tmp_path: Path) -> None:
    with staffed(tmp_path) as service, signed_in(chromium, service) as context:
        typing, listed = context.new_page(), context.new_page()
        opened(listed, "/messages")
        opened(typing, "/compose").get_by_label("Text", exact=True).fill("Kesho saa tatu")
        elsewhere = context.new_page()
        elsewhere.goto("/settings/me")
        elsewhere.get_by_role("button", name="Sign out", exact=True).first.click()
        elsewhere.wait_for_url("**/sign-in")
        send(service.url, "Twende leo", **service.headers)  # the streams look who follows them
        expect(typing.locator("#live")).to_have_attribute("data-state", "out", timeout=2 * PATIENCE_MS)
        assert typing.get_by_label("Text", exact=True).input_value() == "Kesho saa tatu"
        expect(listed).to_have_url(f"{service.url}/sign-in?next=/messages", timeout=2 * PATIENCE_MS)
