"""The overview over HTTP: empty, with texts, and what it asks AT."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import Running, dev, until

NUMBER = "+254711000111"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that nobody has used."""
    with dev(tmp_path_factory.mktemp("overview")) as running:
        yield running
        running.stop()
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def client(fresh: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fresh.url, timeout=20) as made:
        yield made


@pytest.fixture(scope="module")
def empty(client: httpx.Client) -> str:
    """The page before anything happened."""
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def filled(client: httpx.Client, empty: str) -> Callable[[str], str]:
    """The page of a range after some texts were sent, once they are counted."""
    assert empty
    client.put("/simulator/faults", json={"report_delay_ms": 1, "reports": "full"}).raise_for_status()
    to = [NUMBER, "+254733000112", "+254711000113"]
    client.post("/v1/messages", json={"to": to, "text": "Hello"}).raise_for_status()
    client.put("/v1/opt-outs/+254711000114", json={}).raise_for_status()
    client.post("/v1/messages", json={"to": ["+254711000114"], "text": "Hello"}).raise_for_status()
    until(lambda: parts(client.get("/").text).get("Delivered") == 3)
    return lambda query: client.get(f"/{query}").text


def parts(page: str) -> dict[str, int]:
    """The figures on top."""
    found = re.findall(r"<dt>(?:<span[^>]*></span>)?([\w ]+)</dt><dd>([\d,]+)</dd>", page)
    return {name: int(number.replace(",", "")) for name, number in found}


def test_an_empty_page_teaches_the_first_send(empty: str, fresh: Running) -> None:
    assert "No texts yet" in empty
    assert 'href="/compose"' in empty
    assert f"curl {fresh.url}/v1/messages" in empty
    assert "<figure" not in empty


@pytest.mark.parametrize("query", ["", "?days=today", "?days=7", "?days=30"])
def test_what_was_sent_is_told_in_every_range(filled: Callable[[str], str], query: str) -> None:
    page = filled(query)
    told = parts(page)
    assert (told["All"], told["Delivered"], told["Held back"], told["On the way"]) == (4, 3, 1, 0)
    assert "Nothing needs you" in page
    assert re.search(r"Spent</dt><dd><strong>KES.2\.40", page)
    assert len(re.findall(r'<rect class="delivered" x=', page)) == 1
    assert len(re.findall(r"<g>", page)) == {"?days=7": 7, "?days=30": 30}.get(query, 24)
    chosen = {"?days=7": "7 days", "?days=30": "30 days"}.get(query, "Today")
    assert re.search(rf'aria-current="true">{chosen}<', page)


def test_networks_have_names_and_rates(filled: Callable[[str], str]) -> None:
    rows = re.findall(r'<th scope="row">([\w ]+)</th>\s*<td class="end">.*?(\d+)</td>', filled(""))
    assert rows == [("Safaricom Kenya", "2"), ("Airtel Kenya", "1")]
    assert filled("").count("100.0\N{NO-BREAK SPACE}%") == 2


def test_a_chart_can_be_read_without_seeing_it(filled: Callable[[str], str]) -> None:
    page = filled("?days=7")
    assert 'role="img" aria-labelledby="chart-title chart-told"' in page
    told = re.search(r'<desc id="chart-told">(.*?)</desc>', page)
    assert told is not None
    assert told[1].startswith("4 texts: 3 delivered, 0 on the way, 0 uncertain, 0 not delivered, 1 held back.")
    [row] = re.findall(r"<tbody>\s*<tr>(.*?)</tr>\s*</tbody>", page.split('id="chart-table"')[1].split("</table>")[0])
    assert re.findall(r'class="end">(\d+)<', row) == ["4", "3", "0", "0", "0", "1"]


def test_no_style_stands_in_the_page(filled: Callable[[str], str], empty: str) -> None:
    for page in (filled(""), empty):
        assert not re.search(r"\sstyle=|<style|<script>|\son\w+=", page)


def test_an_unknown_range_is_refused_as_a_page(client: httpx.Client) -> None:
    answer = client.get("/?days=366")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_the_balance_is_asked_for_once_and_never_waited_for(
    client: httpx.Client, fresh: Running, filled: Callable[[str], str]
) -> None:
    assert filled("")
    until(lambda: "as of" in client.get("/").text)
    assert re.search(r"<strong>KES.[\d,]+\.\d\d", client.get("/").text)
    for _ in range(5):
        client.get("/")
    assert client.get("/", timeout=5).status_code == 200
    assert fresh.process.poll() is None


def test_what_needs_somebody_comes_first(client: httpx.Client, filled: Callable[[str], str]) -> None:
    assert filled("")
    doubt = {"id": "overview-1", "from": NUMBER, "to": "12345", "text": "please stop sending this", "linkId": ""}
    client.post("/sms/twoway", data={**doubt, "date": "2026-03-04"}).raise_for_status()
    page = until(lambda: client.get("/").text if "perhaps asks to stop" in client.get("/").text else "")
    assert page.index("perhaps asks to stop") < page.index("Texts today")
    assert 'href="/opt-outs/reviews"' in page
    assert "Nothing needs you" not in page


def test_the_past_of_an_older_version_is_counted(tmp_path: Path) -> None:
    """As after an upgrade: messages are there, and no tallies."""
    import sqlite3

    with dev(tmp_path) as service, httpx.Client(timeout=20) as client:
        client.post(f"{service.url}/v1/messages", json={"to": NUMBER, "text": "Hello"}).raise_for_status()
        until(lambda: parts(client.get(f"{service.url}/").text).get("Delivered") == 1)
        service.stop()
        with sqlite3.connect(tmp_path / "data" / "ujumbe.sqlite3") as file:
            for table in ("tallies", "delivery_times", "spending", "tallying", "events"):
                file.execute(f"DELETE FROM {table}")
        file.close()
        service.restart()
        until(lambda: parts(client.get(f"{service.url}/").text).get("Delivered") == 1)
        service.stop()
