"""The overview: forty days, multiplied as the benchmarks do it. It shows no numbers of people."""

from collections.abc import Callable
from pathlib import Path

import httpx
from benchmarks import seed as past
from playwright.sync_api import Page
from tests.running import until

MESSAGES = 8_000
COUNTING_SECONDS = 300


def seed(folder: Path) -> None:
    """Give a folder its past."""
    past.main([str(folder), "--messages", str(MESSAGES)])


def pictures(origin: str, visit: Callable[..., Page]) -> dict[str, Page]:
    """Pages to take pictures of, by name. `visit(path, scheme, tall)` opens one."""
    until(lambda: "still being counted" not in httpx.get(f"{origin}/?days=7", timeout=30).text, COUNTING_SECONDS)
    return {
        "overview-light": visit("/?days=7", "light", tall=True),
        "overview-dark": visit("/?days=7", "dark", tall=True),
    }
