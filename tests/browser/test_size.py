"""The first page is small, with everything that it loads."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.running import Running

pytestmark = pytest.mark.browser

MOST_BYTES = 100_000


@pytest.mark.parametrize("path", ["/", "/messages"])
def test_the_first_page_is_below_100_kb_in_all(chromium: Browser, service: Running, path: str) -> None:
    sizes: dict[str, int] = {}
    responses: list[Response] = []
    with chromium.new_page() as page:
        page.on("response", lambda response: responses.append(response))  # noqa: PLW0108 - Playwright asks for a function
        page.goto(service.url + path)
        expect(page.locator("#live")).to_have_attribute("data-state", "open", timeout=20_000)
        page.wait_for_load_state("load")
        for each in responses:
            if urlsplit(each.url).path != "/live":  # a stream, which never ends
                sizes[each.url] = max(len(each.body()), sizes.get(each.url, 0))
    assert {"app.js", "live.js", "tokens.css", "icons.svg"} <= {url.rpartition("/")[2] for url in sizes}
    total = sum(sizes.values())
    assert total < MOST_BYTES, f"{total:,} bytes: " + ", ".join(f"{url} {size:,}" for url, size in sizes.items())
