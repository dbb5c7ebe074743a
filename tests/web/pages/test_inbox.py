"""The inbox as a browser without scripts has it, on a running service with the local AT."""

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import dev, until
from tests.web.conftest import Desk
from tests.web.pages.filled import words
from ujumbe.web.pages.form_key import LIFETIME_MS, new_key
from ujumbe.web.pages.render import now_ms

PATIENCE = 20


def search(http: httpx.Client, words: str, state: str = "all") -> list[str]:
    """The addresses of the conversations that the list shows for a search."""
    page = http.get("/inbox", params={"q": words, "state": state})
    assert page.status_code == 200
    return re.findall(r'data-row href="(/inbox/in_[a-z0-9]+)', page.text)


@pytest.fixture
def path(desk: Desk, http: httpx.Client, number: str) -> str:
    """The address of a conversation with `number`, who wrote Habari and was answered."""
    desk.handset_texts(number, "Habari")
    desk.answered(number, 1)
    [found] = search(http, number)
    return found


def key(page: httpx.Response) -> str:
    """What makes the reply form of a page send once."""
    [found] = re.findall(r'name="key" value="([^"]+)"', page.text)
    return str(found)


def post(http: httpx.Client, address: str, **fields: Any) -> httpx.Response:
    answer = http.post(address, data=fields)
    assert answer.status_code in (303, 422), answer.text
    return answer


def follow(http: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """The page that a form leads to."""
    assert answer.status_code == 303, answer.text
    page = http.get(answer.headers["location"])
    assert page.status_code == 200
    return page


def test_an_empty_inbox_says_how_texts_get_here(tmp_path: Path) -> None:
    with dev(tmp_path) as service, httpx.Client(base_url=service.url, timeout=PATIENCE) as http:
        assert "Nobody has written yet Open a phone of the simulator and text 12345." in words(http.get("/inbox"))
        assert 'href="/simulator/"' in http.get("/inbox?state=done").text
        assert "No conversation that is open has this number" in words(http.get("/inbox?q=asha"))
        http.post("/simulator/phones/+254711000111/messages", json={"to": "12345", "text": "Habari"})
        until(lambda: search(http, "habari"))
        assert "Nothing is done yet." in words(http.get("/inbox?state=done"))
        [first] = search(http, "habari")
        seen = first.rpartition("/")[2]
        assert "Done. No other conversation is open." in words(follow(http, post(http, f"{first}/done", seen=seen)))
        assert "Nothing waits for you." in words(http.get("/inbox"))


def test_the_list_says_who_wrote_what_to_whom(http: httpx.Client, path: str, number: str) -> None:
    page = http.get("/inbox", params={"state": "all"})
    [row] = re.findall(rf'<a data-row href="{path}\?state=all">(.*?)</a>', page.text, re.DOTALL)
    told = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())
    assert re.fullmatch(rf"\+254 711 01{number[-4:]} .*(?:ago|now) Habari to 12345 open", told), told
    assert number not in "".join(re.findall(r'href="([^"]*)"', page.text)), "a number is in no address"
    http.put(f"/v1/contacts/{number}", json={"fields": {"name": "Asha <3"}})
    assert "Asha &lt;3" in http.get("/inbox").text
    assert search(http, "asha <3") == [path]


def test_a_thread_says_what_went_either_way_and_why(http: httpx.Client, desk: Desk, path: str, number: str) -> None:
    desk.accept(number, "From the brand", **{"from": "MyBrand"})
    desk.handset_texts(number, "STOP")
    desk.answered(number, 3)
    until(lambda: all(each["state"] == "delivered" for each in desk.messages(number)))
    page = http.get(path)
    told = words(page)
    for said in (
        "Today They wrote at",
        "Habari",
        "answered by the default reply We wrote at",
        'This is a response to: "Habari"',
        "automatic delivered : the story of this text",
        "From the brand",
        "from MyBrand",
        "answered by stop word STOP",
        "they are opted out of all texts (by text: wrote STOP). Nothing more can be sent to them",
    ):
        assert said in told[told.index("Today They") :], said
    order = [told.index(each) for each in ("This is a response", "From the brand", "answered by stop word")]
    assert order == sorted(order), "the newest last"
    for message in desk.messages(number):
        assert f'href="/messages/{message["id"]}"' in page.text


def test_an_answer_goes_out_from_the_short_code(http: httpx.Client, desk: Desk, path: str, number: str) -> None:
    given = {"text": "Tunakuja\r\nsaa nne", "key": key(http.get(path))}
    follow(http, post(http, f"{path}/reply", **given))
    assert desk.answered(number, 2)[-1]["text"] == "Tunakuja\nsaa nne"
    assert desk.ledger(number)[-1]["from"] == "12345"
    told = words(http.get(f"/messages/{desk.messages(number)[0]['id']}"))
    assert re.search(r"Written in the dashboard \S+ By developer\.", told)
    assert post(http, f"{path}/reply", **given).headers["location"] == path, "the second click"
    assert len(desk.messages(number)) == 2
    other = post(http, f"{path}/reply", **{**given, "text": "Something else"})
    assert other.status_code == 422
    assert "Another text was sent from here already. Send this one too?" in words(other)
    assert ">Something else</textarea>" in other.text
    follow(http, post(http, f"{path}/reply", text="Something else", key=key(other)))
    assert len(desk.messages(number)) == 3


