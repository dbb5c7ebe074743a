"""The inbox in this process: for who sees no numbers or changes nothing, with many texts, and in the audit list."""

import asyncio
import html
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.store.opened import number, queued
from tests.store.test_conversations import hear
from tests.web.pages.inside import MASKED, look_as, pages
from ujumbe.domain.role import Role
from ujumbe.runtime import Runtime
from ujumbe.store import audit, contacts, conversation_search, messages
from ujumbe.store import conversations as stored
from ujumbe.web.pages.form_key import new_key
from ujumbe.web.pages.inbox import PER_PAGE, TEXTS_PER_PAGE
from ujumbe.web.pages.render import now_ms
from ujumbe.web.pages.viewer import Viewer

Work = Callable[[Runtime, httpx.AsyncClient], Coroutine[Any, Any, None]]
Inside = Callable[[Work], None]
OPERATOR = Viewer(None, "asha", Role.OPERATOR)


@pytest.fixture
def inside(bare: Path) -> Inside:
    """Runs something with a service that sends nothing, and its pages."""

    async def main(work: Work) -> None:
        async with pages(bare, sends=False) as (runtime, http):
            await work(runtime, http)

    return lambda work: asyncio.run(main(work))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Viewer], None]:
    """Decides who looks at the pages."""
    return lambda viewer: look_as(viewer, monkeypatch)


async def get(http: httpx.AsyncClient, address: str) -> str:
    answer = await http.get(html.unescape(address))
    assert answer.status_code == 200, answer.text
    return answer.text


def links(page: str, label: str) -> list[str]:
    """The addresses behind a link."""
    return re.findall(rf'<a class="outline small" href="([^"]+)"[^>]*>{label}</a>', page)


def ids(page: str) -> list[str]:
    return re.findall(r'<li id="with-(in_[a-z0-9]+)"', page)


def texts(page: str) -> list[str]:
    return re.findall(r'<p class="bubble">([^<]*)</p>', page)


def test_masked_numbers_are_nowhere_on_the_page(inside: Inside, looks: Callable[[Viewer], None]) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        db, account = runtime.db, runtime.account
        await db.write(hear, account, number(111), "Call +254733000777 or me")
        await db.write(queued, account, number(111), text="We called +254733000777")
        looks(MASKED)
        [conversation] = ids(await get(http, "/inbox"))
        for address in ("/inbox", f"/inbox/{conversation}"):
            page = await get(http, address)
            assert "+254******111" in page
            assert "+254******777" in page
            assert not re.search(r"711.?000.?111|733.?000.?777", page)
        assert ids(await get(http, "/inbox?q=111")) == [conversation]
        assert ids(await get(http, "/inbox?q=0111")) == []
        assert ids(await get(http, "/inbox?q=%2B254711000111")) == []

    inside(work)


@pytest.mark.parametrize("said", ["or 0711 000 222", "tel:0711-000-222", "x" * 111 + " 0711000222"])
def test_numbers_are_masked_however_they_are_written(
    inside: Inside, looks: Callable[[Viewer], None], said: str
) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        db, account = runtime.db, runtime.account
        await db.write(hear, account, number(111), said)
        await db.write(contacts.rename, account, number(111), "Otieno 0711 000 222")
        looks(MASKED)
        [conversation] = ids(await get(http, "/inbox"))
        for address in ("/inbox", f"/inbox/{conversation}"):
            assert not re.search(r"711.?000", await get(http, address))
        assert ids(await get(http, "/inbox?q=Otieno")) == [conversation]
        assert ids(await get(http, "/inbox?q=Otieno+0711+0")) == []

    inside(work)


def test_a_viewer_changes_nothing(inside: Inside, looks: Callable[[Viewer], None]) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        await runtime.db.write(hear, runtime.account, number(1))
        looks(Viewer(None, "juma", Role.VIEWER))
        [conversation] = ids(await get(http, "/inbox"))
        page = await get(http, f"/inbox/{conversation}")
        assert 'method="post"' not in page
        for act in ("reply", "done", "reopen", "opt-out", "opt-in", "name"):
            answer = await http.post(f"/inbox/{conversation}/{act}", data={"text": "x", "name": "x", "asked": "yes"})
            assert answer.status_code == 403
        assert await runtime.db.read(audit.list_page, runtime.account, None, 9) == []

    inside(work)


def test_what_is_done_is_in_the_audit_list(inside: Inside, looks: Callable[[Viewer], None]) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        await runtime.db.write(hear, runtime.account, number(1), "Habari")
        looks(OPERATOR)
        [conversation] = ids(await get(http, "/inbox"))
        path, key = f"/inbox/{conversation}", new_key(now_ms())
        for act, given in (
            ("reply", {"text": "Karibu", "key": key}),
            ("reply", {"text": "Karibu", "key": key}),
            ("done", {"seen": conversation}),
            ("reopen", {}),
            ("name", {"name": "Asha"}),
            ("opt-out", {"scope": "all"}),
            ("opt-in", {"asked": "yes"}),
        ):
            answer = await http.post(f"{path}/{act}", data=given)
            assert answer.status_code == 303, answer.text
        entries = await runtime.db.read(audit.of_subject, runtime.account, conversation)
        assert {each.actor for each in entries} == {"asha"}
        assert [each.action for each in entries] == [
            "finish conversation", "reopen conversation", "name contact", "opt out", "lift opt-out",
        ]  # fmt: skip
        everything = await runtime.db.read(audit.list_page, runtime.account, None, 9)
        assert [each.action for each in everything[len(entries) :]] == ["answer conversation"]
        assert everything[-1].subject.startswith("bat_"), "so that the message itself tells who answered"
        assert not [each for each in everything if number(1) in f"{each.subject} {each.detail}"]

    inside(work)


