"""Callbacks as a real receiver sees them: fields, tries, lanes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.receiver import Receiver, until
from ujumbe.simulator import config
from ujumbe.simulator.callbacks import Callback

Send = Callable[..., dict[str, Any]]


def test_a_report_has_the_recorded_fields_in_the_recorded_order(
    at: httpx.Client, receiver: Receiver, send: Send
) -> None:
    at.put("/faults", json={"reports": "final"})
    recipients = send("+254711000111,+254711900610")["Recipients"]
    until(lambda: len(receiver.calls) == 2)
    by_number = {call.form["phoneNumber"]: call for call in receiver.calls}
    good, bad = by_number["+254711000111"], by_number["+254711900610"]
    assert good.path == "/sms/delivery-reports"
    assert good.query == {"token": ["s3cret"]}
    assert good.content_type == "application/x-www-form-urlencoded"
    ids = [recipient["messageId"] for recipient in recipients]
    assert good.body.decode() == (
        f"phoneNumber=%2B254711000111&retryCount=0&id={ids[0]}&status=Success&networkCode=63902"
    )
    assert bad.body.decode() == (
        f"phoneNumber=%2B254711900610&failureReason=DeliveryFailure&retryCount=0&id={ids[1]}&status=Failed&networkCode=63902"
    )


def test_an_incoming_text(at: httpx.Client, receiver: Receiver) -> None:
    text = 'STOP & go + 100% \u20ac \U0001f600\n"quoted"'
    written = at.post("/phones/254711000111/messages", json={"to": "12345", "text": text})
    assert written.status_code == 201
    until(lambda: receiver.on("/sms/twoway"))
    form = receiver.on("/sms/twoway")[0]
    assert list(form) == ["date", "from", "id", "linkId", "text", "to", "cost", "networkCode"]
    assert (form["from"], form["to"], form["text"], form["networkCode"]) == ("+254711000111", "12345", text, "63902")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", form["id"])
    assert form["id"] == written.json()["message_id"]
    assert re.fullmatch(r"\d{20}", form["linkId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", form["date"])
    assert re.fullmatch(r"KES \d+\.\d{4}", form["cost"])


def test_an_incoming_text_of_the_old_kind(at: httpx.Client, receiver: Receiver) -> None:
    at.post("/phones/254711900801/messages", json={"to": "12345", "text": "Hi"})
    until(lambda: receiver.on("/sms/twoway"))
    form = receiver.on("/sms/twoway")[0]
    assert set(form) == {"date", "from", "id", "text", "to"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", form["date"])


def test_opt_out_and_subscription(at: httpx.Client, receiver: Receiver) -> None:
    at.post("/phones/254711000111/opt-out", json={"senderId": "UJUMBE"})
    subscription = {"shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
    at.post("/phones/254711000111/subscriptions", json=subscription)
    until(lambda: len(receiver.calls) == 2)
    assert receiver.on("/sms/opt-out") == [{"senderId": "UJUMBE", "phoneNumber": "+254711000111"}]
    assert receiver.on("/sms/subscription") == [{"phoneNumber": "+254711000111", **subscription}]


@pytest.mark.parametrize("status", [500, 400, 404, 201, 204, 302])
def test_whatever_is_not_200_is_tried_again(at: httpx.Client, receiver: Receiver, status: int) -> None:
    tries: list[int] = []

    def answer(path: str) -> int:
        tries.append(len(tries))
        return status if len(tries) <= 3 else 200

    receiver.answer = answer
    at.post("/phones/254711000111/messages", json={"to": "12345", "text": "Hi"})
    until(lambda: at.get("/status").json()["callbacks_waiting"] == 0)
    assert [call.answered for call in receiver.calls] == [status] * 3 + [200]
    assert len({call.body for call in receiver.calls}) == 1
    gaps = [later.at - earlier.at for earlier, later in zip(receiver.calls, receiver.calls[1:], strict=False)]
    assert min(gaps) >= 0.04
    last = at.get("/status").json()["last_callback"]
    assert (last["kind"], last["status"], last["tries"], last["error"]) == ("twoway", 200, 4, None)


def test_after_the_bound_it_is_given_up(monkeypatch: pytest.MonkeyPatch, at: httpx.Client, receiver: Receiver) -> None:
    assert config.RETRY_BOUND == 720
    assert Callback(1, "twoway", "", 720, 0, answer=500).given_up
    assert not Callback(1, "twoway", "", 719, 0, answer=500).given_up
    assert not Callback(1, "twoway", "", 720, 0, answer=200).given_up
    monkeypatch.setattr("ujumbe.simulator.callbacks.RETRY_BOUND", 3)
    receiver.answer = lambda path: 500
    at.post("/phones/254711000111/messages", json={"to": "12345", "text": "Hi"})
    until(lambda: at.get("/status").json()["callbacks_waiting"] == 0)
    assert len(receiver.calls) == 3


def test_a_route_that_hangs_does_not_hold_up_the_others(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    receiver.held_paths = {"/sms/delivery-reports"}
    send(",".join(f"+2547110003{number:02}" for number in range(50)))
    time.sleep(0.05)
    at.post("/phones/254711000111/messages", json={"to": "12345", "text": "Hi"})
    until(lambda: receiver.on("/sms/twoway"))
    assert receiver.reports == []
    receiver.hold.set()
    until(lambda: len(receiver.reports) == 200)


def test_a_reset_forgets_what_was_due(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"report_delay_ms": 100})
    send(",".join(f"+2547110003{number:02}" for number in range(50)))
    at.post("/reset")
    assert at.get("/status").json()["callbacks_waiting"] == 0
    time.sleep(0.3)
    assert receiver.reports == []
