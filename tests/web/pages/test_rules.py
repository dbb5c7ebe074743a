"""/rules: the order, the form, the tester."""

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.running import Running

FORM = {
    "name": "Opening hours",
    "action": "reply",
    "keywords": "zebrahours, masaa ya punda",
    "template": "At nine, {name}.",
}


@pytest.fixture(autouse=True)
def tidy(http: httpx.Client) -> Iterator[None]:
    yield
    for each in http.get("/v1/rules").json()["items"]:
        http.delete(f"/v1/rules/{each['id']}")


def kept(http: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/v1/rules").json()["items"]
    return found


def add(http: httpx.Client, **form: str) -> httpx.Response:
    return http.post("/rules", data={**FORM, **form})


def audited(service: Running) -> list[tuple[str, str]]:
    """Who did what last, as it lies in the database."""
    [path] = service.folder.rglob("ujumbe.sqlite3")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT action, subject FROM audit ORDER BY id DESC LIMIT 4").fetchall()


def text_of(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.text)))


def test_the_order_is_shown_from_the_top(http: httpx.Client) -> None:
    add(http)
    words = text_of(http.get("/rules")).partition("Each incoming text")[2]
    consent = ("Stop words", "Start words", "Help words", "Words that may ask to stop")
    places = [words.index(each) for each in (*consent, "Your own handlers", "Opening hours", "Default answer")]
    assert places == sorted(places)
    assert "Texts that begin with ZEBRAHOURS or MASAA YA PUNDA." in words
    assert 'This is a response to: "{text}"' in words


def test_each_change_is_noted_with_the_rule(http: httpx.Client, service: Running) -> None:
    add(http)
    add(http)  # refused: the name is taken
    [rule] = [each["id"] for each in kept(http)]
    http.post(f"/rules/{rule}", data=FORM)
    http.post(f"/rules/{rule}/move", data={"by": "down"})
    http.post(f"/rules/{rule}/delete")
    http.post(f"/rules/{rule}/delete")  # refused: it is gone
    done = ["delete rule", "move rule", "change rule", "add rule"]
    assert audited(service) == [(each, rule) for each in done]


def test_added_changed_moved_deleted(http: httpx.Client) -> None:
    answer = add(http, anywhere="on", short_code=" 12345 ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rules")
    add(http, name="Second", keywords="zebra2", position="9999")
    add(http, name="First", keywords="zebra1\nzebra0", position="1")
    assert [each["name"] for each in kept(http)] == ["First", "Opening hours", "Second"]
    first, hours, second = (each["id"] for each in kept(http))
    assert kept(http)[0]["keywords"] == ["zebra1", "zebra0"]
    assert (kept(http)[1]["anywhere"], kept(http)[1]["short_code"]) == (True, "12345")

    form = http.get(f"/rules/{hours}")
    assert 'value="zebrahours, masaa ya punda"' in form.text
    assert re.search(r'value="2" selected', form.text)
    http.post(f"/rules/{hours}", data={**FORM, "name": "Hours", "position": "2", "template": "One\r\ntwo"})
    assert (kept(http)[1]["name"], kept(http)[1]["template"], kept(http)[1]["anywhere"]) == ("Hours", "One\ntwo", False)

    assert http.post(f"/rules/{second}/move", data={"by": "up"}).status_code == 303
    http.post(f"/rules/{first}/move", data={"by": "up"})
    assert [each["id"] for each in kept(http)] == [first, second, hours]
    http.post(f"/rules/{first}/move", data={"by": "down"})
    assert [each["id"] for each in kept(http)] == [second, first, hours]
    assert http.post(f"/rules/{second}/delete").status_code == 303
    assert [each["id"] for each in kept(http)] == [first, hours]
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/move"), ("POST", "/delete")):
        gone = http.request(method, f"/rules/{second}{path}", data=FORM if method == "POST" else None)
        assert gone.status_code == 404, path
        assert "There is nothing here" in gone.text


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"name": " "}, "name", "a name has 1 to 60 characters"),
        ({"name": "Taken"}, "name", "another rule has this name"),
        ({"keywords": "stop"}, "keywords", "comes before every rule"),
        ({"keywords": "!!"}, "keywords", "letters or digits"),
        ({"template": " "}, "template", "needs a template"),
        ({"template": "x" * 1601}, "template", "1,600 is the most"),
        ({"short_code": "a shop by the sea"}, "short_code", "short code"),
        ({"short_code": "1" * 300}, "short_code", "at most 200"),
        ({"action": "subscribe"}, "product", "premium product"),
        ({"action": "opt_out", "keywords": ""}, "keywords", "needs a keyword"),
        ({"action": "dance"}, "action", "choose what the rule does"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    http: httpx.Client, form: dict[str, str], field: str, told: str
) -> None:
    add(http, name="Taken", keywords="zebra3")
    page = add(http, **form)
    assert page.status_code == 422
    error = re.search(r'role="alert">([^<]*)</p>', page.text[page.text.index('<form class="form rule"') :])
    assert error is not None
    assert told.lower() in html.unescape(error.group(1)).lower()
    typed = {**FORM, **form}
    shown = html.unescape(page.text)
    assert all(value in shown for name, value in typed.items() if name not in ("action", field))
    assert len(kept(http)) == 1


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("Stop!", "stop", "Opts its sender out of everything"),
        ("START", "start", "Ends the opt-outs of its sender"),
        ("help", "help", "Says who we are"),
        ("please, no more messages", "doubt", "Waits on the review list"),
        ("zebrahours?", "rule", "It is answered"),
        ("zebraloans", "rule", "Opts its sender out"),
        ("zebranews", "rule", "Africa's Talking is asked to subscribe the sender to NEWS"),
        ("zebraforward", "rule", "Left to your application"),
        ("zebranothing", "rule", "This rule answers nothing"),
        ("Habari", "default", "It is answered"),
    ],
)
def test_a_text_is_tried(http: httpx.Client, text: str, line: str, told: str) -> None:
    add(http)
    for action in ("opt_out", "subscribe", "forward", "nothing"):
        words = {"opt_out": "zebraloans", "subscribe": "zebranews"}.get(action, f"zebra{action}")
        add(http, name=action, action=action, keywords=words, product="NEWS")
    heard = http.get("/v1/inbound").json()
    page = http.get("/rules", params={"text": text})
    [hit] = re.findall(r'<li class="line hit" id="line-([^"]+)"', page.text)
    assert hit.partition("_")[0] == line
    assert f"{told}" in text_of(page)
    assert http.get("/v1/inbound").json() == heard, "nothing is kept"


def test_an_answer_is_shown_as_it_would_be_sent(http: httpx.Client) -> None:
    add(http, template="{name}, you wrote <{text}> to {to}" + "!" * 160)
    words = text_of(http.get("/rules", params={"text": "zebrahours {to}", "to": "54321"}))
    assert "{name}, you wrote <zebrahours {to}> to 54321!!!" in words
    assert "2 SMS" in words
    other = text_of(http.get("/rules", params={"text": "x\x00y"}))
    assert "default" in other
