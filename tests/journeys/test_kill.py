"""`kill -9` amid a thousand sends, orders and callbacks: what was answered is there, nothing went twice."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import ledger, pages
from tests.journeys.crowd import INCOMING, OPT_OUTS, ORDERS, REPORTS, SENDS, SUBSCRIPTIONS, Crowd, items
from tests.running import Running, dev, until

pytestmark = pytest.mark.journey

KILLS = [150, 450, 800, 1_150, 1_450]
SEED = 2


def test_kill_9_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    with dev(tmp_path, UJUMBE_LOG_LEVEL="warning") as service:
        # Slow enough that each kill finds calls on their way; AT's reports follow soon, in any order, some twice.
        knobs = {"latency_ms": 15, "report_delay_ms": 30, "report_shuffle": True, "report_duplicate_rate": 0.05}
        assert httpx.put(f"{service.url}/simulator/faults", json=knobs).status_code == 200
        crowd = Crowd(service, KILLS)
        crowd.run(items(SEED))
        service.kill9()  # and once more while replies and reports are under way
        service.restart()
        quiet(service)
        with httpx.Client(base_url=service.url, timeout=30) as client:
            messages, lines = pages(client, "/v1/messages"), ledger(client)
            every_item_was_answered(crowd, messages, lines)
            every_answered_send_is_there_once_and_delivered(crowd, messages)
            every_order_is_there_once(crowd, messages, client)
            nothing_was_taken_twice(crowd, lines, messages)
            every_message_has_an_end_or_says_why_not(messages, client)
            every_text_is_there_once_and_answered_once(crowd, client, messages)
            every_notice_is_there(crowd, client)
        service.stop()
        every_report_is_kept_and_the_database_is_sound(crowd)


def quiet(service: Running) -> None:
    """Wait until the service has nothing to send and the local AT nothing to tell."""
    with httpx.Client(base_url=service.url, timeout=30) as client:

        def done() -> bool:
            waiting = client.get("/simulator/status").json()["callbacks_waiting"]
            moving = [client.get("/v1/messages", params={"state": each, "limit": 1}) for each in ("queued", "sending")]
            return not waiting and not any(each.json()["items"] for each in moving)

        until(done, 60, every=0.1)


def every_item_was_answered(crowd: Crowd, messages: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
    assert crowd.killed == len(KILLS)
    assert len(crowd.told("send")) + len(crowd.lost) == SENDS
    assert crowd.lost, "the kills fell into calls under way"
    for kind, count in {
        "order": ORDERS,
        "twoway": INCOMING,
        "delivery-reports": REPORTS,
        "opt-out": OPT_OUTS,
        "subscription": SUBSCRIPTIONS,
    }.items():
        assert len(crowd.told(kind)) == count
    print(f"\n{len(KILLS) + 1} kills; of {SENDS} sends {len(crowd.told('send'))} answered, {len(crowd.lost)} cut off")
    print(f"{ORDERS} orders for {2 * ORDERS} numbers; {crowd.replayed} answers given again after a kill")
    print(f"orders and callbacks repeated {crowd.repeated}; states {dict(Counter(each['state'] for each in messages))}")
    print(f"taken by the local AT: {sum(each['taken'] for each in lines)} lines of {len(lines)}")


def every_answered_send_is_there_once_and_delivered(crowd: Crowd, messages: list[dict[str, Any]]) -> None:
    by_text: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        by_text.setdefault(message["text"], []).append(message)
    for text, answer in crowd.told("send").items():
        [line] = answer["response"]["SMSMessageData"]["Recipients"]
        [message] = by_text[text]
        assert (message["provider_message_id"], message["to"]) == (line["messageId"], line["number"])
        assert message["state"] == "delivered", "each of AT's reports arrived, too"
        assert message["cost"] == line["cost"]
    for item in crowd.lost:
        assert len(by_text.get(item.key, [])) <= 1


def every_order_is_there_once(crowd: Crowd, messages: list[dict[str, Any]], client: httpx.Client) -> None:
    stored = {each["id"]: each for each in messages if each["text"].startswith("order ")}
    for text, answer in crowd.told("order").items():
        for row in answer["messages"]:
            message = stored.pop(row["id"])
            assert (message["to"], message["text"], message["batch"]) == (row["to"], text, answer["id"])
    assert stored == {}, "and no order was stored twice"
    for text, answer in list(crowd.told("order").items())[::50]:
        found = client.get(f"/v1/batches/{answer['id']}").json()
        assert (found["metadata"], sum(found["counts"].values())) == ({"key": text}, 2)


def nothing_was_taken_twice(crowd: Crowd, lines: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
    taken = Counter((each["number"], each["text"]) for each in lines if each["taken"])
    assert [each for each, times in taken.items() if times > 1] == []
    assert len({(each["number"], each["text"]) for each in lines}) == len(lines), "and nothing was even asked for twice"
    known = {(each["to"], each["text"]): each for each in messages}
    assert set(taken) <= set(known), "AT has nothing that we do not know of"
    for text, answer in crowd.told("send").items():
        assert taken[answer["response"]["SMSMessageData"]["Recipients"][0]["number"], text] == 1


def every_message_has_an_end_or_says_why_not(messages: list[dict[str, Any]], client: httpx.Client) -> None:
    assert {each["state"] for each in messages} <= {"delivered", "uncertain"}
    uncertain = [each for each in messages if each["state"] == "uncertain"]
    assert all("may have been taken" in each["reason"] for each in uncertain)
    for each in uncertain[:5]:
        steps = client.get(f"/v1/messages/{each['id']}").json()["timeline"]
        assert [step["what"] for step in steps][:2] == ["accepted", "submitted"]


def every_text_is_there_once_and_answered_once(
    crowd: Crowd, client: httpx.Client, messages: list[dict[str, Any]]
) -> None:
    texts = pages(client, "/v1/inbound")
    assert sorted(each["provider_id"] for each in texts) == sorted(crowd.told("twoway"))
    replies = {each["id"]: each for each in messages if each["kind"] == "two_way"}
    assert len(replies) == len(texts)
    for each in texts:
        reply = replies.pop(each["reply"])
        assert (reply["to"], reply["text"]) == (each["from"], f'This is a response to: "{each["text"]}"')
        assert reply["state"] in ("delivered", "uncertain")
    assert replies == {}


def every_notice_is_there(crowd: Crowd, client: httpx.Client) -> None:
    assert sorted(each["phone"] for each in pages(client, "/v1/opt-outs")) == sorted(crowd.told("opt-out"))
    running = [each["phone"] for each in pages(client, "/v1/subscriptions") if each["active"]]
    assert sorted(running) == sorted(crowd.told("subscription"))


def every_report_is_kept_and_the_database_is_sound(crowd: Crowd) -> None:
    path: Path = crowd.service.folder / "data" / "ujumbe.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = connection.execute(
            "SELECT DISTINCT provider_id FROM callbacks WHERE state = 'waiting' AND provider_id LIKE 'foreign-%'"
        )
        assert sorted(row[0] for row in kept) == sorted(crowd.told("delivery-reports"))
        assert connection.execute("SELECT 1 FROM calls WHERE verdict = 'open'").fetchall() == []
