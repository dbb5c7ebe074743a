"""Lists of opt-outs in and out, over HTTP."""

import asyncio
import csv
import io
import re
from pathlib import Path

import httpx
import pytest

from tests.running import Running
from tests.web.conftest import Desk
from tests.web.pages.inside import pages
from ujumbe.store import audit, opt_outs
from ujumbe.store.opt_outs import Source
from ujumbe.web.pages import opt_out_files

PLACE = "/opt-outs/import"


def send(http: httpx.Client, text: str, do: str, name: str = "list.csv") -> httpx.Response:
    return http.post(PLACE, data={"do": do}, files={"file": (name, text.encode(), "text/csv")})


def tally(page: httpx.Response) -> dict[str, int]:
    """What the page counts."""
    found = re.findall(r"<dt>([^<]+)</dt><dd>([\d,]+)</dd>", page.text)
    return {name: int(value.replace(",", "")) for name, value in found}


def test_a_file_is_checked_and_then_imported_without_choosing_it_again(
    http: httpx.Client, desk: Desk, number: str
) -> None:
    other = f"{number[:-4]}9{number[-3:]}"
    http.put(f"/v1/opt-outs/{other}")
    text = f"phone,from,reason\n{number},,by letter\n{other},,\n{number},,again\n{number},MyBrand,\n12,,\n"
    page = send(http, text, "check", "C:\\lists\\our list.csv")
    assert page.status_code == 200
    assert "Nothing was changed yet" in page.text
    assert tally(page) == {
        "would be opted out": 2,
        "already in force": 1,
        "said twice in the file": 1,
        "lines that cannot be used": 1,
    }
    assert '<th scope="row">6</th>' in page.text
    assert not desk.opt_outs(number)["opted_out"]
    carried = dict(re.findall(r'type="hidden" name="(name|content)" value="([^"]*)"', page.text))
    done = http.post(PLACE, data={"do": "import", **carried})
    assert tally(done) == {"opted out": 2, "already in force": 2, "lines that cannot be used": 1}
    found = {each["from"]: each for each in desk.opt_outs(number)["history"]}
    assert (found[None]["source"], found[None]["reason"]) == ("import", "by letter")
    assert found[None]["proof"] == "our list.csv line 2"
    assert found["MyBrand"]["proof"] == "our list.csv line 5"


def test_a_file_without_faults_leads_to_the_list(http: httpx.Client, number: str) -> None:
    for said in ("1 opted out, 0 were already", "0 opted out, 1 were already"):
        done = send(http, f"{number}\n", "import")
        assert (done.status_code, done.headers["location"]) == (303, "/opt-outs")
        assert said in http.get("/opt-outs").text


@pytest.mark.parametrize("text", ["", "\n\n", "phone,from\n"], ids=["nothing", "blank lines", "a heading alone"])
def test_a_file_without_numbers(http: httpx.Client, text: str) -> None:
    page = send(http, text, "import")
    assert page.status_code == 422
    assert re.search("This file holds no numbers|Choose a file first", page.text)


@pytest.mark.parametrize(
    "form", [{}, {"do": "import"}, {"do": "import", "content": "no base64"}, {"do": "check", "content": ""}]
)
def test_without_a_file(http: httpx.Client, form: dict[str, str]) -> None:
    page = http.post(PLACE, data=form)
    assert page.status_code == 422
    assert "Choose a file first" in page.text


def test_what_is_no_csv_is_told_by_line(http: httpx.Client) -> None:
    page = send(http, "\x00\x01<html>\n2.54711E+11\n<b>bold</b>\n", "check")
    assert page.status_code == 200
    assert tally(page)["lines that cannot be used"] == 3
    assert "a spreadsheet has rounded this number" in page.text
    assert "<b>bold" not in page.text


def test_a_large_file_is_chosen_again(bare: Path) -> None:
    async def main() -> None:
        async with pages(bare) as (_, client):
            text = "".join(f"+25471{index:07d},,{'x' * 20}\n" for index in range(8_000))
            files = {"file": ("large.csv", text.encode(), "text/csv")}
            page = await client.post(PLACE, data={"do": "check"}, files=files)
            assert tally(page)["would be opted out"] == 8_000
            assert "choose it again below" in page.text
            assert len(page.text) < 20_000
            done = await client.post(PLACE, data={"do": "import"}, files=files)
            assert done.status_code == 303
            assert 'soft">8,000<' in (await client.get("/opt-outs")).text
            sheet = await client.get("/opt-outs/export.csv")
            assert len(sheet.text.splitlines()) == 8_001

    asyncio.run(main())


def test_a_file_with_too_many_rows_stops_and_says_so(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opt_out_files, "MOST_ROWS", 1_000)

    async def main() -> None:
        async with pages(bare) as (runtime, client):
            text = "".join(f"+25471{index:07d}\n" for index in range(1_600))
            for do, counted in (("check", "would be opted out"), ("import", "opted out")):
                page = await client.post(PLACE, data={"do": do}, files={"file": ("l.csv", text.encode(), "text/csv")})
                assert page.status_code == 200
                assert tally(page)[counted] == 1_000
                assert "more than 1,000 rows" in page.text
            bad = await client.post(PLACE, files={"file": ("l.csv", b"x\n" * 1_600, "text/csv")})
            assert "more than 1,000 rows" in bad.text
            notes = await runtime.db.read(audit.list_page, runtime.account, None, 10)
            assert [(each.action, each.detail) for each in notes] == [
                ("import opt-outs", "0 added"),
                ("import opt-outs", "1000 added"),
            ]

    asyncio.run(main())


def test_what_is_too_large_is_refused(http: httpx.Client) -> None:
    page = send(http, "x" * (16 << 20), "check")
    assert page.status_code == 413
    assert "too large" in page.text


def test_an_export_is_safe_to_open_and_comes_back_as_it_was(bare: Path) -> None:
    async def main() -> None:
        async with pages(bare) as (runtime, client):
            reason = '=HYPERLINK("http://evil")'
            await runtime.db.write(opt_outs.insert, runtime.account, "+254711000111", "", Source.IMPORT, reason)
            await runtime.db.write(opt_outs.insert, runtime.account, "+254711000222", "B", Source.IMPORT)
            await runtime.db.write(opt_outs.end, runtime.account, "+254711000222", "B", "operator")
            sheet = await client.get("/opt-outs/export.csv")
            assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
            assert re.fullmatch(
                r'attachment; filename="opt-outs-\d{4}-\d\d-\d\d\.csv"', sheet.headers["content-disposition"]
            )
            [row] = csv.DictReader(io.StringIO(sheet.text))
            assert (row["phone"], row["reason"]) == ("+254711000111", f"'{reason}")
            everything = await client.get("/opt-outs/export.csv?all=1")
            assert [each["phone"] for each in csv.DictReader(io.StringIO(everything.text))] == [
                "+254711000111",
                "+254711000222",
            ]
            page = await client.post(
                PLACE, data={"do": "check"}, files={"file": ("e.csv", everything.content, "text/csv")}
            )
            counts = tally(page)
            assert (counts["already in force"], counts["ended or erased, left out"]) == (1, 1)
            [note, *_] = await runtime.db.read(audit.list_page, runtime.account, None, 10)
            assert (note.action, note.subject) == ("export opt-outs", "")

    asyncio.run(main())


def test_numbers_of_files_are_in_no_log(http: httpx.Client, service: Running, number: str) -> None:
    send(http, f"{number}\n{number[1:]}x\n", "import", f"{number}.csv")
    assert number[1:] not in service.log
