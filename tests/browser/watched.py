"""A page with all that went wrong on it."""

from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, Request, Response

REACHES: Final = "document.documentElement.scrollWidth - window.innerWidth"
"""How far a page reaches beyond the window sideways."""


class Watched:
    """Watches a page from now on: what its console says, what broke, what it asked others for.

    Chromium tells the console of a breach of the policy, and of every answer that is an error; a page that is meant
    to be one is opened with `status`.
    """

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self._expected: Callable[[str], bool] = lambda text: False
        page.on("console", lambda said: self._hear(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def open(self, path: str, status: int = 200) -> Response:
        """Go to a page of ours, which answers with `status`, and wait until its scripts have run."""
        if status >= 400:
            self._expected = lambda text: f"status of {status}" in text
        response = self.page.goto(self.origin + path)
        assert response is not None
        assert response.status == status, f"{path} answers {response.status}"
        return response

    @property
    def too_wide(self) -> int:
        """Pixels by which the page reaches beyond the window."""
        reaches: int = self.page.evaluate(REACHES)
        return max(reaches, 0)

    def assert_clean(self) -> None:
        """Nothing went wrong so far."""
        assert not self.complaints, "\n".join(self.complaints)
        assert not self.foreign, f"asked elsewhere: {self.foreign}"

    def _hear(self, text: str) -> None:
        if not self._expected(text):
            self.complaints.append(text)

    def _note(self, asked: Request) -> None:
        if not asked.url.startswith((self.origin + "/", "data:")):
            self.foreign.append(asked.url)
