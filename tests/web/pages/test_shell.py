"""What all pages have in common: the policy, static files, times in the viewer's zone, problems as pages."""

import re

import httpx
import pytest


def test_nothing_may_be_loaded_from_elsewhere_or_stand_in_the_page(http: httpx.Client) -> None:
    page = http.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert " style=" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=", page.text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)


def test_static_files_are_kept_for_ever_under_an_address_of_their_content(http: httpx.Client) -> None:
    names = re.findall(r'"(/static/[^"#]+)', http.get("/").text)
    assert names
    for name in names:
        file = http.get(name)
        assert file.status_code == 200, name
        assert "immutable" in file.headers["cache-control"]
        assert re.match(r"/static/[0-9a-f]{12}/", name)


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fapp.py", "__init__.py", "%00"])
def test_nothing_else_is_a_static_file(http: httpx.Client, name: str) -> None:
    assert http.get(f"/static/0123456789ab/{name}").status_code in (400, 404)


def test_a_problem_is_a_page(http: httpx.Client) -> None:
    missing = http.get("/static/0123456789ab/nothing.js")
    assert missing.headers["content-type"].startswith("text/html")
    assert "There is nothing here" in missing.text
    assert "There is no such file" in missing.text


def test_what_no_page_has_is_a_problem_of_the_api(http: httpx.Client) -> None:
    assert http.get("/nothing").json()["type"] == "urn:ujumbe:problem:not-found"


def test_a_person_who_mistypes_an_address_is_told_so_by_a_page(http: httpx.Client) -> None:
    browser = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    missing = http.get("/nothing/at/all", headers=browser)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in missing.text
    assert http.get("/v1/nothing", headers=browser).json()["type"] == "urn:ujumbe:problem:not-found"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("Africa/Nairobi", "Africa/Nairobi"),
        ("Africa%2FNairobi", "Africa/Nairobi"),
        ("America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("", "UTC"),
        ("Mars/Olympus", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/etc/passwd", "UTC"),
        ("a" * 400, "UTC"),
    ],
)
def test_times_are_in_the_zone_that_the_browser_told(http: httpx.Client, given: str, used: str) -> None:
    page = http.get("/", headers={"Cookie": f"zone={given}"})
    assert f'data-zone="{used}"' in page.text


def test_what_a_form_did_is_said_once_and_escaped(http: httpx.Client) -> None:
    page = http.get("/", headers={"Cookie": "said=%3Cb%3EDone%3C%2Fb%3E"})
    assert "&lt;b&gt;Done&lt;/b&gt;" in page.text
    assert re.search(r'said="?"?; .*Max-Age=0', page.headers["set-cookie"])
    quiet = http.get("/", headers={"Cookie": "said=Done", "x-live": "1"})
    assert "Done" not in quiet.text
    assert "set-cookie" not in quiet.headers
