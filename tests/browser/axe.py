"""axe-core, which looks for what keeps somebody out of a page; `scripts/axe` fetches it."""

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

FILE: Final = Path(__file__).parents[2] / ".venv" / "axe" / "axe.min.js"
MISSING: Final = "no axe-core here: the pages' accessibility was NOT tested (scripts/axe fetches it, with npm)"

TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A scheme changes nothing but colours.
COLOURS: Final = ["color-contrast", "link-in-text-block"]
# Off by default, until everybody asks for WCAG 2.2: targets of 24 pixels.
ALSO: Final = {"target-size": {"enabled": True}}

RUN: Final = """async (options) => {
    // What moves is looked at where it ends: half-way, a colour is of nobody's choice.
    for (const each of document.getAnimations()) {
        if (each.effect?.getComputedTiming().endTime !== Infinity) each.finish();
    }
    const { violations } = await axe.run(document, { ...options, resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, html, failureSummary }) =>
        ({ id, help, target: target.join(" "), html, how: failureSummary })));
}"""


class Axe:
    """Looks at open pages, where axe-core is there. (It comes by the debugger: the page keeps its policy.)"""

    def __init__(self) -> None:
        self.source = FILE.read_text(encoding="utf-8") if FILE.exists() else ""

    def require(self) -> None:
        """Skip where there is none, loudly; fail on CI."""
        if not self.source:
            if os.environ.get("CI"):
                pytest.fail(MISSING)
            pytest.skip(MISSING)

    def complaints(self, page: Page, *, colours: bool = False) -> list[str]:
        """What is wrong with a page and how to mend it, a text for each element; of its colours alone if so wished."""
        if not self.source:
            return []
        # The debugger's answer would be axe itself, which does not come across.
        page.evaluate(f"() => {{ if (!window.axe) {{ {self.source} }} }}")
        only = {"type": "rule", "values": COLOURS} if colours else {"type": "tag", "values": TAGS}
        found = page.evaluate(RUN, {"runOnly": only, **({} if colours else {"rules": ALSO})})
        return [_readable(each) for each in found]


def _readable(found: dict[str, Any]) -> str:
    how = " ".join(found["how"].split())
    return f"{found['id']}: {found['help']}\n    at {found['target']}\n    {found['html'][:200]}\n    {how}"
