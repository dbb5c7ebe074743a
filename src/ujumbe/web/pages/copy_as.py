"""What a page does or shows, for who would rather do it by a program: as curl, as Python, as a command."""

import json
import pprint
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from ujumbe.web.pages.page import Page

KEY = "YOUR_API_KEY"


class Form(NamedTuple):
    """One way to do it: its name, and the text to copy."""

    name: str
    text: str


def forms(page: Page, method: str, path: str, body: Mapping[str, Any] | None = None, command: str = "") -> list[Form]:
    """A request of the API (`path` with its query) in each way; `command` is what the command line says for it.

    Without a key where none is needed; elsewhere with a place for one, never with one of ours.
    """
    key = "" if page.runtime.keyless else KEY
    url = f"{page.origin}{path}"
    found = [Form("curl", _curl(method, url, body, key)), Form("Python", _python(method, url, body, key))]
    return [*found, Form("Command", command)] if command else found


def command_line(*given: str) -> str:
    """A command of ours, each word quoted where a shell needs it."""
    return shlex.join(["ujumbe", *given])


def _curl(method: str, url: str, body: Mapping[str, Any] | None, key: str) -> str:
    lines = ["curl" + (f" -X {method}" if method not in ("GET", "POST") or (method == "POST" and body is None) else "")]
    lines[0] += f" {shlex.quote(url)}"
    if key:
        lines.append(f"-H 'Authorization: Bearer {key}'")
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return " \\\n  ".join(lines)


def _python(method: str, url: str, body: Mapping[str, Any] | None, key: str) -> str:
    given = [f'    "{url}",']
    if key:
        given.append(f'    headers={{"Authorization": "Bearer {key}"}},')
    if body is not None:
        lines = pprint.pformat(dict(body), width=88, sort_dicts=False).splitlines()
        given.append("    json=" + "\n         ".join(lines) + ",")
    return "\n".join(
        ["import requests", "", f"answer = requests.{method.lower()}(", *given, ")", "print(answer.json())"]
    )