def test_two_clicks_at_once_send_once(inside: Inside) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        await runtime.db.write(hear, runtime.account, number(1), "Habari")
        [conversation] = ids(await get(http, "/inbox"))
        given = {"text": "Karibu", "key": new_key(now_ms())}
        clicks = [http.post(f"/inbox/{conversation}/reply", data=given) for _ in range(4)]
        assert [each.status_code for each in await asyncio.gather(*clicks)] == [303] * 4
        assert len(await runtime.db.read(audit.list_page, runtime.account, None, 9)) == 1
        page = await get(http, f"/inbox/{conversation}")
        assert texts(page) == ["Habari", "Karibu"]

    inside(work)


def test_a_premium_text_is_answered_under_its_link(inside: Inside) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        db, account = runtime.db, runtime.account
        await db.write(hear, account, number(1), "Join", link="older")
        await db.write(hear, account, number(1), "Again", link="SampleLink-1")
        [conversation] = ids(await get(http, "/inbox"))
        await http.post(f"/inbox/{conversation}/reply", data={"text": "Karibu", "key": new_key(now_ms())})
        [line] = [each for each in await _lines(runtime) if each.state is not None]
        sent = await db.read(messages.find, account, line.id)
        assert sent is not None
        assert (sent.mode, sent.sender, sent.link_id) == ("two_way", "12345", "SampleLink-1")

    inside(work)


async def _lines(runtime: Runtime) -> list[stored.Line]:
    return await runtime.db.read(stored.lines, runtime.account, number(1), ours=None, before=None, limit=9)


def test_long_lists_are_paged(inside: Inside) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        for each in range(PER_PAGE + 1):
            await runtime.db.write(hear, runtime.account, number(each), "Habari")
        first = await get(http, "/inbox?state=all")
        assert len(ids(first)) == PER_PAGE
        [older] = links(first, "Older")
        second = await get(http, older)
        assert len(ids(second)) == 1
        assert not set(ids(first)) & set(ids(second))
        [newest] = links(second, "Newest")
        assert newest == "/inbox?state=all"
        matching = await get(http, "/inbox?q=habari")
        assert "Looked through" not in matching, "there are no others"
        [older] = links(matching, "Older")
        assert len(ids(await get(http, older))) == 1

    inside(work)


def test_a_search_says_how_far_it_looked(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_search, "WINDOW", 3)

    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        for each in range(5):
            await runtime.db.write(hear, runtime.account, number(each), f"text {each}")
        first = await get(http, "/inbox?q=text+1")
        assert "Looked through the 3 heard last." in first
        assert "None of these has this number" in first
        [on] = links(first, "Look further back")
        second = await get(http, on)
        assert len(ids(second)) == 1
        assert "Looked through" not in second

    inside(work)


def test_long_threads_are_paged_and_keep_the_place_in_the_list(inside: Inside) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        for each in range(TEXTS_PER_PAGE + 2):
            await runtime.db.write(hear, runtime.account, number(1), f"text {each}")
        await runtime.db.write(hear, runtime.account, number(1), "elsewhere", "54321")
        [_, conversation] = ids(await get(http, "/inbox?state=all"))
        first = await get(http, f"/inbox/{conversation}?state=all")
        assert texts(first)[0] == "text 3"
        assert texts(first)[-1] == "elsewhere"
        assert "to 54321" in first
        [older] = links(first, "Older texts")
        assert "state=all" in older
        second = await get(http, older)
        assert texts(second) == ["text 0", "text 1", "text 2"]
        assert links(second, "Newest texts") == [f"/inbox/{conversation}?state=all"]
        assert (await http.get(f"/inbox/{conversation}?until=nonsense")).status_code == 422

    inside(work)


def test_a_name_takes_no_texts(inside: Inside) -> None:
    async def work(runtime: Runtime, http: httpx.AsyncClient) -> None:
        await runtime.db.write(hear, runtime.account, "Safaricom", "Your bundle is used up")
        [conversation] = ids(await get(http, "/inbox"))
        page = await get(http, f"/inbox/{conversation}")
        assert "They write under a name, which takes no texts" in page
        assert "</textarea>" not in page
        assert (await http.post(f"/inbox/{conversation}/reply", data={"text": "Hi"})).status_code == 422

    inside(work)


def test_without_a_simulator_the_callback_address_comes_first(inside: Inside) -> None:
    async def work(_: Runtime, http: httpx.AsyncClient) -> None:
        page = await get(http, "/inbox")
        assert "set the one for incoming messages" in page
        assert '<a class="solid" href="/settings">' in page

    inside(work)
