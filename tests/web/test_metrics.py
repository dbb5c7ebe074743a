"""/metrics: every metric that is documented, moving with what happens."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.running import dev
from tests.web.conftest import Desk

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
NAMES = re.findall(r"^\| `(ujumbe_\w+)`", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)


def scrape(http: httpx.Client) -> dict[str, float]:
    """Each sample by its name and labels."""
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_every_metric_is_there_and_documented(http: httpx.Client) -> None:
    told = re.findall(r"^# TYPE (\S+) ", http.get("/metrics").text, re.MULTILINE)
    assert len(NAMES) > 10
    assert sorted(told) == sorted(NAMES)


def test_counts_move(http: httpx.Client, desk: Desk, number: str) -> None:
    before = scrape(http)
    made = desk.accept([number, "0711"])
    desk.becomes(made["messages"][0]["id"], "delivered")
    desk.send(number)
    http.post("/sms/opt-out", data={"phoneNumber": number, "senderId": "MyBrand"})
    http.post("/sms/twoway", data={"from": number})
    after = scrape(http)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('ujumbe_messages_accepted_total{source="api"}') == 1
    assert grown('ujumbe_messages_accepted_total{source="invoke"}') == 1
    assert grown("ujumbe_numbers_rejected_total") == 1
    assert grown('ujumbe_calls_total{taken="answered"}') == 2
    assert grown('ujumbe_messages_outcomes_total{outcome="taken"}') == 2
    assert grown("ujumbe_call_seconds_count") == 2
    assert grown('ujumbe_callbacks_total{fate="applied",kind="opt-out"}') == 1
    assert grown('ujumbe_callbacks_total{fate="incomplete",kind="twoway"}') == 1
    assert grown('ujumbe_callbacks_total{fate="applied",kind="delivery-reports"}') >= 1


def test_how_the_outbox_stands(http: httpx.Client, desk: Desk, number: str) -> None:
    before = scrape(http)
    http.post("/v1/account/pause").raise_for_status()
    try:
        queued = desk.accept(number)["id"]
        later = desk.accept(number, "Later", send_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())["id"]
        told = scrape(http)
        assert told['ujumbe_queue_messages{state="queued"}'] == before['ujumbe_queue_messages{state="queued"}'] + 1
        assert (
            told['ujumbe_queue_messages{state="scheduled"}'] == before['ujumbe_queue_messages{state="scheduled"}'] + 1
        )
        assert told["ujumbe_queue_oldest_seconds"] >= 0
        paused = {name: value for name, value in told.items() if name.startswith("ujumbe_account_paused")}
        assert [name for name, value in paused.items() if value] == ['ujumbe_account_paused{kind="operator"}']
        assert len(paused) == 4
        for each in (queued, later):
            assert http.post(f"/v1/batches/{each}/cancel").json()["canceled"] == 1
    finally:
        http.post("/v1/account/resume").raise_for_status()
    assert not any(value for name, value in scrape(http).items() if name.startswith("ujumbe_account_paused"))


def test_what_is_uncertain(http: httpx.Client, desk: Desk) -> None:
    before = scrape(http)["ujumbe_uncertain_messages"]
    [row] = desk.accept("+254711902001", "Not in the reply")["messages"]
    desk.becomes(row["id"], "uncertain", "delivered")
    assert scrape(http)["ujumbe_uncertain_messages"] >= before
    assert scrape(http)["ujumbe_in_flight_calls"] == scrape(http)["ujumbe_in_flight_numbers"] == 0


def test_consent_and_rules_are_counted(tmp_path: Path) -> None:
    with dev(tmp_path) as service, httpx.Client(base_url=service.url, timeout=20) as client:
        for index, text in enumerate(["STOP", "please stop", "Habari"]):
            given = {"id": f"in-{index}", "from": f"+25471100050{index}", "to": "12345", "text": text, "linkId": ""}
            client.post("/sms/twoway", data={**given, "date": "2026-03-04"}).raise_for_status()
        told = client.get("/metrics").text
        for line in (
            'ujumbe_inbound_texts_total{rule="stop"} 1.0',
            'ujumbe_inbound_texts_total{rule="may"} 1.0',
            'ujumbe_inbound_texts_total{rule="default"} 1.0',
            'ujumbe_opt_outs{source="keyword"} 1.0',
            'ujumbe_opt_outs{source="operator"} 0.0',
            "ujumbe_reviews_waiting 1.0",
        ):
            assert line in told
        service.stop()
