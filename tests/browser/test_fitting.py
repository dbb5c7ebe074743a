"""Where things stand on a page: nothing is cut off, covered or crooked that has room."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.filling import Filled, fill_dev
from tests.browser.watched import Watched
from tests.running import Running, dev

pytestmark = pytest.mark.browser

HIDDEN_SIDEWAYS = "(frame) => frame.scrollWidth - frame.clientWidth"
BASELINES = """() => [...document.querySelectorAll(".rows .state")].map((state) => {
    const probe = document.createElement("span");
    probe.style.cssText = "display: inline-block; inline-size: 1px; block-size: 0";
    state.before(probe);
    const foot = probe.getBoundingClientRect().bottom - state.getBoundingClientRect().bottom;
    probe.remove();
    return Math.round(foot * 10) / 10;
})"""
"""How far above the foot of each state the line stands on which its neighbours are written."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Filled]]:
    with dev(tmp_path_factory.mktemp("fitting")) as running:
        yield running, fill_dev(running)


@pytest.fixture
def page(chromium: Browser, full: tuple[Running, Filled]) -> Iterator[Page]:
    with chromium.new_context(base_url=full[0].url, reduced_motion="reduce") as context:
        yield context.new_page()


@pytest.mark.parametrize("width", [768, 900, 960, 1100, 1280, 1440])
def test_the_table_of_messages_has_no_hidden_side(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/messages")
    assert page.locator(".rows").evaluate(HIDDEN_SIDEWAYS) <= 0
    expect(page.get_by_role("columnheader", name="Cost")).to_be_in_viewport(ratio=1)


def test_a_table_that_scrolls_sideways_shows_it(page: Page) -> None:
    shadow = "(frame) => getComputedStyle(frame).boxShadow"
    page.set_viewport_size({"width": 768, "height": 800})
    page.goto("/opt-outs?show=all")
    frame = page.locator(".rows")
    assert frame.evaluate(HIDDEN_SIDEWAYS) > 0
    assert "inset" in frame.evaluate(shadow)
    page.set_viewport_size({"width": 1440, "height": 800})
    assert frame.evaluate(HIDDEN_SIDEWAYS) <= 0
    assert frame.evaluate(shadow) == "none"


def test_all_states_stand_on_the_same_line(page: Page) -> None:
    page.goto("/messages")
    assert {"blocked", "canceled", "delivered"} <= set(page.locator(".rows .state").all_inner_texts())
    assert len(set(page.evaluate(BASELINES))) == 1


@pytest.mark.parametrize("path", ["/webhooks/{webhook}", "/opt-outs", "/settings"])
def test_tabs_stay_in_one_line_on_a_narrow_page(page: Page, full: tuple[Running, Filled], path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(full[1].address(path))
    tops = page.locator("main .tabs a").evaluate_all("(tabs) => tabs.map((each) => each.offsetTop)")
    assert len(set(tops)) == 1


def test_a_pause_stands_off_the_edges_of_the_inbox(page: Page, full: tuple[Running, Filled]) -> None:
    with httpx.Client(base_url=full[0].url) as client:
        assert client.post("/settings/pause", data={"reason": "a test"}).status_code == 303
        page.goto("/inbox")
        notice = page.locator("#pause .notice").bounding_box()
        around = page.get_by_role("main").bounding_box()
        assert client.post("/settings/resume").status_code == 303
    assert notice is not None
    assert around is not None
    assert notice["x"] - around["x"] >= 8
    assert notice["y"] - around["y"] >= 8
    assert around["width"] - notice["width"] >= 16


@pytest.mark.parametrize("width", [1280, 1440, 1680])
def test_the_faults_leave_room_for_phones_and_ledger(page: Page, full: tuple[Running, Filled], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    watched = Watched(page, full[0].url)
    watched.open("/simulator/")
    phones = page.get_by_role("article")
    expect(phones.last).to_be_visible()
    count = phones.count()
    assert count == (width - 272) // 350
    page.get_by_role("button", name="Faults").click()
    expect(page.get_by_role("heading", name="Faults")).to_be_visible()
    for place in range(count):
        expect(phones.nth(place)).to_be_in_viewport(ratio=0.99)
    assert page.locator(".shelf").evaluate(HIDDEN_SIDEWAYS) <= 0
    page.get_by_role("link", name="Ledger").click()
    expect(page.get_by_role("heading", name="Ledger")).to_be_visible()
    assert page.locator(".scroller").evaluate(HIDDEN_SIDEWAYS) <= 0
    watched.assert_clean()
