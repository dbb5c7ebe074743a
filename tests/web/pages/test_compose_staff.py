"""Compose with people who sign in: who may send, whose name stands beside it, and who sees no numbers."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.running import Serving, serve
from tests.web.browser import Browser, browser, link_for, set_up_link
from tests.web.pages.filled import fields, words

PASSWORD = "maji mvua jua 7"
NUMBER = "+254711000111"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serve(tmp_path_factory.mktemp("compose"), at="http://127.0.0.1:1", UJUMBE_MASK_NUMBERS="true") as running:
        yield running
        running.stop()
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def admin(service: Serving) -> Iterator[Browser]:
    with browser(service) as somebody:
        somebody.choose(set_up_link(service), PASSWORD, name="Asha")
        yield somebody


@pytest.fixture(scope="module")
def operator(service: Serving, admin: Browser) -> Iterator[Browser]:
    with browser(service) as somebody:
        somebody.choose(link_for(service.folder, "add", "Juma", "--role", "operator"), PASSWORD)
        yield somebody


@pytest.fixture(scope="module")
def viewer(service: Serving, admin: Browser) -> Iterator[Browser]:
    with browser(service) as somebody:
        somebody.choose(link_for(service.folder, "add", "Viewer"), PASSWORD)
        yield somebody


def pressed(somebody: Browser, page: httpx.Response, do: str, **filled: str) -> httpx.Response:
    return somebody.post("/compose", **(fields(page) | filled | {"do": do}))


@pytest.fixture(scope="module")
def batch(operator: Browser) -> str:
    """The page of a batch that an operator sent."""
    checked = pressed(operator, operator.get("/compose"), "check", to=f"{NUMBER} Asha", text=f"Call {NUMBER}")
    assert checked.status_code == 200, words(checked)
    sent = pressed(operator, checked, "send")
    assert sent.status_code == 303, words(sent)
    return str(sent.headers["location"])


def test_who_sent_it_stands_there(admin: Browser, batch: str) -> None:
    assert "Juma : send batch" in words(admin.get(batch))
    message, *_ = re.findall(
        r'href="(/messages/msg_\w+)"', admin.get(f"/messages?batch={batch.rpartition('/')[2]}").text
    )
    assert "Written in the dashboard" in words(admin.get(message))
    assert "YOUR_API_KEY" in words(admin.get(batch)), "a key is named, never shown"
    assert "+254 711 000111" not in words(admin.get(batch))
    assert NUMBER in words(admin.get(batch)), "it stands in the text"


def test_a_viewer_looks_and_sends_nothing(viewer: Browser, batch: str) -> None:
    page = viewer.get(batch)
    assert page.status_code == 200
    assert NUMBER not in page.text
    assert "+254******111" in page.text
    assert "Cancel what has not left" not in page.text
    assert viewer.get("/compose").status_code == 403
    for path in (batch, "/messages", "/"):
        assert 'href="/compose"' not in viewer.get(path).text, "nobody is led to where they may not go"
    for path in ("/compose", "/compose/test", "/compose/meter", "/compose/verdicts.csv", f"{batch}/cancel"):
        answer = viewer.post(path, to=NUMBER, text="x", do="send")
        assert answer.status_code == 403, path


def test_nobody_is_led_to_where_one_signs_in(service: Serving, batch: str) -> None:
    with browser(service) as somebody:
        assert somebody.get("/compose?to=1").headers["location"].startswith("/sign-in?next=")
        assert somebody.get(batch).status_code == 303
        assert somebody.post("/compose", do="send").status_code == 401
        assert somebody.post(f"{batch}/cancel").status_code == 401


def test_another_site_sends_nothing(operator: Browser, batch: str) -> None:
    form = fields(operator.get("/compose")) | {"to": NUMBER, "text": "x", "do": "check"}
    answer = operator.client.post("/compose", data=form, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
