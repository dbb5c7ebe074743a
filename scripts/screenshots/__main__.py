"""Take the pictures: `make screenshots`, or `python -m scripts.screenshots overview` for those whose names begin so."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.conftest import FLAGS
from tests.running import Running, dev

from . import dashboard, overview, phones
from .picture import shoot

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST, LARGEST_SUM = 300_000, 1_500_000
"""Bytes of a picture, and of all of them: a clone carries each version for ever."""
WIDE, TALL, NARROW = (1280, 800), (1280, 1240), (360, 720)
ENV = {"UJUMBE_REPLY": "Asante! Noted: “{text}”", "AT_SENDER_ID": "AFYA"}

Visit = Callable[..., Page]


def main(wanted: tuple[str, ...]) -> int:
    """Take them; 1 when they came out too large."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, ExitStack() as stack:
        executable = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        stack.callback(browser.close)
        blank = browser.new_page()
        for scene in (phones, dashboard, overview):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ujumbe-screenshots-")))
            if scene is overview:
                overview.seed(folder)
            with dev(folder, "--data", str(folder), **ENV) as service:
                for name, page in scene.pictures(service.url, visitor(browser, service)).items():
                    if name.startswith(wanted or ("",)):
                        shoot(page, blank, IMAGES / f"{name}.png")
    sizes = {path.name: path.stat().st_size for path in sorted(IMAGES.glob("*.png"))}
    for name, size in sizes.items():
        print(f"docs/images/{name}  {size / 1000:.0f} kB")
    return 1 if max(sizes.values()) > LARGEST or sum(sizes.values()) > LARGEST_SUM else 0


def visitor(browser: Browser, service: Running) -> Visit:
    """What opens a page of the service at 2x in Nairobi's time and waits until it is live."""

    def visit(path: str, scheme: Literal["light", "dark"], *, narrow: bool = False, tall: bool = False) -> Page:
        width, height = NARROW if narrow else TALL if tall else WIDE
        context = browser.new_context(
            base_url=service.url,
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-KE",
            timezone_id="Africa/Nairobi",
        )
        # Known from an earlier page, so that times are right from the first on.
        context.add_cookies([{"name": "zone", "value": "Africa%2FNairobi", "url": service.url}])
        page = context.new_page()
        page.goto(path)
        page.wait_for_selector("#live[data-state=open]")
        return page

    return visit


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
