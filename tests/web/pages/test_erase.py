"""Erasing a person over HTTP."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk
from tests.web.pages.inside import look_as, pages
from ujumbe.domain.role import Role
from ujumbe.store import audit
from ujumbe.web.pages.viewer import Viewer


def test_a_person_is_erased_after_a_number_typed_twice(http: httpx.Client, desk: Desk, number: str) -> None:
    desk.handset_texts(number, "STOP")
    until(lambda: desk.opt_outs(number)["opted_out"])
    [shown] = desk.opt_outs(number)["history"]
    asked = http.get("/erase").text
    assert "What stays" in asked
    page = http.post("/erase", data={"number": number, "again": number[1:]}, follow_redirects=True)
    assert "Erased: the number and texts of" in page.text
    assert number not in page.text
    assert page.url.path == "/erase"
    assert desk.inbound(number) == []
    assert desk.opt_outs(number)["opted_out"]
    story = http.get(f"/opt-outs/{shown['id']}").text
    assert "an erased person" in story
    assert "was erased: the number is gone" in story
    assert not re.search("erased:[0-9a-f]", story)
    assert "/opt-outs/new?for=" not in story
    found = http.get("/opt-outs", params={"q": number}).text
    assert "an erased person" in found
    refused = http.post("/opt-outs/new", data={"for": shown["id"], "sender": "", "reason": ""})
    assert refused.status_code == 422
    again = http.post("/erase", data={"number": number, "again": number}, follow_redirects=True)
    assert "Nothing was found under that number" in again.text


@pytest.mark.parametrize(
    ("number", "again", "wrong"),
    [
        ("", "", {"number", "again"}),
        ("+254711000111", "+254711000112", {"again"}),
        ("0711", "+254711000112", {"number"}),
    ],
)
def test_a_slip_erases_nobody(http: httpx.Client, number: str, again: str, wrong: set[str]) -> None:
    page = http.post("/erase", data={"number": number, "again": again})
    assert page.status_code == 422
    assert {name for name in ("number", "again") if f'id="{name}-error"' in page.text} == wrong


def test_only_admins_may_and_it_is_noted_without_the_number(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            form = {"number": "+254711000111", "again": "+254711000111"}
            look_as(Viewer(None, "juma", Role.OPERATOR), monkeypatch)
            assert (await client.get("/erase")).status_code == 403
            assert (await client.post("/erase", data=form)).status_code == 403
            look_as(Viewer(None, "asha", Role.ADMIN), monkeypatch)
            assert (await client.post("/erase", data=form)).status_code == 303
            notes = await runtime.db.read(audit.list_page, runtime.account, None, 10)
            assert [(each.actor, each.action, each.subject, each.detail) for each in notes] == [
                ("asha", "erase person", "", "")
            ]

    asyncio.run(main())
