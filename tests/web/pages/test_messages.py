"""The list of messages: found by anything, page by page, told truthfully, and taken away as a sheet."""

import asyncio
import csv
import html
import io
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.running import dev
from tests.store.opened import queued
from tests.web.conftest import Desk
from tests.web.pages.inside import MASKED, look_as, pages
from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.role import Role
from ujumbe.store import searching
from ujumbe.store.database import Tx
from ujumbe.web.pages.access import SignInNeededError
from ujumbe.web.pages.viewer import Viewer

NEVER = "2026-11-01"
LATER = (datetime.now(UTC) + timedelta(days=90)).isoformat()


@pytest.fixture
def word() -> str:
    """A word that no other test's text has."""
    return f"w{uuid.uuid4().hex[:12]}"


@pytest.fixture
def listed(http: httpx.Client) -> Callable[..., list[str]]:
    """The ids on the list, newest first."""

    def _listed(**query: str) -> list[str]:
        page = http.get("/messages", params=query)
        assert page.status_code == 200, page.text
        return rows(page.text)

    return _listed


def rows(page: str) -> list[str]:
    return re.findall(r'<tr id="(msg_[0-9a-z]{13})"', page)


def links(page: str) -> dict[str, str]:
    """Where each link leads, by its words."""
    found = re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", words).strip(): html.unescape(href) for href, words in found}


