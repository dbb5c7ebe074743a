"""The pages of premium products over HTTP: lists, joining and leaving through AT, and AT's list against ours."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from tests.africastalking.scripted import Answer, End, ScriptedServer, reply
from tests.running import until
from tests.web.conftest import Desk
from tests.web.pages.inside import MASKED, look_as, pages
from tests.web.pages.test_opt_outs import spaced
from ujumbe.store import audit, subscriptions
from ujumbe.store.subscriptions import Product

NEWS = Product("12345", "NEWS")
GONE = Answer(b"", End.RESET)


@pytest.fixture
def keyword(number: str) -> str:
    """A product that no other test has."""
    return f"PAGE{number[-4:]}"


def handset(desk: Desk, number: str, keyword: str, change: str = "addition") -> None:
    body = {"shortCode": "12345", "keyword": keyword, "updateType": change}
    assert desk.http.post(f"/simulator/phones/{number}/subscriptions", json=body).status_code == 201


def joined(desk: Desk, keyword: str, *numbers: str) -> None:
    """These subscribe on their handsets, and AT's callbacks have come."""
    for number in numbers:
        handset(desk, number, keyword)
    until(lambda: len(desk.get("/v1/subscriptions", keyword=keyword, active=True)["items"]) == len(numbers))


def product(http: httpx.Client, keyword: str, **query: str) -> httpx.Response:
    return http.get("/subscriptions/product", params={"short_code": "12345", "keyword": keyword, **query})


def rows(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r'<tr id="(sub_\w+)"', page.text)


def notices(http: httpx.Client, number: str, keyword: str, change: str) -> None:
    """A callback of AT that its own list knows nothing of."""
    form = {"phoneNumber": number, "shortCode": "12345", "keyword": keyword, "updateType": change}
    assert http.post("/sms/subscription", data=form).text == "OK"


def test_a_product_with_its_members_and_its_history(http: httpx.Client, desk: Desk, keyword: str, number: str) -> None:
    other = f"{number[:-4]}9{number[-3:]}"
    joined(desk, keyword, number, other)
    handset(desk, other, keyword, "deletion")
    until(lambda: desk.get("/v1/subscriptions", keyword=keyword, active=False)["items"])
    listed = http.get("/subscriptions").text
    assert f"/subscriptions/product?short_code=12345&amp;keyword={keyword}" in listed
    assert f"/compose?kind=premium&amp;keyword={keyword}&amp;from=12345" in listed
    now = product(http, keyword.lower())
    assert len(rows(now)) == 1
    assert f"<h1>{keyword}" in now.text
    assert spaced(number) in now.text
    assert len(rows(product(http, keyword, show="all"))) == 2
    assert rows(product(http, keyword, q=number)) == rows(now)
    assert rows(product(http, keyword, q=other)) == []
    assert len(rows(product(http, keyword, q=other, show="all"))) == 1
    assert "No whole number can be read" in product(http, keyword, q="12").text
    [shown] = rows(now)
    one = http.get(f"/subscriptions/{shown}").text
    assert "Africa&#39;s Talking&#39;s notice" in one
    assert "End this subscription" in one


def test_what_is_not_there(http: httpx.Client) -> None:
    assert product(http, "NOBODY").status_code == 404
    assert http.get("/subscriptions/sub_0000000000001").status_code == 404
    assert http.get("/subscriptions/opt_0000000000001").status_code == 422


def test_joining_and_leaving_go_through_at(http: httpx.Client, desk: Desk, keyword: str, number: str) -> None:
    form = {"number": number, "short_code": "12345", "keyword": keyword}
    page = http.post("/subscriptions/new", data=form, follow_redirects=True)
    assert "Africa&#39;s Talking says:" in page.text
    until(lambda: len(desk.get("/v1/subscriptions", keyword=keyword, active=True)["items"]) == 1)
    [shown] = rows(product(http, keyword))
    ended = http.post(f"/subscriptions/{shown}/end", follow_redirects=True)
    assert "Ended. Africa&#39;s Talking says:" in ended.text
    assert ended.url.path == f"/subscriptions/{shown}"
    again = http.post(f"/subscriptions/{shown}/end", follow_redirects=True)
    assert "It had ended before" in again.text


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(http: httpx.Client) -> None:
    page = http.post("/subscriptions/new", data={"number": "0711", "short_code": "", "keyword": ""})
    assert page.status_code == 422
    assert 'value="0711"' in page.text
    for name in ("number", "short_code", "keyword"):
        assert f'id="{name}-error"' in page.text


