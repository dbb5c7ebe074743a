"""Everything is done without a mouse, and one sees where one is."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.filling import ASHA, Filled, fill_dev
from tests.running import Running, dev

pytestmark = pytest.mark.browser

FORMS: Final = (
    "/",
    "/messages",
    "/messages/{uncertain}",
    "/compose",
    "/inbox/{inbound}",
    "/opt-outs",
    "/opt-outs/new",
    "/opt-outs/import",
    "/opt-outs/reviews",
    "/subscriptions/new",
    "/rules",
    "/rules/new",
    "/webhooks/new",
    "/webhooks/{webhook}",
    "/settings",
    "/settings/keys",
)
"""Pages on which something is typed, chosen or pressed."""

# Each stop of the Tab key gets a number, and says whether one sees that it has the focus.
STOPS: Final = """() => {
    const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter((each) => {
        if (each.disabled || each.type === "hidden" || each.tabIndex < 0) return false;
        if (!each.checkVisibility({ visibilityProperty: true })) return false;
        if (each.type !== "radio" || each.checked) return true;
        const group = [...document.getElementsByName(each.name)].filter((other) => other.form === each.form);
        return !group.some((other) => other.checked) && group[0] === each;
    });
    window.reached = new Set();
    window.unseen = new Set();
    const name = (each) => each.outerHTML.replace(/\\s+/g, " ").slice(0, 120);
    document.addEventListener("focusin", ({ target }) => {
        window.reached.add(target);
        const parts = [target, target.closest("label"), target.closest("tr"), target.closest("li")].filter(Boolean);
        const seen = parts.some((each) => {
            const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
            const ring = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
            return ring || (each !== target && boxShadow !== "none");
        });
        if (!seen) window.unseen.add(name(target));
    });
    window.missed = () => stops.filter((each) => each.isConnected && !window.reached.has(each)).map(name);
    return stops.length;
}"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Filled]]:
    with dev(tmp_path_factory.mktemp("keyboard")) as running:
        yield running, fill_dev(running)


@pytest.fixture
def page(chromium: Browser, full: tuple[Running, Filled]) -> Iterator[Page]:
    with chromium.new_context(base_url=full[0].url, reduced_motion="reduce") as context:
        yield context.new_page()


def ready(page: Page, path: str) -> None:
    """Go there, and wait until the keys work."""
    page.goto(path)
    expect(page.locator("#live")).not_to_have_attribute("data-state", "off")


@pytest.mark.parametrize("path", FORMS)
def test_the_tab_key_reaches_everything_and_one_sees_where(page: Page, full: tuple[Running, Filled], path: str) -> None:
    ready(page, full[1].address(path))
    count = page.evaluate(STOPS)
    # A date has a stop for each of its parts.
    for _ in range(count + 40):
        page.keyboard.press("Tab")
    assert page.evaluate("window.missed()") == []
    assert page.evaluate("[...window.unseen]") == []


def test_the_first_stop_leads_past_the_menu(page: Page) -> None:
    ready(page, "/messages")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_slash_finds(page: Page) -> None:
    ready(page, "/rules")
    page.keyboard.press("/")
    expect(page.get_by_label("Find messages by number or text")).to_be_focused()
    page.keyboard.type("green ✓")
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?q=*")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.get_by_role("main").get_by_label("Number or text")).to_be_focused()


def test_letters_lead_to_pages_and_do_nothing_while_one_types(page: Page) -> None:
    ready(page, "/")
    page.keyboard.press("/")
    page.keyboard.type("ci?jk/")
    expect(page.get_by_label("Find messages by number or text")).to_have_value("ci?jk/")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("h1").first.click()
    page.keyboard.press("c")
    page.wait_for_url("**/compose")
    expect(page.locator("#live")).not_to_have_attribute("data-state", "off")
    page.locator("h1").click()
    page.keyboard.press("i")
    page.wait_for_url("**/inbox")


def test_escape_leaves_a_search_and_keeps_what_it_found(page: Page) -> None:
    ready(page, "/messages")
    page.keyboard.press("/")
    page.keyboard.type("green ✓")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("main").get_by_label("Number or text")).not_to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-row]")).to_be_focused()
    page.keyboard.press("c")
    page.wait_for_url("**/compose")


def test_a_conversation_is_opened_and_answered_by_keys(page: Page) -> None:
    ready(page, "/inbox")
    names = page.locator("#conversations .who").all_inner_texts()
    for _ in range(names.index("Asha") + 1):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/in_*")
    expect(page.locator("#live")).not_to_have_attribute("data-state", "off")
    page.keyboard.press("r")
    box = page.get_by_role("textbox", name="Answer")
    expect(box).to_be_focused()
    page.keyboard.type("We are there.")
    expect(box).to_have_value("We are there.")


def test_a_question_mark_lists_the_keys(page: Page) -> None:
    ready(page, "/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("c")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("path", ["/messages", "/inbox", "/opt-outs"])
def test_j_and_k_choose_a_row_and_enter_opens_it(page: Page, path: str) -> None:
    ready(page, path)
    rows = page.locator("[data-list] [data-row]")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    href = rows.nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href}")


def test_a_chosen_row_stays_chosen_while_new_ones_arrive(page: Page, full: tuple[Running, Filled]) -> None:
    ready(page, "/messages")
    expect(page.locator("#live")).to_have_attribute("data-state", "open", timeout=20_000)
    page.keyboard.press("j")
    chosen = page.locator("[data-list] [data-row]").first.get_attribute("href")
    httpx.post(f"{full[0].url}/v1/messages", json={"to": ASHA, "text": "Above the chosen one"}).raise_for_status()
    expect(page.get_by_text("Above the chosen one")).to_be_visible(timeout=20_000)
    expect(page.locator(f"[data-row][href='{chosen}']")).to_be_focused()


def test_the_menu_of_a_narrow_page(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    ready(page, "/")
    menu = page.get_by_role("navigation", name="Pages")
    expect(menu).to_be_hidden()
    page.get_by_role("link", name="Menu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    assert menu.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 700}
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Close the menu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu).to_be_hidden()
    page.get_by_role("link", name="Menu", exact=True).click()
    menu.get_by_role("link", name="Opt-outs").click()
    page.wait_for_url("**/opt-outs")
    expect(menu).to_be_hidden()
