"""A browser without scripts: it keeps cookies, says where its forms come from, and follows nothing by itself."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.running import Running, ujumbe


class Browser:
    """One person's."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    @property
    def cookie(self) -> str:
        """What the session's cookie holds; empty without one."""
        return self.client.cookies.get("ujumbe") or ""

    @cookie.setter
    def cookie(self, secret: str) -> None:
        self.client.cookies.clear()
        self.client.cookies.set("ujumbe", secret, domain=urlsplit(str(self.client.base_url)).hostname or "")

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query or None)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of a page of this service."""
        return self.client.post(path, data=fields, headers={"Origin": str(self.client.base_url).rstrip("/")})

    def sign_in(self, name: str, password: str, **fields: str) -> httpx.Response:
        return self.post("/sign-in", name=name, password=password, **fields)

    def choose(self, path: str, password: str, name: str = "") -> None:
        """Choose a password by a one-time link, and be signed in."""
        done = self.post(path, name=name, password=password, again=password)
        assert done.status_code == 303, done.text


@contextmanager
def browser(service: Running) -> Iterator[Browser]:
    with httpx.Client(base_url=service.url, timeout=20) as client:
        yield Browser(client)


def set_up_link(service: Running) -> str:
    """The path of the newest set-up link that `ujumbe serve` showed."""
    found: list[str] = re.findall(r"Set up the dashboard: \S+(/welcome/\S+)", service.log)
    return found[-1]


def link_for(folder: Path, *words: str, **env: str) -> str:
    """The path of a link that `ujumbe users add …` or `link …` shows."""
    made = ujumbe(folder, "users", *words, "--json", **env)
    assert made.returncode == 0, made.stderr
    link: str = json.loads(made.stdout)["link"]
    return urlsplit(link).path