def test_a_comparison_shows_first_and_records_on_a_second_word(
    http: httpx.Client, desk: Desk, keyword: str, number: str
) -> None:
    stray = f"{number[:-4]}9{number[-3:]}"
    joined(desk, keyword, number)
    notices(http, number, keyword, "deletion")
    notices(http, stray, keyword, "addition")
    form = {"short_code": "12345", "keyword": keyword}
    page = http.post("/subscriptions/compare", data=form)
    assert page.status_code == 200
    assert "Nothing was changed yet" in page.text
    assert "Only Africa&#39;s Talking has them: 1" in re.sub(r"\s+", " ", page.text)
    assert spaced(number) in page.text
    assert spaced(stray) in page.text
    assert "1 only there, 1 only here, <strong>not recorded</strong>" in product(http, keyword).text
    [running] = desk.get("/v1/subscriptions", keyword=keyword, active=True)["items"]
    assert running["phone"] == stray
    done = http.post("/subscriptions/compare", data={**form, "record": "1"}, follow_redirects=True)
    assert "1 started here, 1 ended here" in done.text
    [running] = desk.get("/v1/subscriptions", keyword=keyword, active=True)["items"]
    assert (running["phone"], running["source"]) == (number, "sync")
    assert "1 only there, 1 only here, recorded" in product(http, keyword).text
    assert "No difference" in http.post("/subscriptions/compare", data=form).text


def test_empty_pages_teach(bare: Path) -> None:
    async def main() -> None:
        async with pages(bare) as (_, client):
            page = await client.get("/subscriptions")
            assert "Nobody has subscribed to anything" in page.text
            assert "http://localhost/sms/subscription" in page.text
            compared = await client.post("/subscriptions/compare")
            assert "There was nothing to compare" in compared.text

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (reply(200, b'{"status": "Failed", "description": "99999 is not yours"}'), 502, "99999 is not yours"),
        (reply(401, b"The supplied authentication is invalid"), 502, "Nothing was changed here"),
        (reply(429, b"slow down"), 503, "try again in a moment"),
        (reply(500, b"oops"), 504, "may or may not have done it"),
        (GONE, 504, "may or may not have done it"),
    ],
    ids=["declined", "credentials", "429", "500", "reset"],
)
def test_what_at_does_not_do_is_told(bare: Path, answer: Answer, status: int, told: str) -> None:
    async def main(url: str) -> None:
        async with pages(bare, url) as (runtime, client):
            await runtime.db.write(subscriptions.start, runtime.account, "+254711000111", *NEWS)
            [shown] = rows(await client.get("/subscriptions/product?short_code=12345&keyword=news"))
            form = {"number": "+254711000222", "short_code": "12345", "keyword": "NEWS"}
            for path, given in (("/subscriptions/new", form), (f"/subscriptions/{shown}/end", {})):
                page = await client.post(path, data=given)
                assert page.status_code == status
                assert told in page.text
            assert "+254711000222" in (await client.post("/subscriptions/new", data=form)).text
            page = await client.post("/subscriptions/compare", data={"record": "1"})
            assert page.status_code == 502
            assert "Not compared." in page.text
            assert await runtime.db.read(subscriptions.count_live, runtime.account, NEWS, 10) == 1
            [note] = await runtime.db.read(audit.list_page, runtime.account, None, 10)
            assert (note.action, note.detail) == ("sync subscriptions", "0 started, 0 ended")

    with ScriptedServer(answer) as server:
        asyncio.run(main(server.url))


def test_numbers_are_masked_for_who_may_not_see_them(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            for keyword in ("NEWS", "JOKE"):
                await runtime.db.write(subscriptions.start, runtime.account, "+254711000111", "12345", keyword)
            look_as(MASKED, monkeypatch)
            product = await client.get("/subscriptions/product?short_code=12345&keyword=NEWS")
            [shown] = rows(product)
            for page in (product, await client.get(f"/subscriptions/{shown}"), await client.get("/subscriptions")):
                assert "711000111" not in page.text
                assert "/subscriptions/new" not in page.text
                assert "/subscriptions/compare" not in page.text
            for path in ("/subscriptions/new", "/subscriptions/compare", f"/subscriptions/{shown}/end"):
                assert (await client.post(path)).status_code == 403

    asyncio.run(main())


def test_pages_go_by_key_and_counts_stop_somewhere(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            numbers = [f"+2547110000{index:02d}" for index in range(60)]
            await runtime.db.write(
                subscriptions.start_all, runtime.account, NEWS, numbers, subscriptions.Source.CALLBACK
            )
            first = await client.get("/subscriptions/product?short_code=12345&keyword=NEWS")
            assert len(rows(first)) == 50
            [older] = re.findall(r'href="([^"]+)" rel="next"', first.text)
            assert len(rows(await client.get(older.replace("&amp;", "&")))) == 10
            monkeypatch.setattr("ujumbe.web.pages.subscriptions.COUNTED", 51)
            assert ">50+ " in (await client.get("/subscriptions")).text

    asyncio.run(main())


def test_a_keyword_of_strangers_is_escaped(bare: Path) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            keyword = '"><script>&x=1'
            await runtime.db.write(subscriptions.start, runtime.account, "+254711000111", "12345", keyword)
            page = await client.get("/subscriptions")
            assert "<script>" not in page.text
            [path] = re.findall(r'data-row href="([^"]+)"', page.text)
            found = await client.get(path.replace("&amp;", "&"))
            assert len(rows(found)) == 1
            assert "<script>" not in found.text
            assert json.dumps(keyword) not in found.text

    asyncio.run(main())
