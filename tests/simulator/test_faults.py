"""Every knob, seen from a client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.simulator.receiver import KEY, Receiver, until
from ujumbe.simulator.faults import KNOBS, Dice, Faults

Send = Callable[..., dict[str, Any]]
Ledger = Callable[[], list[dict[str, Any]]]
FORM = {"username": "sandbox", "to": "+254711000111,+254711000222", "message": "Hello"}


def outcomes(ledger: Ledger) -> list[tuple[bool, str]]:
    return [(line["taken"], line["outcome"]) for line in ledger()]


def test_the_defaults_are_calm(at: httpx.Client) -> None:
    at.post("/reset")
    assert at.get("/faults").json() == {
        "latency_ms": 0, "refuse_rate": 0, "error_rate": 0, "accept_then_500_rate": 0, "accept_then_hang_rate": 0,
        "accept_then_reset_rate": 0, "reports": "full", "report_delay_ms": 400, "report_drop_rate": 0,
        "report_duplicate_rate": 0, "report_shuffle": False, "balance": "KES 1000000.0000", "senders": [], "seed": None,
    }  # fmt: skip


def test_there_is_a_check_for_each_field() -> None:
    assert set(KNOBS) == {field.name for field in fields(Faults)} | {"balance"}


def test_put_changes_only_what_it_names(at: httpx.Client) -> None:
    before = at.get("/faults").json()
    after = at.put("/faults", json={"latency_ms": 7, "senders": ["SHAMBA"]}).json()
    assert after == before | {"latency_ms": 7, "senders": ["SHAMBA"]}
    assert at.get("/faults").json() == after


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        *((name, value) for name in KNOBS if name.endswith("_rate") for value in (-0.1, 1.1, "0", None, True)),
        ("latency_ms", -1), ("latency_ms", 600_001), ("report_delay_ms", "fast"),
        ("reports", "some"), ("reports", ["full"]),
        ("reports", {}), ("report_shuffle", 1), ("balance", 100), ("balance", "100"), ("balance", "KES 1.23456"),
        ("balance", "XXX 1.0000"), ("balance", "KES ١"),
        ("senders", "SHAMBA"), ("senders", [""]), ("senders", ["twelve chars"]),
        ("senders", [1]), ("senders", ["x"] * 101), ("seed", 1.5), ("seed", True), ("seed", 2**63), ("colour", "red"),
    ],
)  # fmt: skip
def test_a_bad_knob_is_named_and_turns_nothing(at: httpx.Client, knob: str, value: object) -> None:
    before = at.get("/faults").json()
    response = at.put("/faults", json={"latency_ms": 5, knob: value})
    assert response.status_code == 422
    assert response.json()["field"] == knob
    assert at.get("/faults").json() == before


@pytest.mark.parametrize("body", ["", "[]", "{", '{"latency_ms": NaN}', '{"latency_ms": 1e999}', "\xff"])
def test_a_body_that_is_no_object_is_refused(at: httpx.Client, body: str) -> None:
    assert at.put("/faults", content=body.encode("latin-1")).status_code == 400


def test_latency(at: httpx.Client) -> None:
    at.put("/faults", json={"latency_ms": 200})
    began = time.monotonic()
    assert at.get("/version1/user?username=sandbox", headers=KEY).status_code == 200
    assert time.monotonic() - began >= 0.19
    assert at.get("/status").elapsed.total_seconds() < 0.19


def test_a_client_that_gave_up_during_latency_has_sent_nonetheless(at: httpx.Client, ledger: Ledger) -> None:
    at.put("/faults", json={"latency_ms": 5000})
    with pytest.raises(httpx.ReadTimeout):
        at.post("/version1/messaging", data=FORM, headers=KEY, timeout=0.3)
    assert outcomes(ledger) == [(True, "answered")] * 2


def test_refused(at: httpx.Client, ledger: Ledger) -> None:
    at.put("/faults", json={"refuse_rate": 1})
    response = at.post("/version1/messaging", data=FORM, headers=KEY)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert outcomes(ledger) == [(False, "refused_429")] * 2
    assert at.get("/version1/user?username=sandbox", headers=KEY).status_code == 429
    assert at.get("/phones").json() == []


def test_error(at: httpx.Client, ledger: Ledger) -> None:
    at.put("/faults", json={"error_rate": 1})
    response = at.post("/version1/messaging", data=FORM, headers=KEY)
    assert (response.status_code, response.text) == (500, "There was an internal server error.")
    assert outcomes(ledger) == [(False, "error_500")] * 2
    assert {(line["status_code"], line["message_id"], line["cost"]) for line in ledger()} == {(None, None, "0")}


def test_accept_then_500(at: httpx.Client, receiver: Receiver, ledger: Ledger) -> None:
    at.put("/faults", json={"accept_then_500_rate": 1, "reports": "final"})
    assert at.post("/version1/messaging", data=FORM, headers=KEY).status_code == 500
    assert outcomes(ledger) == [(True, "taken_500")] * 2
    until(lambda: {report["id"] for report in receiver.reports} == {line["message_id"] for line in ledger()})
    assert at.get("/version1/user?username=sandbox", headers=KEY).status_code == 200


def raw_post(at: httpx.Client) -> socket.socket:
    url = urlsplit(str(at.base_url))
    connection = socket.create_connection((url.hostname or "", url.port or 0), timeout=5)
    body = b"username=sandbox&message=Hi&to=%2B254711000111"
    connection.sendall(
        b"POST /version1/messaging HTTP/1.1\r\nHost: at\r\napiKey: local\r\nAccept: application/json\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    return connection


def test_accept_then_reset_is_a_tcp_reset(at: httpx.Client, ledger: Ledger) -> None:
    at.put("/faults", json={"accept_then_reset_rate": 1})
    with raw_post(at) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    with pytest.raises(httpx.ReadError):
        at.post("/version1/messaging", data=FORM, headers=KEY)
    assert outcomes(ledger) == [(True, "taken_reset")] * 3


def test_accept_then_hang(at: httpx.Client, ledger: Ledger) -> None:
    at.put("/faults", json={"accept_then_hang_rate": 1})
    with raw_post(at) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert outcomes(ledger) == [(True, "taken_hang")]


def test_no_reports(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"reports": "none"})
    send("+254711000111")
    assert at.get("/status").json()["callbacks_waiting"] == 0
    assert receiver.reports == []


def test_final_reports(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"reports": "final"})
    send("+254711000111,+254711900610,+254711900701")
    until(lambda: at.get("/status").json()["callbacks_waiting"] == 0)
    assert sorted(report["status"] for report in receiver.reports) == ["Failed", "Success"]


def test_full_reports_come_in_order_and_spaced(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"report_delay_ms": 100})
    message_id = send("+254711000111")["Recipients"][0]["messageId"]
    until(lambda: len(receiver.reports) == 4)
    assert [report["status"] for report in receiver.reports] == ["Sent", "Submitted", "Buffered", "Success"]
    assert {report["id"] for report in receiver.reports} == {message_id}
    gaps = [later.at - earlier.at for earlier, later in zip(receiver.calls, receiver.calls[1:], strict=False)]
    assert min(gaps) > 0.05


def test_dropped_reports(at: httpx.Client, send: Send) -> None:
    at.put("/faults", json={"report_drop_rate": 1, "report_delay_ms": 60_000})
    send("+254711000111")
    assert at.get("/status").json()["callbacks_waiting"] == 0


def test_duplicated_reports(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"report_duplicate_rate": 1})
    send("+254711000111")
    until(lambda: len(receiver.reports) == 8)
    assert sorted(report["status"] for report in receiver.reports) == sorted(
        ["Sent", "Submitted", "Buffered", "Success"] * 2
    )


def test_shuffled_reports(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"report_shuffle": True, "seed": 3, "report_delay_ms": 30})
    send(",".join(f"+2547110002{number:02}" for number in range(10)))
    until(lambda: len(receiver.reports) == 40)
    firsts = {report["phoneNumber"]: report["status"] for report in reversed(receiver.reports)}
    assert len(set(firsts.values())) > 1


def test_senders(at: httpx.Client, send: Send) -> None:
    assert send("+254711000111", from_="SHAMBA")["Message"] == "InvalidSenderId"
    at.put("/faults", json={"senders": ["SHAMBA", "20880"]})
    assert send("+254711000111", from_="SHAMBA")["Recipients"]
    assert send("+254711000111", from_="20880", bulkSMSMode="0")["Recipients"][0]["cost"] == "0"
    assert at.get("/status").json()["senders"] == ["12345", "UJUMBE", "AFRICASTKNG", "SHAMBA", "20880"]
    assert at.post("/phones/254711000111/messages", json={"to": "20880", "text": "Hi"}).status_code == 201


def test_the_same_seed_throws_the_same(at: httpx.Client) -> None:
    def throw() -> list[int]:
        at.put("/faults", json={"seed": 42, "refuse_rate": 0.5})
        return [at.get("/version1/user?username=sandbox", headers=KEY).status_code for _ in range(20)]

    first = throw()
    assert set(first) == {200, 429}
    assert throw() == first


def test_rates_hold_over_many_throws() -> None:
    dice = Dice(1)
    assert 4500 < sum(dice.hits(0.5) for _ in range(10_000)) < 5500
    assert not any(dice.hits(0) for _ in range(10))
