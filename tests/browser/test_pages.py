"""Every page, empty and full, light and dark, narrow and wide: it opens, fits, nothing goes wrong, all can use it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.axe import Axe
from tests.browser.filling import Filled, fill_dev
from tests.browser.staff import VIEWER, signed_in, staffed
from tests.browser.watched import Watched
from tests.running import Running, Serving, dev

pytestmark = pytest.mark.browser

NARROW: Final = 360
Scheme = Literal["light", "dark"]
LOOKS: Final[tuple[tuple[int, Scheme, Scheme], ...]] = ((1440, "light", "dark"), (NARROW, "dark", "light"))
"""Widths, and the schemes that a page is looked at in, one after the other."""

PAGES: Final = (
    "/",
    "/messages",
    "/messages?q=nobody&state=failed",
    "/compose",
    "/inbox",
    "/inbox?state=all",
    "/opt-outs",
    "/opt-outs?show=all",
    "/opt-outs/new",
    "/opt-outs/import",
    "/opt-outs/reviews",
    "/subscriptions",
    "/subscriptions/new",
    "/rules",
    "/rules/new",
    "/webhooks",
    "/webhooks/new",
    "/callbacks",
    "/settings",
    "/settings/keys",
    "/simulator/",
)
ABOUT_ONE: Final = (
    "/messages/{message}",
    "/messages/{uncertain}",
    "/batches/{batch}",
    "/inbox/{inbound}",
    "/opt-outs/{opt_out}",
    "/opt-outs/{opt_out}/lift",
    "/subscriptions/product?short_code=12345&keyword=NEWS",
    "/subscriptions/{subscription}",
    "/rules/{rule}",
    "/webhooks/{webhook}",
    "/callbacks/{callback}",
)
"""Pages about one thing; the words are what `Filled` calls them."""
MISSING: Final = ("/messages/msg_06y4mdkdm0000", "/nothing")
OF_STAFF: Final = ("/settings/people", "/settings/me", "/settings/audit")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("empty")) as running:
        yield running


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Filled]]:
    with dev(tmp_path_factory.mktemp("full")) as running:
        yield running, fill_dev(running)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with staffed(tmp_path_factory.mktemp("office"), UJUMBE_MASK_NUMBERS="1") as running:
        yield running


@pytest.mark.parametrize("path", PAGES)
def test_it_opens_with_an_empty_database(chromium: Browser, axe: Axe, empty: Running, path: str) -> None:
    look(anybody(chromium), axe, empty, path)


@pytest.mark.parametrize("path", [*PAGES, *ABOUT_ONE])
def test_it_opens_with_a_full_one(chromium: Browser, axe: Axe, full: tuple[Running, Filled], path: str) -> None:
    running, filled = full
    look(anybody(chromium), axe, running, filled.address(path))


@pytest.mark.parametrize("path", OF_STAFF)
def test_it_opens_for_who_signed_in(chromium: Browser, axe: Axe, office: Serving, path: str) -> None:
    look(lambda **as_seen: signed_in(chromium, office, **as_seen), axe, office, path)


@pytest.mark.parametrize("path", MISSING)
def test_a_page_that_is_not_there(chromium: Browser, axe: Axe, empty: Running, path: str) -> None:
    look(anybody(chromium), axe, empty, path, 404)


def test_a_page_that_is_not_for_them(chromium: Browser, axe: Axe, office: Serving) -> None:
    look(lambda **as_seen: signed_in(chromium, office, VIEWER, **as_seen), axe, office, "/settings/people", 403)


def test_signing_in(chromium: Browser, axe: Axe, office: Serving) -> None:
    look(anybody(chromium), axe, office, "/sign-in")


def test_axe_is_here_and_sees(chromium: Browser, axe: Axe, empty: Running) -> None:
    axe.require()
    with chromium.new_page() as page:
        Watched(page, empty.url).open("/rules")
        page.evaluate("document.querySelector('h1').remove()")
        assert any(each.startswith("page-has-heading-one") for each in axe.complaints(page))


def test_what_breaks_the_policy_is_noticed(chromium: Browser, empty: Running) -> None:
    with chromium.new_page() as page:
        watched = Watched(page, empty.url)
        watched.open("/rules")
        watched.assert_clean()
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
        page.evaluate("setTimeout(() => { throw new Error('broken') })")
        expect(page.locator("h1")).to_be_visible()
        assert len([each for each in watched.complaints if "Content Security Policy" in each]) >= 2
        assert "broken" in watched.complaints[-1]


Opening = Callable[..., AbstractContextManager[BrowserContext]]


def anybody(chromium: Browser) -> Opening:
    """A browser in which nobody signed in."""
    return chromium.new_context


def look(opening: Opening, axe: Axe, service: Running, path: str, status: int = 200) -> None:
    """Open a page wide and narrow, and turn the scheme each time, which changes nothing but colours."""
    for width, scheme, other in LOOKS:
        as_seen: dict[str, Any] = {
            "viewport": {"width": width, "height": 800},
            "has_touch": width == NARROW,
            "color_scheme": scheme,
            "reduced_motion": "reduce",
            "timezone_id": "Africa/Nairobi",
        }
        with opening(**as_seen) as context:
            page = context.new_page()
            watched = Watched(page, service.url)
            watched.open(path, status)
            page.wait_for_load_state("load")
            assert not watched.too_wide, f"{watched.too_wide} pixels too wide at {width}"
            watched.assert_clean()
            complaints = axe.complaints(page)
            page.emulate_media(color_scheme=other)
            complaints += axe.complaints(page, colours=True)
            assert not complaints, f"at {width}, {scheme} first:\n" + "\n".join(complaints)
            watched.assert_clean()
