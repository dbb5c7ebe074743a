"""Every page, empty and full, light and dark, narrow and wide: it opens, fits, nothing goes wrong, all can use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import Axe
from tests.browser.filling import Filled, fill_dev
from tests.browser.watched import Watched
from tests.running import Running, dev

pytestmark = pytest.mark.browser

NARROW: Final = 360

PAGES: Final = {
    "/": 200,
    "/simulator/": 200,
}
"""What each address answers."""
ABOUT_ONE: Final[dict[str, str]] = {}
"""Pages about one thing, by what `Filled` calls it."""

Scheme = Literal["light", "dark"]
LOOKS: Final[tuple[tuple[int, Scheme, Scheme], ...]] = ((1440, "light", "dark"), (NARROW, "dark", "light"))
"""Widths, and the schemes that a page is looked at in, one after the other."""


@dataclass(frozen=True, slots=True)
class Service:
    """One that runs, and what is in it."""

    running: Running
    filled: Filled | None = None


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with dev(tmp_path_factory.mktemp("empty")) as running:
        yield Service(running)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with dev(tmp_path_factory.mktemp("full")) as running:
        yield Service(running, fill_dev(running))


@contextmanager
def opened(chromium: Browser, width: int, scheme: Scheme) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        has_touch=width == NARROW,
        timezone_id="Africa/Nairobi",
        reduced_motion="reduce",
    )
    with context:
        yield context.new_page()


def look(chromium: Browser, axe: Axe, origin: str, path: str, status: int) -> None:
    """Open it twice, and turn the scheme once each time: that changes only colours, and axe looks only at these."""
    for width, scheme, other in LOOKS:
        with opened(chromium, width, scheme) as page:
            watched = Watched(page, origin)
            watched.open(path, status)
            page.wait_for_load_state("load")
            watched.assert_clean()
            assert not watched.too_wide, f"{watched.too_wide} pixels too wide at {width}"
            complaints = axe.complaints(page)
            page.emulate_media(color_scheme=other)
            complaints += axe.complaints(page, colours=True)
            assert not complaints, f"at {width}, {scheme} first:\n" + "\n".join(complaints)
            watched.assert_clean()


def test_axe_is_here(axe: Axe) -> None:
    axe.require()


@pytest.mark.parametrize(("path", "status"), PAGES.items(), ids=PAGES)
def test_it_opens_with_an_empty_database(chromium: Browser, axe: Axe, empty: Service, path: str, status: int) -> None:
    look(chromium, axe, empty.running.url, path, status)


@pytest.mark.parametrize(("path", "status"), PAGES.items(), ids=PAGES)
def test_it_opens_with_a_full_one(chromium: Browser, axe: Axe, full: Service, path: str, status: int) -> None:
    look(chromium, axe, full.running.url, path, status)
