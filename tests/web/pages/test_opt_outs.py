"""The pages of opt-outs over HTTP, as a browser without a script sees them."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk
from tests.web.pages.inside import MASKED, look_as, pages
from ujumbe.domain.ids import Kind, show
from ujumbe.domain.role import Role
from ujumbe.store import audit, opt_out_search, opt_outs
from ujumbe.store.opt_outs import Source
from ujumbe.web.pages.viewer import Viewer


def spaced(number: str) -> str:
    """A number as pages group it: `+254 711 010001`."""
    return f"{number[:4]}\N{NO-BREAK SPACE}{number[4:7]}\N{NO-BREAK SPACE}{number[7:]}"


def post(http: httpx.Client, path: str, **form: str) -> httpx.Response:
    """Send a form and go where it leads."""
    return http.post(path, data=form, follow_redirects=True)


def opted_out(desk: Desk, number: str, sender: str = "") -> str:
    """The id of an opt-out that is recorded by API."""
    answer = desk.http.put(f"/v1/opt-outs/{number}", json={"from": sender, "reason": "by letter"})
    return str(answer.json()["history"][0]["id"])


def rows(page: httpx.Response) -> list[str]:
    """The ids of the rows of a list."""
    assert page.status_code == 200, page.text
    return re.findall(r'<tr id="(opt_\w+)"', page.text)


def test_a_stop_is_listed_with_words_and_proof(http: httpx.Client, desk: Desk, number: str) -> None:
    desk.handset_texts(number, "STOP")
    until(lambda: desk.opt_outs(number)["opted_out"])
    page = http.get("/opt-outs", params={"q": number})
    [shown] = rows(page)
    assert spaced(number) in page.text
    assert "a stop word of theirs" in page.text
    assert f"/opt-outs/{shown}#proof-{shown}" in page.text
    story = http.get(f"/opt-outs/{shown}").text
    assert "<q>STOP</q>" in story
    assert "Nothing goes to them" in story


def test_filters_stand_in_the_address(http: httpx.Client, desk: Desk, number: str) -> None:
    first, second = opted_out(desk, number, "MyBrand"), opted_out(desk, number)
    found = {"q": number[-5:]}
    assert {first, second} <= set(rows(http.get("/opt-outs", params=found)))
    assert rows(http.get("/opt-outs", params={"q": f"0{number[4:]}"})) == [second, first], "as people write it"
    assert rows(http.get("/opt-outs", params={"q": number, "sender": "mybrand"})) == [first]
    assert rows(http.get("/opt-outs", params={"q": number, "sender": "*"})) == [second]
    assert rows(http.get("/opt-outs", params={"q": number, "source": "operator"})) == [second, first]
    assert rows(http.get("/opt-outs", params={"q": number, "source": "import"})) == []
    page = http.get("/opt-outs", params={"q": number, "source": "operator", "sender": "MyBrand"}).text
    assert f'value="{number}"' in page
    assert '<option value="operator" selected>' in page
    assert '<option value="MyBrand" selected>' in page


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("7", "Type a whole number, or at least its last 3 digits"),
        ("juma", "Type a whole number, or at least its last 3 digits"),
        ("+999", "No number can be read from this|No opt-out fits"),
        ("+254711999999", "Nobody with this number"),
        ("9876543", "Nobody with this number"),
    ],
)
def test_what_is_not_found_says_so(http: httpx.Client, typed: str, told: str) -> None:
    page = http.get("/opt-outs", params={"q": typed})
    assert rows(page) == []
    assert re.search(told, page.text)


def test_unknown_filters_and_ids(http: httpx.Client) -> None:
    assert http.get("/opt-outs", params={"source": "nobody", "sender": "\x00"}).status_code == 200
    assert http.get("/opt-outs", params={"before": "opt_x"}).status_code == 422
    for path in ("opt_0000000000001", "opt_0000000000001/lift"):
        assert http.get(f"/opt-outs/{path}").status_code == 404
    assert http.get("/opt-outs/msg_0000000000001").status_code == 422


def test_one_is_recorded_by_hand(http: httpx.Client, desk: Desk, number: str) -> None:
    assert 'name="number"' in http.get("/opt-outs/new").text
    page = post(http, "/opt-outs/new", number=spaced(number), sender="MyBrand", reason="a call")
    assert "Opted out of MyBrand" in page.text
    assert re.fullmatch(r"/opt-outs/opt_\w{13}", page.url.path), "no number in the address"
    [found] = desk.opt_outs(number)["history"]
    assert (found["from"], found["source"], found["reason"], found["proof"]) == (
        "MyBrand",
        "operator",
        "a call",
        "the dashboard, developer",
    )
    again = post(http, "/opt-outs/new", number=number, sender="mybrand", reason="")
    assert "had opted out of mybrand before" in again.text
    assert len(desk.opt_outs(number)["history"]) == 1
    everything = post(http, "/opt-outs/new", **{"for": found["id"], "sender": "", "reason": "by letter"})
    assert "Opted out of all senders" in everything.text
    assert desk.send(number)["statusCode"] == 406


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(http: httpx.Client) -> None:
    page = http.post("/opt-outs/new", data={"number": "0711", "sender": "Too long a name", "reason": "x" * 501})
    assert page.status_code == 422
    assert 'value="0711"' in page.text
    assert 'value="Too long a name"' in page.text
    for name in ("number", "sender", "reason"):
        assert f'id="{name}-error"' in page.text


def test_lifting_asks_how_one_knows_and_keeps_it(http: httpx.Client, desk: Desk, number: str) -> None:
    opt_out = opted_out(desk, number)
    opted_out(desk, number, "MyBrand")
    asked = http.get(f"/opt-outs/{opt_out}/lift").text
    assert "Did they ask to hear from you again?" in asked
    assert "MyBrand" in asked
    refused = http.post(f"/opt-outs/{opt_out}/lift", data={"reason": "  "})
    assert refused.status_code == 422
    assert "Say how you know" in refused.text
    page = post(http, f"/opt-outs/{opt_out}/lift", reason="She called today")
    assert "Lifted. The history stays." in page.text
    assert "the dashboard, developer: She called today" in page.text
    by_sender = {each["from"]: each for each in desk.opt_outs(number)["history"]}
    assert (by_sender[None]["ended_by"], by_sender[None]["ended_proof"]) == (
        "operator",
        "the dashboard, developer: She called today",
    )
    assert by_sender["MyBrand"]["until"] is None
    again = post(http, f"/opt-outs/{opt_out}/lift", reason="twice")
    assert "It had ended before" in again.text
    assert "It has ended" in http.get(f"/opt-outs/{opt_out}/lift", follow_redirects=True).text
    assert opt_out not in rows(http.get("/opt-outs", params={"q": number}))
    assert opt_out in rows(http.get("/opt-outs", params={"q": number, "show": "all"}))


def test_what_people_wrote_is_escaped(http: httpx.Client, desk: Desk, number: str) -> None:
    http.put(f"/v1/opt-outs/{number}", json={"reason": "<script>alert(1)</script>"})
    [opt_out] = desk.opt_outs(number)["history"]
    for path in ("/opt-outs", f"/opt-outs/{opt_out['id']}"):
        page = http.get(path, params={"q": number}).text
        assert "&lt;script&gt;" in page
        assert "<script>" not in page


def test_empty_pages_teach(bare: Path) -> None:
    async def main() -> None:
        async with pages(bare) as (_, client):
            page = await client.get("/opt-outs")
            assert "Nobody has opted out" in page.text
            assert "http://localhost/sms/opt-out" in page.text
            assert "Nobody has ever opted out" in (await client.get("/opt-outs?show=all")).text
            assert "Nothing waits for you" in (await client.get("/opt-outs/reviews")).text
            sheet = await client.get("/opt-outs/export.csv")
            assert sheet.text == "phone,from,source,reason,proof,since,until,ended_by\r\n"

    asyncio.run(main())


def test_pages_go_by_key_and_say_how_far_was_looked(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            for index in range(60):
                source = Source.KEYWORD if index == 0 else Source.IMPORT
                number = f"+2547110000{index:02d}"
                await runtime.db.write(opt_outs.insert, runtime.account, number, "", source, "", "words")
            first = await client.get("/opt-outs")
            assert len(rows(first)) == 50
            assert re.search(r'In force <span class="soft">60</span>', first.text)
            [older] = re.findall(r'href="([^"]+)" rel="next"', first.text)
            second = await client.get(older.replace("&amp;", "&"))
            assert len(rows(second)) == 10
            assert 'rel="next"' not in second.text
            monkeypatch.setattr(opt_out_search, "REACH", 30)
            page = await client.get("/opt-outs?source=keyword")
            assert rows(page) == []
            assert "Looked through those since" in page.text
            for _ in range(2):
                [further] = re.findall(r'href="([^"]+)" rel="next"', page.text)
                page = await client.get(further.replace("&amp;", "&"))
                if rows(page):
                    break
            assert len(rows(page)) == 1

    asyncio.run(main())


def test_numbers_are_masked_for_who_may_not_see_them(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            proof = "phoneNumber=%2B254711000111&senderId="
            await runtime.db.write(
                opt_outs.insert, runtime.account, "+254711000111", "", Source.CALLBACK, "call +254711000222", proof
            )
            [found] = await runtime.db.read(opt_outs.history, runtime.account, "+254711000111")
            shown = show(Kind.OPT_OUT, found.id)
            look_as(MASKED, monkeypatch)
            for path in ("/opt-outs", "/opt-outs?show=all", f"/opt-outs/{shown}"):
                page = await client.get(path)
                assert "+254******111" in page.text
                assert "711000111" not in page.text
                assert "711000222" not in page.text
                assert "/opt-outs/new" not in page.text
            assert rows(await client.get("/opt-outs", params={"q": "+254711000111"})) == [shown]
            assert "Numbers are masked for you" in (await client.get("/opt-outs?q=1111")).text
            refused = await client.get("/opt-outs/export.csv")
            assert (refused.status_code, "Numbers are masked for you" in refused.text) == (403, True)
            for path in ("/opt-outs/new", "/opt-outs/import", f"/opt-outs/{shown}/lift"):
                assert (await client.get(path)).status_code == 403
                assert (await client.post(path)).status_code == 403

    asyncio.run(main())


def test_an_admin_with_masked_numbers_sees_none_in_forms(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            await runtime.db.write(opt_outs.insert, runtime.account, "+254711000111", "A", Source.IMPORT)
            [found] = await runtime.db.read(opt_outs.history, runtime.account, "+254711000111")
            shown = show(Kind.OPT_OUT, found.id)
            look_as(Viewer(None, "asha", Role.ADMIN, masked=True), monkeypatch)
            assert "711000111" not in (await client.get(f"/opt-outs/new?for={shown}")).text
            assert "711000111" not in (await client.get(f"/opt-outs/{shown}/lift")).text
            await client.post("/opt-outs/new", data={"for": shown, "sender": "", "reason": ""})
            await client.post(f"/opt-outs/{shown}/lift", data={"reason": "+254711000111 called"})
            notes = await runtime.db.read(audit.list_page, runtime.account, None, 10)
            assert [(each.actor, each.action) for each in notes] == [("asha", "lift opt-out"), ("asha", "add opt-out")]
            assert not [each for each in notes if "711000111" in f"{each.subject} {each.detail}"]

    asyncio.run(main())
