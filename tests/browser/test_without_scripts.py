"""Without JavaScript every page reads, and the forms work."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.filling import ASHA, JUMA, OTIENO, Filled, fill_dev
from tests.browser.staff import ADMIN, signed_in, staffed
from tests.browser.test_pages import ABOUT_ONE, PAGES
from tests.running import Running, dev, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Filled]]:
    with dev(tmp_path_factory.mktemp("plain")) as running:
        yield running, fill_dev(running)


@pytest.fixture
def page(chromium: Browser, full: tuple[Running, Filled]) -> Iterator[Page]:
    with chromium.new_context(base_url=full[0].url, java_script_enabled=False) as context:
        yield context.new_page()


@pytest.mark.parametrize("path", [each for each in (*PAGES, *ABOUT_ONE) if not each.startswith("/simulator")])
def test_it_reads(page: Page, full: tuple[Running, Filled], path: str) -> None:
    response = page.goto(full[1].address(path))
    assert response is not None
    assert response.status == 200
    expect(page.locator("h1")).to_be_visible()
    # What only a script could do is not offered.
    expect(page.locator(".scripted:visible")).to_have_count(0)
    expect(page.locator("#live")).to_be_hidden()


def test_the_phones_say_that_they_need_scripts(page: Page, full: tuple[Running, Filled]) -> None:
    page.goto("/simulator/")
    # Playwright reads no text within a <noscript>.
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    expect(page.locator(".noscript pre")).to_be_in_viewport()
    # What could do nothing is not offered.
    expect(page.locator("button:visible, input:visible, nav:visible")).to_have_count(0)
    expect(page.get_by_text("Connecting")).to_be_hidden()
    page.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_url(f"{full[0].url}/")


def test_a_text_is_composed_checked_and_sent(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Compose").first.click()
    page.get_by_label("Numbers").fill(f"{ASHA}\n{JUMA}\nno number\n{ASHA}")
    page.get_by_role("textbox", name="Text", exact=True).fill("We open at ten tomorrow.")
    page.get_by_role("button", name="Check", exact=True).click()
    verdict = page.get_by_role("region", name="Before it is sent")
    expect(verdict).to_contain_text("not a number")
    expect(verdict).to_contain_text("listed twice")
    page.get_by_role("button", name="Send 2 texts now").click()
    page.wait_for_url("**/batches/bat_*")
    expect(page.get_by_role("main")).to_contain_text("We open at ten tomorrow.")
    expect(page.get_by_role("row", name="Together")).to_contain_text("2")


def test_a_conversation_is_answered_and_ended(page: Page, full: tuple[Running, Filled]) -> None:
    service = full[0]
    page.goto("/inbox")
    page.get_by_role("main").get_by_role("link").filter(has_text=re.compile("Unbreakable")).first.click()
    page.get_by_role("textbox", name="Answer").fill("Come at ten.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log").get_by_text("Come at ten.")).to_be_visible()
    phone = f"{service.url}/simulator/phones/{JUMA}/messages"
    until(lambda: "Come at ten." in {each["text"] for each in httpx.get(phone).json()})
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    page.get_by_role("link", name="Done", exact=True).click()
    expect(page.locator("[data-row]").filter(has_text="Unbreakable")).to_have_count(1)


def test_a_number_is_opted_out_and_in_again(page: Page, full: tuple[Running, Filled]) -> None:
    number = "+254711000333"
    page.goto("/opt-outs")
    page.get_by_role("link", name="Opt a number out").click()
    page.get_by_role("main").get_by_label("Number").fill("0")
    page.get_by_role("button", name="Opt out").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_role("main").get_by_label("Number").fill(number)
    page.get_by_label("How do you know?").fill("She came by.")
    page.get_by_role("button", name="Opt out").click()
    expect(page.get_by_role("main")).to_contain_text("She came by.")
    answer = httpx.get(f"{full[0].url}/v1/opt-outs/{number}").json()
    assert [each["reason"] for each in answer["history"]] == ["She came by."]


def test_a_search_needs_a_button(page: Page) -> None:
    page.goto("/messages")
    page.get_by_role("main").get_by_label("Number or text").fill(OTIENO[-4:])
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.wait_for_url("**/messages?q=*")
    expect(page.locator("[data-row]").first).to_contain_text("000114")


def test_signing_in_and_out(chromium: Browser, tmp_path: Path) -> None:
    with (
        staffed(tmp_path) as service,
        signed_in(chromium, service, java_script_enabled=False) as context,
    ):
        page = context.new_page()
        page.goto("/settings/me")
        expect(page.get_by_role("main")).to_contain_text(ADMIN)
        page.get_by_role("button", name="Sign out").first.click()
        page.goto("/messages")
        expect(page).to_have_url(f"{service.url}/sign-in?next=/messages")
