"""The page of a batch: its numbers add up, what waits can be canceled, and what people did stands there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk
from tests.web.pages.filled import words

NewNumber = Callable[[], str]
UNKNOWN = "bat_0000000000000"


def later() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def shares(page: httpx.Response) -> dict[str, int]:
    """What the table of states says."""
    rows = re.findall(r'<tr id="state-(\w+)">.*?<td class="end">([\d,]+)</td>', page.text, re.DOTALL)
    return {state: int(number.replace(",", "")) for state, number in rows}


def lengths(page: httpx.Response) -> float:
    return sum(float(each) for each in re.findall(r'<rect class="\w+" x="[\d.]+" width="([\d.]+)"', page.text))


def test_the_numbers_add_up(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    out, numbers = new_number(), [new_number() for _ in range(7)]
    http.put(f"/v1/opt-outs/{out}").raise_for_status()
    made = desk.accept([*numbers, out, "+254711900404", "0711"], "Habari <b>Asha</b>\nKaribu")
    until(lambda: desk.get(f"/v1/batches/{made['id']}")["counts"] == {"delivered": 7, "failed": 1, "blocked": 1})
    page = http.get(f"/batches/{made['id']}")
    assert page.status_code == 200
    assert shares(page) == {"delivered": 7, "failed": 1, "blocked": 1}
    assert abs(lengths(page) - 1000) < 0.1
    told = words(page)
    assert "9 texts, all settled" in told
    assert "Together 9 known cost so far: KES 5.60" in told
    assert "1 blocked Opted out Do not text them." in told
    assert "Habari &lt;b&gt;Asha&lt;/b&gt;<br>Karibu" in page.text
    assert f"/messages?batch={made['id']}" in page.text
    assert "Cancel what has not left" not in told
    assert f"/v1/batches/{made['id']}" in told, "the same for programs"
    assert 'data-follow="message"' in page.text


def test_what_has_not_left_is_canceled(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number(), new_number()]
    made = desk.accept(numbers, send_at=later())
    path = f"/batches/{made['id']}"
    page = http.get(path)
    assert "2 texts, 2 not settled yet" in words(page)
    assert 'data-confirm="Cancel the 2 texts that have not left yet? What has left goes on."' in page.text
    answer = http.post(f"{path}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    told = words(http.get(path))
    assert "2 canceled." in told
    assert "developer : cancel batch" in told
    assert "canceled in the dashboard" in told
    assert shares(http.get(path)) == {"canceled": 2}
    http.post(f"{path}/cancel")
    assert "Nothing was left to cancel" in words(http.get(path))
    assert [desk.ledger(each) for each in numbers] == [[], []]


def test_several_are_one(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    made = [desk.accept([new_number() for _ in range(size)], send_at=later())["id"] for size in (1, 2, 3)]
    path = f"/batches/{made[0]}?with={made[1]},{made[2]},{made[0]}"
    page = http.get(path)
    assert shares(page) == {"scheduled": 6}
    assert "In 3 parts" in words(page)
    assert all(f"/messages?batch={each}" in page.text for each in made)
    answer = http.post(f"/batches/{made[0]}/cancel", data={"with": f"{made[1]},{made[2]}"})
    assert answer.headers["location"] == f"/batches/{made[0]}?with={made[1]},{made[2]}"
    assert shares(http.get(path)) == {"canceled": 6}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("batch", "others", "status"),
    [
        (UNKNOWN, "", 404),
        ("msg_0000000000000", "", 422),
        ("x", "", 422),
        ("", UNKNOWN, 404),
        ("", "x", 422),
        ("", ",".join([UNKNOWN] * 20), 404),
    ],
)
def test_what_is_not_there(
    http: httpx.Client, desk: Desk, number: str, method: str, batch: str, others: str, status: int
) -> None:
    known = desk.accept(number, send_at=later())["id"]
    path = f"/batches/{batch or known}"
    if method == "GET":
        answer = http.get(path, params={"with": others})
    else:
        answer = http.post(f"{path}/cancel", data={"with": others})
    assert answer.status_code == status
    assert desk.get(f"/v1/batches/{known}")["counts"] == {"scheduled": 1}, "nothing of it was canceled"


def test_it_follows_what_happens(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    """The regions that a script replaces hold what changes, and nothing that somebody types into."""
    made = desk.accept([new_number()], send_at=later())
    page = http.get(f"/batches/{made['id']}").text
    regions = re.findall(r'<(?:section|div)[^>]* id="(\w+)" data-live', page)
    assert {"progress", "why"} <= set(regions)
