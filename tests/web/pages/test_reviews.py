"""The review list over HTTP."""

import re

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk


@pytest.fixture
def doubt(desk: Desk, number: str) -> str:
    """The id of a review of what a handset has just written."""
    desk.handset_texts(number, "please <b>stop</b> sending\nthis to +254711000222")

    def waiting() -> list[str]:
        found = desk.get("/v1/reviews", limit=1000)["items"]
        return [each["id"] for each in found if each["phone"] == number]

    [review] = until(waiting)
    return review


def test_a_doubt_is_shown_with_its_words(http: httpx.Client, doubt: str) -> None:
    page = http.get("/opt-outs/reviews").text
    assert f'id="{doubt}"' in page
    assert "please &lt;b&gt;stop&lt;/b&gt; sending<br>this to" in page
    assert "stands in it" in page
    assert re.search(r'href="/inbox/in_\w{13}"', page)


def test_opting_out_keeps_the_text_as_proof(http: httpx.Client, desk: Desk, number: str, doubt: str) -> None:
    page = http.post(f"/opt-outs/reviews/{doubt}", data={"decision": "opt_out"}, follow_redirects=True)
    assert "Opted out of all senders" in page.text
    assert f'id="{doubt}"' not in page.text
    [found] = desk.opt_outs(number)["history"]
    assert found["reason"] == "on the review list, by developer"
    assert found["proof"].startswith("please <b>stop</b>")
    again = http.post(f"/opt-outs/reviews/{doubt}", data={"decision": "dismiss"}, follow_redirects=True)
    assert "Somebody had decided about it before" in again.text


def test_dismissing_changes_nothing_else(http: httpx.Client, desk: Desk, number: str, doubt: str) -> None:
    page = http.post(f"/opt-outs/reviews/{doubt}", data={"decision": "dismiss"}, follow_redirects=True)
    assert "Off the list" in page.text
    assert f'id="{doubt}"' not in page.text
    assert desk.opt_outs(number)["history"] == []


@pytest.mark.parametrize("form", [{}, {"decision": "erase"}])
def test_a_decision_is_one_of_two(http: httpx.Client, doubt: str, form: dict[str, str]) -> None:
    assert http.post(f"/opt-outs/reviews/{doubt}", data=form).status_code == 400
    assert f'id="{doubt}"' in http.get("/opt-outs/reviews").text
