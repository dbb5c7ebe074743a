"""/callbacks: what came, as it came, and what became of it."""

import asyncio
import html
import re
from pathlib import Path

import httpx
import pytest

from tests.running import until
from tests.web.pages.inside import MASKED, look_as, pages
from ujumbe.domain import ids
from ujumbe.store import callbacks
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.web.pages.callbacks import PER_PAGE


def newest(http: httpx.Client, **query: str) -> str:
    found = re.findall(r"/callbacks/(cb_\w+)", http.get("/callbacks", params=query).text)
    assert found
    return str(found[0])


def test_a_callback_tells_its_fate_and_why(http: httpx.Client, number: str) -> None:
    form = {"phoneNumber": number, "shortCode": "12345", "keyword": "PUNDA", "updateType": "pause<b>"}
    http.post("/sms/subscription", data=form)
    one = newest(http, kind="subscription", state="ignored")
    page = http.get(f"/callbacks/{one}")
    words = html.unescape(page.text)
    assert "the updateType pause<b> is not one we know" in words
    assert "<b>" not in page.text
    assert "updateType=pause%3Cb%3E" in page.text
    assert "application/x-www-form-urlencoded" in page.text
    assert one in http.get("/callbacks").text
    assert one not in http.get("/callbacks", params={"kind": "opt-out"}).text
    assert one in http.get("/callbacks", params={"kind": "", "state": ""}).text, "as a form without a script asks"


def test_it_leads_to_its_message(http: httpx.Client, number: str) -> None:
    http.get("/sms/invoke-bulk-sms", params={"phone": number, "message": "Habari"}).raise_for_status()
    [message] = [each["id"] for each in http.get("/v1/messages", params={"to": number}).json()["items"]]

    def told() -> str | None:
        listed = http.get("/callbacks", params={"kind": "delivery-reports"}).text
        return listed if f"/messages/{message}" in listed else None

    listed = until(told)
    assert listed is not None
    [one, *_] = re.findall(rf'id="(cb_\w+)"(?:(?!</tr>).)*/messages/{message}', listed, re.DOTALL)
    assert f"/messages/{message}" in http.get(f"/callbacks/{one}").text


def test_an_incoming_text_leads_to_its_conversation(http: httpx.Client, number: str) -> None:
    form = {"linkId": "", "text": "Habari", "to": "12345", "id": f"page-{number}", "date": "2026-03-04 10:30:00"}
    http.post("/sms/twoway", data={**form, "from": number})
    [text] = [each["id"] for each in http.get("/v1/inbound", params={"from": number}).json()["items"]]
    assert f"/inbox/{text}" in http.get(f"/callbacks/{newest(http, kind='twoway')}").text


def test_replayed_by_a_person_who_is_named(http: httpx.Client, number: str) -> None:
    http.post("/sms/opt-out", data={"senderId": "MyBrand", "phone": number})
    one = newest(http, kind="opt-out", state="incomplete")
    assert "Replay it" in http.get(f"/callbacks/{one}").text
    answer = http.post(f"/callbacks/{one}/replay")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/callbacks/{one}")
    page = http.get(f"/callbacks/{one}").text
    assert "replayed: no phoneNumber" in page
    assert "developer: replay callback" in page
    http.post("/sms/opt-out", data={"senderId": "MyBrand", "phoneNumber": number})
    assert "Replay it" not in http.get(f"/callbacks/{newest(http, kind='opt-out', state='applied')}").text


@pytest.mark.parametrize("path", ["/callbacks/cb_0000000000000", "/callbacks/cb_0000000000000/replay"])
def test_one_that_is_not_there(http: httpx.Client, path: str) -> None:
    page = http.request("POST" if "replay" in path else "GET", path)
    assert page.status_code == 404
    assert "UJUMBE_KEEP_CALLBACKS_DAYS" in page.text


@pytest.mark.parametrize("query", [{"kind": "sms"}, {"state": "lost"}, {"before": "msg_0000000000000"}])
def test_what_cannot_be_asked(http: httpx.Client, query: dict[str, str]) -> None:
    assert http.get("/callbacks", params=query).status_code == 422


def keep(tx: Tx, account: int, count: int) -> list[int]:
    body = b"id=ATXid_1&phoneNumber=%2B254711000111&status=Success"
    raw = Raw("delivery-reports", b"", "application/x-www-form-urlencoded", body)
    note = "could not be applied: +254711000111"
    return callbacks.insert_all(tx, account, [New(raw, "+254711000111", "ATXid_1", Fate.BROKEN, note)] * count)


def test_numbers_are_masked_for_whom_they_must_be(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> str:
        async with pages(bare) as (runtime, client):
            [kept] = await runtime.db.write(keep, runtime.account, 1)
            return (await client.get(f"/callbacks/{ids.show(ids.Kind.CALLBACK, kept)}")).text

    look_as(MASKED, monkeypatch)
    page = asyncio.run(main())
    assert "711000111" not in page
    assert "+254******111" in page
    assert "Replay it" not in page


def test_a_list_is_paged_and_masked(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> str:
        async with pages(bare) as (runtime, client):
            kept = await runtime.db.write(keep, runtime.account, PER_PAGE + 3)
            query = {"state": "broken", "before": ids.show(ids.Kind.CALLBACK, kept[3])}
            return (await client.get("/callbacks", params=query)).text

    look_as(MASKED, monkeypatch)
    page = asyncio.run(main())
    assert len(re.findall(r'<tr id="cb_', page)) == 3
    assert "711000111" not in page
    assert "Newest" in page
    assert "Older" not in page


def test_the_documentation_has_every_fate_in_the_words_of_the_page() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    assert all(f"| `{fate}` | {meaning} |" in docs for fate, meaning in callbacks.MEANING.items())