def sheet(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def fill(tx: Tx, account: int, texts: Sequence[str]) -> list[int]:
    """A message of each text, to one number."""
    return [queued(tx, account, "+254711000111", state=State.CANCELED, text=text)[0] for text in texts]


def test_without_a_message_it_says_what_it_is_for(tmp_path: Path) -> None:
    with dev(tmp_path) as service, httpx.Client(base_url=service.url, timeout=20) as http:
        page = http.get("/messages").text
        assert "No messages yet" in page
        assert links(page)["Compose the first"] == "/compose"
        assert sheet(http.get("/messages.csv")) == []
        service.stop()


def test_a_row_tells_what_became_of_it(desk: Desk, http: httpx.Client, number: str, word: str) -> None:
    [row] = desk.accept(number, f"Habari {word} <b>", **{"from": "MyBrand"})["messages"]
    desk.becomes(row["id"], "delivered")
    page = http.get("/messages", params={"q": word}).text
    assert rows(page) == [row["id"]]
    assert f'<a data-row href="/messages/{row["id"]}">' in page
    assert f"Habari {word} &lt;b&gt;" in page
    for told in ("Safaricom Kenya", "KES\N{NO-BREAK SPACE}0.80", "MyBrand", "state delivered"):
        assert told in page
    assert 'data-follow="message"' in page


def test_a_reason_is_told_in_words_of_the_shop(desk: Desk, http: httpx.Client, word: str) -> None:
    [row] = desk.accept("+254711900613", word)["messages"]
    desk.becomes(row["id"], "undelivered")
    assert "Phone off or out of reach" in http.get("/messages", params={"q": word}).text


def test_finds_by_each_filter(
    desk: Desk, http: httpx.Client, listed: Callable[..., list[str]], number: str, word: str
) -> None:
    [row] = desk.accept(number, f"One {word}", **{"from": "MyBrand"})["messages"]
    [dear] = desk.accept("+256771000111", f"Two {word}")["messages"]
    [late] = desk.accept("+254711000190", f"Three {word}", send_at=LATER)["messages"]
    one, two, three = row["id"], dear["id"], late["id"]
    found = desk.becomes(one, "delivered")
    desk.becomes(two, "delivered")
    day = found["created_at"][:10]
    assert listed(q=word) == [three, two, one]
    assert listed(q=word.upper()) == [three, two, one]
    assert listed(q=number) == listed(q=number[1:]) == [one]
    assert one in listed(q=number[-6:])
    assert one in listed(q=f"0{number[4:]}")
    assert one in listed(q=f"0{number[4:9]}"), "while somebody types it in the national way"
    assert "goes out" in http.get("/messages", params={"q": word, "state": "scheduled"}).text
    assert listed(q=one) == [one]
    assert listed(q=found["provider_message_id"]) == [one]
    assert listed(q=word, state="scheduled") == [three]
    assert listed(q=word, network="64110") == [two]
    assert listed(q=word, sender="mybrand") == [one]
    assert listed(q=word, cost="20") == [two]
    assert listed(q=word, cost="KES 0.5") == [one]
    assert listed(q=word, since=day) == listed(q=word, until=day) == [three, two, one]
    assert listed(q=word, until=NEVER) == listed(q=word, since="2031-01-01") == []
    assert listed(batch=found["batch"]) == [one]
    assert listed(q=word, state="", network="", sender="", since="", until="", cost="", batch="") == [three, two, one]


def test_days_are_those_of_the_viewer(http: httpx.Client, desk: Desk, number: str, word: str) -> None:
    [row] = desk.accept(number, word)["messages"]
    day = desk.message(row["id"])["created_at"][:10]
    for zone, found in (("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12)):
        page = http.get("/messages", params={"q": word, "since": day, "until": day}, headers={"Cookie": f"zone={zone}"})
        moment = int(desk.message(row["id"])["created_at"][11:13])
        assert (rows(page.text) == [row["id"]]) is (0 <= moment + found < 24)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("state", "lost", "A state is one of scheduled, queued"),
        ("cost", "cheap", "An amount is written as in 2.50"),
        ("cost", "KES 1 UGX", "An amount is written as in 2.50"),
        ("since", "2026-13-01", "A day is written as in 2026-03-04"),
        ("since", "yesterday", "A day is written as in 2026-03-04"),
        ("until", "9999-12-31", "A day is written as in 2026-03-04"),
        ("batch", "bat_1", "Not a batch id"),
        ("before", "msg_1", "Not a message id"),
    ],
)
def test_what_cannot_be_read_is_told_and_stays(http: httpx.Client, field: str, value: str, told: str) -> None:
    page = http.get("/messages", params={"q": "habari", field: value})
    assert page.status_code == 422
    assert told in page.text
    assert 'value="habari"' in page.text
    if field not in ("state", "before"):
        assert f'value="{value}"' in page.text
    # While somebody types, the error has to arrive on the page that is open.
    quiet = http.get("/messages", params={field: value}, headers={"x-live": "1"})
    assert (quiet.status_code, told in quiet.text) == (200, True)
    assert http.get("/messages.csv", params={field: value}).status_code == 422


def test_a_time_that_ends_before_it_begins(http: httpx.Client) -> None:
    page = http.get("/messages", params={"since": "2026-11-02", "until": "2026-11-01"})
    assert page.status_code == 422
    assert "This ends before it begins" in page.text


def test_pages_by_key(desk: Desk, http: httpx.Client, new_number: Callable[[], str], word: str) -> None:
    sent = desk.accept([new_number() for _ in range(60)], word, send_at=LATER)
    first = http.get("/messages", params={"q": word})
    expected = [each["id"] for each in sent["messages"]][::-1]
    assert rows(first.text) == expected[:50]
    older = links(first.text)["Older"]
    assert f"before={expected[49]}" in older
    second = http.get(older).text
    assert rows(second) == expected[50:]
    assert "Older" not in links(second)
    assert rows(http.get(links(second)["Newest"]).text) == expected[:50]


def test_the_same_as_a_request(http: httpx.Client) -> None:
    page = http.get("/messages", params={"q": "+254711000111", "state": "failed", "sender": "MyBrand"}).text
    assert "/v1/messages?state=failed&amp;to=%2B254711000111&amp;from=MyBrand" in page
    assert "ujumbe messages list --state failed --to +254711000111" in page
    assert "is left out here" not in page
    assert "is left out here" in http.get("/messages", params={"q": "habari"}).text


def test_a_sheet_holds_all_that_fits(desk: Desk, http: httpx.Client, word: str) -> None:
    numbers = [f"+25471{each:07d}" for each in range(2_500_000, 2_502_300)]
    sent = desk.accept(numbers, f"={word}", send_at=LATER)
    answer = http.get("/messages.csv", params={"q": word, "before": sent["messages"][2_200]["id"]})
    name = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="messages-\d{4}-\d\d-\d\d\.csv"', name)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    found = sheet(answer)
    assert [each["id"] for each in found] == [each["id"] for each in sent["messages"]][2_199::-1]
    assert {each["text"] for each in found} == {f"'={word}"}
    assert found[-1]["to"] == numbers[0]


def test_a_sheet_tells_what_became_of_it(desk: Desk, http: httpx.Client, number: str, word: str) -> None:
    [row] = desk.accept(number, f'Say "{word}",\nplease', **{"from": "MyBrand"})["messages"]
    message = desk.becomes(row["id"], "delivered")
    [found] = sheet(http.get("/messages.csv", params={"q": number}, headers={"Cookie": "zone=Africa/Nairobi"}))
    assert found["text"] == f'Say "{word}",\nplease'
    assert (found["from"], found["state"], found["network"]) == ("MyBrand", "delivered", "Safaricom Kenya")
    assert (found["cost"], found["currency"], found["segments"]) == ("0.8", "KES", "1")
    assert found["created_at"].endswith("+03:00")
    assert (found["provider_message_id"], found["batch"]) == (message["provider_message_id"], message["batch"])


def test_whoever_stops_reading_a_sheet_ends_it(desk: Desk, http: httpx.Client, word: str) -> None:
    desk.accept([f"+25471{each:07d}" for each in range(2_510_000, 2_513_000)], word * 50, send_at=LATER)
    with http.stream("GET", "/messages.csv", params={"q": word}) as answer:
        assert next(answer.iter_bytes(100)).startswith(b"\xef\xbb\xbfid,batch,")
    assert http.get("/messages", params={"q": word}).status_code == 200


@pytest.mark.parametrize("then", [MASKED, SignInNeededError()], ids=["numbers are masked now", "their session ended"])
def test_a_sheet_ends_where_its_reader_may_see_it_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: Viewer | Exception
) -> None:
    monkeypatch.setattr("ujumbe.web.pages.messages.EXPORTED", 2)
    asked = 0

    async def viewer_of(*_: object) -> Viewer:
        nonlocal asked
        asked += 1
        if asked <= 2:
            return Viewer(None, "v", Role.VIEWER, masked=False)
        if isinstance(then, Exception):
            raise then
        return then

    async def main() -> None:
        async with pages(tmp_path) as (runtime, client):
            await runtime.db.write(fill, runtime.account, ["hay"] * 9)
            monkeypatch.setattr("ujumbe.web.pages.page.viewer_of", viewer_of)
            lines = (await client.get("/messages.csv")).text.splitlines()
            assert (len(lines), lines[-1]) == (1 + 2 + 1, "broken off: you may not see this any more")

    asyncio.run(main())


