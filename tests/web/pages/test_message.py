"""One message: its story in plain words, what it weighs, and what people decide about it."""

import asyncio
import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.store.opened import queued
from tests.web.conftest import Desk
from tests.web.pages.filled import fields
from tests.web.pages.inside import MASKED, look_as, pages
from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State

RISKY = "+254711901500"  # answered 500 with an id: it may have been taken
LATER = (datetime.now(UTC) + timedelta(days=90)).isoformat()


def words(page: str) -> str:
    """What a page says, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\N{NO-BREAK SPACE}", " ").split())


def steps(page: str) -> list[str]:
    """The steps of the story, in order."""
    [timeline] = re.findall(r'<ol class="timeline".*?</ol>', page, re.DOTALL)
    return [words(each) for each in re.findall(r"<strong>(.*?)</strong>", timeline)]


def shown(http: httpx.Client, message: str, status: int = 200) -> str:
    page = http.get(f"/messages/{message}")
    assert page.status_code == status
    return page.text


def test_the_story_of_one_that_arrived(desk: Desk, http: httpx.Client, number: str) -> None:
    [row] = desk.accept(number, "Habari Asha")["messages"]
    found = desk.becomes(row["id"], "delivered")
    page = shown(http, row["id"])
    told = steps(page)
    assert told[:4] == [
        "Accepted through the API",
        "Handed to Africa's Talking",
        "Africa's Talking took it",
        "It left Africa's Talking",
    ]
    assert "It arrived on the phone" in told
    assert told[-1] == "It is delivered"
    said = words(page)
    for each in (
        "It arrived on the phone.", "Price: KES 0.80.", "What was asked", "line: POST /version1/messaging",
        "What was answered", "status: Success", "The report as it came", "networkCode: 63902", "Safaricom Kenya",
        found["provider_message_id"], "1 segment GSM-7, 11 characters, room for 149 more",
    ):  # fmt: skip
        assert each in said, each
    assert f'href="/batches/{found["batch"]}"' in page
    assert "Cancel it" not in page
    assert "What became of it?" not in page
    assert "/inbox/" not in re.sub(r"<nav.*?</nav>", "", page, flags=re.DOTALL)
    assert 'data-follow="message"' in page


@pytest.mark.parametrize(
    ("to", "state", "why", "next_step"),
    [
        ("+254711900402", "failed", "The sender name is not registered", "Have it registered"),
        ("+254711900403", "failed", "This is not a number that can get texts", "Correct the number"),
        ("+254711900406", "blocked", "opted out", "Do not text them"),
        ("+254711900609", "undelivered", "nobody uses this number", "Ask this person for their number"),
        ("+254711900613", "undelivered", "off or out of reach", "Try again later"),
        ("+254711900616", "undelivered", "The network could not deliver it", "Check the number"),
    ],
)
def test_why_and_what_next(desk: Desk, http: httpx.Client, to: str, state: str, why: str, next_step: str) -> None:
    [row] = desk.accept(to, f"Why {state}")["messages"]
    desk.becomes(row["id"], state)
    said = words(shown(http, row["id"]))
    assert why in said
    assert next_step in said


def test_what_nobody_has_words_for_is_told_as_it_came(desk: Desk, http: httpx.Client) -> None:
    [row] = desk.accept("+254711900616", "Strange")["messages"]
    desk.becomes(row["id"], "undelivered")
    assert "SomethingNew" in words(shown(http, row["id"]))


@pytest.mark.parametrize(
    ("text", "told", "marked"),
    [
        ("Don’t go – it’s late", "UCS-2", ["’", "–", "’"]),
        ("Price €5 [now]", "GSM-7", ["€", "[", "]"]),
        ("<b>Hi</b> 😀😀", "UCS-2", ["😀😀"]),
        ("Habari", "GSM-7", []),
    ],
)
def test_dear_characters_are_marked(
    desk: Desk, http: httpx.Client, number: str, text: str, told: str, marked: list[str]
) -> None:
    [row] = desk.accept(number, text, send_at=LATER)["messages"]
    page = shown(http, row["id"])
    assert [html.unescape(each) for each in re.findall(r"<mark title=[^>]*>(.*?)</mark>", page)] == marked
    assert told in words(page)
    assert html.escape("<b>Hi</b>") in page or "<b>" not in page
    assert ("Costly characters" in page) is bool(marked)
    if "’" in marked:
        assert "right single quotation mark, 2 times" in words(page)


def test_one_that_waits_is_canceled(desk: Desk, http: httpx.Client, number: str) -> None:
    [row] = desk.accept(number, "Later", send_at=LATER)["messages"]
    assert f'action="/messages/{row["id"]}/cancel"' in shown(http, row["id"])
    answer = http.post(f"/messages/{row['id']}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/messages/{row['id']}")
    after = http.get(answer.headers["location"])
    assert "It is canceled and will not be sent." in after.text
    assert "It is canceled and will not be sent." not in shown(http, row["id"])
    assert "Canceled by developer" in steps(after.text)
    assert desk.message(row["id"])["state"] == "canceled"


def test_one_that_has_left_is_not_canceled(desk: Desk, http: httpx.Client, number: str) -> None:
    [row] = desk.accept(number, "Gone")["messages"]
    desk.becomes(row["id"], "delivered")
    answer = http.post(f"/messages/{row['id']}/cancel")
    assert answer.status_code == 409
    assert "It cannot be canceled any more: the message is delivered" in answer.text
    assert steps(answer.text)[-1] == "It is delivered"


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        ("sent", "sent", "Noted: it was sent"),
        ("not_sent", "failed", "Noted: it was not sent"),
        ("resend", "queued", "It goes out again"),
    ],
)
def test_an_uncertain_one_is_resolved(
    desk: Desk, http: httpx.Client, turn: Callable[..., None], outcome: str, state: str, said: str
) -> None:
    turn(reports="none")
    [row] = desk.accept(RISKY, f"Resolve as {outcome}")["messages"]
    desk.becomes(row["id"], "uncertain")
    page = shown(http, row["id"])
    for choice in ("It was sent", "It was not sent – give up", "It was not sent – send it again"):
        assert choice in words(page)
    answer = http.post(f"/messages/{row['id']}/resolve", data={"outcome": outcome})
    assert answer.status_code == 303
    after = http.get(answer.headers["location"]).text
    assert said in after
    assert "Resolved by hand by developer" in steps(after)
    decided = [each["detail"] for each in desk.message(row["id"])["timeline"] if each["what"] == "decision"]
    assert (decided[0]["rule"], decided[0]["state"]) == ("resolved", state)


def test_an_answer_that_says_nothing_is_not_told_as_a_refusal(
    desk: Desk, http: httpx.Client, turn: Callable[..., None], number: str
) -> None:
    """HTTP's 500 is no recipient's 500: who reads "not taken" sends it again, and the person gets it twice."""
    turn(accept_then_500_rate=1, reports="none")
    [row] = desk.accept(number, "Answered with 500")["messages"]
    desk.becomes(row["id"], "uncertain")
    said = words(shown(http, row["id"]))
    assert "No clear answer: it may have been taken" in said
    assert "not taken" not in said


def test_what_did_not_arrive_is_sent_anew(desk: Desk, http: httpx.Client) -> None:
    [row] = desk.accept("+254711900613", "Kesho & leo", **{"from": "MyBrand"})["messages"]
    desk.becomes(row["id"], "undelivered")
    assert f'href="/compose?again={row["id"]}"' in shown(http, row["id"]), "no number is in an address"
    form = fields(http.get("/compose", params={"again": row["id"]}))
    assert (form["to"], form["text"], form["kind"]) == ("+254711900613", "Kesho & leo", "bulk")
    assert "MyBrand" in (form["from"], form["other"])


@pytest.mark.parametrize(("again", "status"), [("msg_0000000000000", 404), ("msg_x", 422)])
def test_what_nobody_knows_is_not_sent_anew(http: httpx.Client, again: str, status: int) -> None:
    assert http.get("/compose", params={"again": again}).status_code == status


def test_what_an_opt_out_holds_back_leads_to_it(desk: Desk, http: httpx.Client, number: str) -> None:
    http.put(f"/v1/opt-outs/{number}", json={"reason": "by letter"}).raise_for_status()
    [row] = desk.accept(number, "Held back")["messages"]
    [link] = re.findall(r'href="(/opt-outs/opt_\w+)"', shown(http, row["id"]))
    assert "by letter" in http.get(link).text
    assert "Send anew" not in shown(http, row["id"])


def test_what_waits_during_a_pause_says_so(desk: Desk, http: httpx.Client, number: str) -> None:
    http.post("/settings/pause", data={"reason": "stock-taking"})
    try:
        [row] = desk.accept(number, "Paused")["messages"]
        said = words(shown(http, row["id"]))
        assert "It waits, since nothing is being sent at present." in said
        assert "Somebody has paused it, and somebody has to let it go on. Let it go on" in said
    finally:
        http.post("/settings/resume")
    desk.becomes(row["id"], "delivered")


def test_what_is_no_choice_is_told(desk: Desk, http: httpx.Client, turn: Callable[..., None]) -> None:
    turn(reports="none")
    [row] = desk.accept(RISKY, "No choice")["messages"]
    desk.becomes(row["id"], "uncertain")
    for data in ({}, {"outcome": "maybe"}):
        answer = http.post(f"/messages/{row['id']}/resolve", data=data)
        assert answer.status_code == 422
        assert "Choose one of the three" in answer.text
    assert desk.message(row["id"])["state"] == "uncertain"


def test_what_is_settled_is_not_resolved(desk: Desk, http: httpx.Client, number: str) -> None:
    [row] = desk.accept(number, "Settled")["messages"]
    desk.becomes(row["id"], "delivered")
    answer = http.post(f"/messages/{row['id']}/resolve", data={"outcome": "resend"})
    assert answer.status_code == 409
    assert "There is nothing to decide any more: the message is delivered" in answer.text


@pytest.mark.parametrize("message", ["msg_0000000000001", "msg_1", "bat_0000000000001", "x"])
def test_unknown_ones(http: httpx.Client, message: str) -> None:
    assert "There is nothing here" in shown(http, message, 404)
    assert http.post(f"/messages/{message}/cancel").status_code == 404
    assert http.post(f"/messages/{message}/resolve", data={"outcome": "sent"}).status_code == 404


def test_it_leads_to_the_conversation(desk: Desk, http: httpx.Client, number: str) -> None:
    desk.handset_texts(number, "Are you open?")
    [heard] = desk.heard(number, 1)
    [row] = desk.accept(number, "Yes")["messages"]
    assert f'href="/inbox/{heard["id"]}"' in shown(http, row["id"])


def test_the_same_by_a_program(desk: Desk, http: httpx.Client, number: str) -> None:
    [row] = desk.accept(number, "It's late", kind="two_way", category="promotional", send_at=LATER)["messages"]
    said = html.unescape(shown(http, row["id"]))
    assert f"/v1/messages/{row['id']}" in said
    assert f"ujumbe messages show {row['id']}" in said
    assert f"ujumbe send --two-way --from 12345 {number} 'It'\"'\"'s late'" in said
    assert f'"to": "{number}"' in said
    assert '"kind": "two_way", "category": "promotional"' in said


def test_who_sees_no_numbers_sees_none_and_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_as(MASKED, monkeypatch)

    async def main() -> None:
        async with pages(tmp_path) as (runtime, client):
            fields: dict[str, Any] = {"text": "Call +254711000222 – now"}
            numbers = ["+254711000111", "+254711000112"]
            for state, to in zip((State.SCHEDULED, State.UNCERTAIN), numbers, strict=True):
                [made] = await runtime.db.write(queued, runtime.account, to, state=state, wait_ms=60_000, **fields)
                message = ids.show(Kind.MESSAGE, made)
                page = (await client.get(f"/messages/{message}")).text
                assert "711000" not in page
                assert "711 000" not in words(page)
                assert "+254******222" in page
                assert 'method="post"' not in page
                assert (await client.post(f"/messages/{message}/cancel")).status_code == 403
                assert (await client.post(f"/messages/{message}/resolve")).status_code == 403

    asyncio.run(main())
