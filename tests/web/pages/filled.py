"""Forms of a page, filled in and sent as a browser without scripts does."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx


class _Fields(HTMLParser):
    """What the fields of a form hold, by name."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and "name" in given:
            kind = given.get("type", "text")
            if kind not in ("radio", "checkbox", "file", "submit") or "checked" in given:
                self.found[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.found[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.found):
            self.found[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.found[self._area] = self.found[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data


def fields(page: httpx.Response) -> dict[str, str]:
    """What the form with the id of the page's main one holds."""
    whole = re.search(r'<form id="compose".*?</form>', page.text, re.DOTALL)
    assert whole, page.text
    parser = _Fields()
    parser.feed(whole.group())
    return parser.found


def press(
    http: httpx.Client, path: str, form: Mapping[str, str], do: str = "", file: tuple[str, bytes] | None = None
) -> httpx.Response:
    """Press a button of a form."""
    data: dict[str, Any] = {**form, **({"do": do} if do else {})}
    files = {"file": file if file is not None else ("", b"")}
    return http.post(path, data=data, files=files)


def words(page: httpx.Response) -> str:
    """What a page says, as one line."""
    text = re.sub(r"<(script|style).*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " "))