def test_a_form_of_yesterday_is_looked_at_again(http: httpx.Client, desk: Desk, path: str, number: str) -> None:
    old = post(http, f"{path}/reply", text="Tunakuja", key=new_key(now_ms() - LIFETIME_MS))
    assert old.status_code == 422
    assert "This page was open for most of a day." in words(old)
    follow(http, post(http, f"{path}/reply", text="Tunakuja", key=key(old)))
    assert desk.answered(number, 2)[-1]["text"] == "Tunakuja"


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "Message cannot be empty"), ("  \r\n", "Message cannot be empty"), ("a" * 1601, "1,600 is the most")],
)
def test_what_cannot_be_sent_is_told_at_its_field(http: httpx.Client, path: str, text: str, why: str) -> None:
    was = key(http.get(path))
    wrong = post(http, f"{path}/reply", text=text, key=was)
    assert wrong.status_code == 422
    assert why in words(wrong)
    assert 'aria-describedby="text-error"' in wrong.text
    assert key(wrong) == was
    assert f"{text.strip()}" in wrong.text
    assert http.get(f"{path}/reply").headers["location"] == path, "where a page with errors stands, it goes on"


def test_who_opted_out_is_not_answered(http: httpx.Client, desk: Desk, path: str, number: str) -> None:
    reply = key(http.get(path))
    page = follow(http, post(http, f"{path}/opt-out", scope="this", reason="Asked on the phone"))
    assert "Opted out." in words(page)
    assert "opted out of texts from 12345 (recorded by a person: Asked on the phone)" in words(page)
    assert "</textarea>" not in page.text
    [said] = desk.opt_outs(number)["history"]
    assert (said["from"], said["source"], said["proof"]) == ("12345", "operator", "the dashboard, developer")
    late = follow(http, post(http, f"{path}/reply", text="Was open in another window", key=reply))
    assert "Not sent: they opted out meanwhile." in words(late)
    unasked = post(http, f"{path}/opt-in")
    assert unasked.status_code == 422
    assert "Only the person can decide this." in words(unasked)
    assert "They get texts again." in words(follow(http, post(http, f"{path}/opt-in", asked="yes")))
    [said] = desk.opt_outs(number)["history"]
    assert (said["ended_by"], said["ended_proof"]) == ("operator", "the dashboard, developer")
    assert "</textarea>" in http.get(path).text


def test_a_reason_may_not_be_endless(http: httpx.Client, desk: Desk, path: str, number: str) -> None:
    wrong = post(http, f"{path}/opt-out", scope="all", reason="a" * 501)
    assert wrong.status_code == 422
    assert "a reason has at most 500 characters" in words(wrong).casefold()
    assert not desk.opt_outs(number)["opted_out"]
    follow(http, post(http, f"{path}/opt-out", scope="all"))
    assert [each["from"] for each in desk.opt_outs(number)["history"]] == [None]


def test_done_goes_on_to_the_next_one_but_not_past_a_new_text(
    http: httpx.Client, desk: Desk, path: str, number: str
) -> None:
    seen = path.rpartition("/")[2]
    desk.handset_texts(number, "Na kesho?")
    [latest, _] = desk.heard(number, 2)
    stale = follow(http, post(http, f"{path}/done", seen=seen))
    assert "A new text came in meanwhile, so this is still open." in words(stale)
    assert search(http, number, "open") == [path]
    other = f"+25471102{number[-4:]}"
    desk.handset_texts(other, "Mimi pia")
    desk.heard(other, 1)
    [beside] = search(http, other)
    [theirs] = desk.inbound(other)
    following = post(http, f"{beside}/done?state=all", seen=theirs["id"])
    assert following.headers["location"] == f"{path}?state=all", "the one before it"
    follow(http, post(http, f"{path}/done", seen=latest["id"]))
    assert search(http, number, "open") == []
    assert search(http, number, "done") == [path]
    follow(http, post(http, f"{path}/reopen"))
    assert search(http, number, "open") == [path]


def test_a_name_is_given_and_taken_away(http: httpx.Client, path: str, number: str) -> None:
    http.put(f"/v1/contacts/{number}", json={"fields": {"clinic": "Kisumu"}})
    page = follow(http, post(http, f"{path}/name", name=" Asha "))
    assert '<h2 id="who">Asha</h2>' in page.text
    assert "clinic Kisumu" in words(page)
    assert http.get(f"/v1/contacts/{number}").json()["fields"] == {"clinic": "Kisumu", "name": "Asha"}
    wrong = post(http, f"{path}/name", name="a" * 501)
    assert wrong.status_code == 422
    assert "at most 500 characters" in words(wrong)
    follow(http, post(http, f"{path}/name", name=""))
    assert http.get(f"/v1/contacts/{number}").json()["fields"] == {"clinic": "Kisumu"}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/inbox/in_0000000000000", 404),
        ("/inbox/+254711000111", 404),
        ("/inbox/msg_0000000000000", 404),
        ("/inbox?before=nonsense", 422),
        ("/inbox?state=lost", 422),
        (f"/inbox?q={'a' * 101}", 422),
        ("/inbox?q=%00%F0%9F%98%80", 200),
    ],
)
def test_what_is_not_there(http: httpx.Client, address: str, status: int) -> None:
    answer = http.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("act", ["reply", "done", "reopen", "opt-out", "opt-in", "name"])
def test_nothing_is_done_about_what_is_not_there(http: httpx.Client, act: str) -> None:
    assert http.post(f"/inbox/in_0000000000000/{act}", data={"text": "x"}).status_code == 404
