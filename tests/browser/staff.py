"""People who sign in to `ujumbe serve`, each in a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext

from tests.running import Running, Serving, serve
from tests.web import browser as plain

PASSWORD: Final = "maji mvua jua 7"
ADMIN: Final = "Asha"
VIEWER: Final = "Juma"


@contextmanager
def staffed(folder: Path, *words: str, at: str = "http://127.0.0.1:1", **env: str) -> Iterator[Serving]:
    """`ujumbe serve` with an admin and a viewer who have chosen their passwords."""
    with serve(folder, *words, at=at, **env) as running:
        with plain.browser(running) as first:
            first.choose(plain.set_up_link(running), PASSWORD, name=ADMIN)
        with plain.browser(running) as second:
            second.choose(plain.link_for(folder, "add", VIEWER, "--role", "viewer", **running.env), PASSWORD)
        yield running


@contextmanager
def signed_in(chromium: Browser, service: Running, name: str = ADMIN, **look: Any) -> Iterator[BrowserContext]:
    """A browser in which somebody has signed in, by the form."""
    with chromium.new_context(base_url=service.url, **look) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{service.url}/")
        page.close()
        yield context
