"""One of each thing that a service keeps, made through its public doors: what a long past is multiplied from."""

import time
from typing import Any

import httpx

from benchmarks import tables

PATIENCE_SECONDS = 20
NUMBER = "+254711900111"
WAITING = {
    "messages": "WHERE state = 'delivered'",
    "callbacks": "WHERE kind = 'delivery-reports' AND state = 'applied'",
    "delivery_attempts": "",
}
"""What comes by itself, a moment later."""

Row = dict[str, Any]


def make(client: httpx.Client, database_url: str) -> None:
    """Ask a running service for one of each; returns once all of them are stored. Its base is where `client` points."""
    _post(client, "/v1/webhooks", {"url": "http://127.0.0.1:9/events"})
    rule = {"name": "Hours", "action": "reply", "keywords": ["HOURS"], "template": "We are open from nine to five."}
    _post(client, "/v1/rules", rule)
    _post(client, "/v1/messages", {"to": NUMBER, "text": "Clinic opens at nine tomorrow."})
    _report(client)
    for place, text in enumerate(("When do you open?", "please stop sending this")):
        fields = {"id": f"seed-{place}", "from": NUMBER, "to": "12345", "linkId": "", "date": "2026-03-04 10:30:00"}
        client.post("/sms/twoway", data={**fields, "text": text}).raise_for_status()
    client.put("/v1/opt-outs/+254711900108", json={}).raise_for_status()
    client.put("/v1/contacts/+254711900107", json={"fields": {"name": "Asha"}}).raise_for_status()
    product = {"shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
    client.post("/sms/subscription", data={"phoneNumber": NUMBER, **product}).raise_for_status()
    for table, where in WAITING.items():
        _until(database_url, table, where)


def row(database_url: str, table: str) -> Row:
    """The sample's row of `table`, as the product stored it."""
    columns, rows = tables.rows_of(database_url, table, WAITING.get(table, "") + " LIMIT 1")
    return dict(zip(columns, rows[0], strict=True))


def _post(client: httpx.Client, path: str, body: Row) -> None:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text


def _report(client: httpx.Client) -> None:
    """The final report of the message, once AT has taken it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (sent := client.get("/v1/messages?limit=1").json()["items"][0])["provider_message_id"]:
        assert time.monotonic() < deadline, "the message was not sent"
        time.sleep(0.05)
    told = {"id": sent["provider_message_id"], "phoneNumber": NUMBER, "status": "Success", "networkCode": "63902"}
    client.post("/sms/delivery-reports", data={**told, "failureReason": "", "retryCount": "0"}).raise_for_status()


def _until(database_url: str, table: str, where: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not tables.rows_of(database_url, table, where)[1]:
        assert time.monotonic() < deadline, f"nothing came into {table}"
        time.sleep(0.05)