def test_a_search_that_meets_its_bound_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "READ", 6)
    monkeypatch.setattr(searching, "FIRST", 2)

    async def main() -> None:
        async with pages(tmp_path) as (runtime, client):
            made = await runtime.db.write(fill, runtime.account, ["needle", *["hay"] * 8])
            page = await client.get("/messages", params={"q": "needle"})
            assert page.status_code == 200
            assert "Nothing found. Looked through 6 messages, back to" in page.text
            assert "No message fits" not in page.text
            further = links(page.text)["Look further back"]
            assert f"before={ids.show(Kind.MESSAGE, made[3])}" in further
            assert "data-goes-on" in page.text  # a script goes on by itself
            assert rows((await client.get(further)).text) == [ids.show(Kind.MESSAGE, made[0])]
            # One that found something stays where it is.
            found = await client.get("/messages", params={"q": "hay"})
            assert "Looked through 6 messages" in found.text
            assert "data-goes-on" not in found.text
            # The end is told as the end.
            gone = await client.get("/messages", params={"q": "needle", "before": ids.show(Kind.MESSAGE, made[0])})
            assert "Nothing further back" in gone.text
            # A sheet goes on to the end by itself.
            [row] = sheet(await client.get("/messages.csv", params={"q": "needle"}))
            assert row["id"] == ids.show(Kind.MESSAGE, made[0])

    asyncio.run(main())


def test_who_sees_no_numbers_sees_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_as(MASKED, monkeypatch)

    async def main() -> None:
        async with pages(tmp_path) as (runtime, client):
            await runtime.db.write(fill, runtime.account, ["Call +254711000222"])
            page = (await client.get("/messages")).text
            assert "+254******111" in page
            assert "Call +254******222" in page
            sheet_text = (await client.get("/messages.csv")).text
            whole = await client.get("/messages", params={"q": "+254711000111"})
            assert len(rows(whole.text)) == 1
            for text in (page, sheet_text):
                assert "711000" not in text
                assert "711 000" not in text.replace("\N{NO-BREAK SPACE}", " ").replace("0711 000 111, last", "")
            for guess in ("0111", "+2547110001", "call +2547"):
                refused = await client.get("/messages", params={"q": guess})
                assert refused.status_code == 422
                assert "Numbers are masked for you" in refused.text
                assert (await client.get("/messages.csv", params={"q": guess})).status_code == 422

    asyncio.run(main())
