"""The wire of sending: E1 to E4 of AT's API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.receiver import KEY

FORM = {"username": "sandbox", "to": "+254711000111", "message": "Hello"}
Send = Callable[..., dict[str, Any]]
Ledger = Callable[[], list[dict[str, Any]]]


def test_the_answer_is_the_recorded_one_byte_for_byte(at: httpx.Client) -> None:
    response = at.post("/version1/messaging", data=FORM | {"enqueue": "1"}, headers=KEY)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["content-length"]) == len(response.content)
    assert re.fullmatch(
        r'\{"SMSMessageData":\{"Message":"Sent to 1/1 Total Cost: KES 0\.8000 Message parts: 1","Recipients":\['
        r'\{"cost":"KES 0\.8000","messageId":"ATXid_[0-9a-f]{32}","number":"\+254711000111","status":"Success",'
        r'"statusCode":102\}\]\}\}',
        response.text,
    )


@pytest.mark.parametrize("name", ["apiKey", "apikey", "ApiKey", "APIKEY"])
def test_the_key_header_is_read_in_any_case(at: httpx.Client, name: str) -> None:
    assert at.post("/version1/messaging", data=FORM, headers={name: "local"}).status_code == 201


@pytest.mark.parametrize(("enqueue", "code"), [(None, 101), ("0", 101), ("1", 102), ("undefined", 101), ("", 101)])
def test_enqueue_decides_between_queued_and_sent(send: Send, enqueue: str | None, code: int) -> None:
    fields = {} if enqueue is None else {"enqueue": enqueue}
    assert send("+254711000111", **fields)["Recipients"][0]["statusCode"] == code


@pytest.mark.parametrize(
    ("number", "cost"),
    [
        ("+254711000111", "KES 0.8000"),
        ("+256700000001", "UGX 25.0000"),
        ("+234803000001", "NGN 2.2000"),
        ("+255754000001", "TZS 22.0000"),
        ("+233240000001", "GHS 0.0350"),
        ("+250788000001", "RWF 10.0000"),
        ("+27820000001", "ZAR 0.1124"),
        ("+15550000001", "USD 0.0500"),
    ],
)
def test_a_recipient_costs_its_own_currency_and_the_total_is_the_accounts(send: Send, number: str, cost: str) -> None:
    data = send(number)
    assert data["Recipients"][0]["cost"] == cost
    assert re.fullmatch(r"Sent to 1/1 Total Cost: KES \d+\.\d{4} Message parts: 1", data["Message"])


def test_a_dollar_account_pays_what_was_recorded(at: httpx.Client, send: Send) -> None:
    at.put("/faults", json={"balance": "USD 10.0000"})
    assert send("+254711000111")["Message"] == "Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1"
    assert at.get("/faults").json()["balance"] == "USD 9.9921"


def test_each_part_is_paid(send: Send) -> None:
    data = send("+254711000111", "x" * 161)
    assert data["Message"] == "Sent to 1/1 Total Cost: KES 1.6000 Message parts: 2"
    assert data["Recipients"][0]["cost"] == "KES 1.6000"


def test_malformed_numbers_are_refused_and_echoed(at: httpx.Client, send: Send, ledger: Ledger) -> None:
    bad = [
        "0711000111",
        "254711000111",
        "+254",
        "+2547110001112223334",
        "nobody",
        "<b>",
        "+0711000111",
        "+٢٥٤٧١١٠٠٠١١١",
    ]
    data = send(",".join([*bad, "+254711000111"]))
    assert data["Message"] == "Sent to 1/9 Total Cost: KES 0.8000 Message parts: 1"
    refused = {"cost": "0", "messageId": "None", "status": "InvalidPhoneNumber", "statusCode": 403}
    assert data["Recipients"][:-1] == [refused | {"number": number} for number in bad]
    assert [line["taken"] for line in ledger()] == [False] * len(bad) + [True]
    assert at.get("/faults").json()["balance"] == "KES 999999.2000"


def test_nobody_accepted_costs_a_bare_nought(send: Send) -> None:
    assert send("0711,0722")["Message"] == "Sent to 0/2 Total Cost: 0"


def test_a_number_listed_twice_is_sent_and_paid_twice(at: httpx.Client, send: Send) -> None:
    data = send("+254711000111,+254711000111")
    assert data["Message"].startswith("Sent to 2/2 Total Cost: KES 1.6000")
    assert len({recipient["messageId"] for recipient in data["Recipients"]}) == 2
    assert len(at.get("/phones/+254711000111/messages").json()) == 2


def test_an_unknown_sender_refuses_everybody(at: httpx.Client, send: Send, ledger: Ledger) -> None:
    assert send("+254711000111", from_="STRANGER") == {"Message": "InvalidSenderId", "Recipients": []}
    assert [(line["taken"], line["status_code"], line["from"]) for line in ledger()] == [(False, 402, "STRANGER")]
    assert at.get("/phones").json() == []


@pytest.mark.parametrize("sender", ["12345", "UJUMBE", "AFRICASTKNG", None, "", "undefined"])
def test_the_accounts_senders_may_send(at: httpx.Client, send: Send, sender: str | None) -> None:
    assert send("+254711000111", **({} if sender is None else {"from_": sender}))["Recipients"]
    shown = at.get("/phones/+254711000111/messages").json()
    assert shown[0]["from"] == (sender if sender not in {None, "", "undefined"} else "AFRICASTKNG")


def test_too_little_money_refuses_everybody(at: httpx.Client, send: Send, ledger: Ledger) -> None:
    at.put("/faults", json={"balance": "KES 1.5999"})
    data = send("+254711000111,+254711000112,nobody")
    assert data["Message"] == "Sent to 0/3 Total Cost: 0"
    assert {(r["status"], r["statusCode"], r["messageId"], r["cost"]) for r in data["Recipients"]} == {
        ("InsufficientBalance", 405, "None", "0")
    }
    assert not any(line["taken"] for line in ledger())
    assert at.get("/faults").json()["balance"] == "KES 1.5999"
    at.put("/faults", json={"balance": "KES 1.6000"})
    assert send("+254711000111,+254711000112")["Message"].startswith("Sent to 2/2")
    assert at.get("/faults").json()["balance"] == "KES 0.0000"


def test_premium_is_free_for_the_account_and_queued(at: httpx.Client, send: Send) -> None:
    data = send("+254711000111", from_="12345", bulkSMSMode="0")
    assert data["Message"] == "Sent to 1/1"
    assert (data["Recipients"][0]["cost"], data["Recipients"][0]["statusCode"]) == ("0", 102)
    assert at.get("/faults").json()["balance"] == "KES 1000000.0000"


def test_the_mode_is_ignored_for_a_name(send: Send) -> None:
    assert send("+254711000111", bulkSMSMode="0")["Recipients"][0]["cost"] == "KES 0.8000"


def test_accept_decides_between_xml_and_json(at: httpx.Client) -> None:
    for accept, wanted in [
        ("application/xml", "application/xml"), ("application/json", "application/json"),
        ("*/*", "application/json"), ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
    ]:  # fmt: skip
        response = at.post("/version1/messaging", data=FORM, headers=KEY | {"Accept": accept})
        assert (response.status_code, response.headers["content-type"]) == (201, wanted)
    request = at.build_request("POST", "/version1/messaging", data=FORM, headers={"apiKey": "local"})
    del request.headers["accept"]
    response = at.send(request)
    assert response.text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?><AfricasTalkingResponse><SMSMessageData><Message>'
    )
    assert re.search(
        r"<Recipients><Recipient><cost>KES 0.8000</cost><messageId>ATXid_\w{32}</messageId>", response.text
    )


def test_an_accept_that_takes_neither_sends_nothing(at: httpx.Client, ledger: Ledger) -> None:
    response = at.post("/version1/messaging", data=FORM, headers=KEY | {"Accept": "text/html"})
    assert response.status_code == 406
    assert ledger() == []


@pytest.mark.parametrize("enqueue", [1, True, "1"])
def test_bulk_as_json(at: httpx.Client, enqueue: object) -> None:
    body = {"username": "sandbox", "message": "Hujambo", "phoneNumbers": ["+254711000111", "+254711000222"]}
    response = at.post("/version1/messaging/bulk", json=body | {"senderId": "UJUMBE", "enqueue": enqueue}, headers=KEY)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert [r["statusCode"] for r in response.json()["SMSMessageData"]["Recipients"]] == [102, 102]
    assert at.get("/phones/254711000222/messages").json()[0]["text"] == "Hujambo"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_hashed_number_is_sent_to_but_no_handset_is_known(at: httpx.Client, ledger: Ledger, as_json: bool) -> None:
    body = {"username": "sandbox", "message": "Hi", "maskedNumber": "9c1a" * 16, "telco": "Safaricom"}
    if as_json:
        response = at.post("/version1/messaging/bulk", json=body | {"phoneNumbers": []}, headers=KEY)
    else:
        response = at.post("/version1/messaging/bulk", data=body, headers=KEY)
    recipient = response.json()["SMSMessageData"]["Recipients"][0]
    assert (recipient["number"], recipient["cost"]) == ("9c1a" * 16, "KES 0.8000")
    assert ledger()[0]["taken"]
    assert at.get("/phones").json() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Object is missing required member 'username'"),
        ({"username": "sandbox"}, "Object is missing required member 'message'"),
        ({"username": "sandbox", "message": "x"}, "Object is missing required member 'phoneNumbers'"),
        ({"username": "sandbox", "message": "x", "phoneNumbers": []}, "'phoneNumbers' is empty"),
        ({"username": "sandbox", "message": "x", "phoneNumbers": [7]}, "Expected List as JsArray"),
        ({"username": "sandbox", "message": "x", "phoneNumbers": "+254711000111"}, "Expected List as JsArray"),
        ({"username": "sandbox", "message": 7, "phoneNumbers": []}, "Expected a text as JsString in 'message'"),
        ([], "Expected an object"),
    ],
)
def test_bulk_json_that_lacks_something_is_malformed(at: httpx.Client, body: object, said: str) -> None:
    response = at.post("/version1/messaging/bulk", json=body, headers=KEY)
    assert response.status_code == 400
    assert response.text.startswith(f"The request content was malformed:\n{said}")


def test_a_hundred_thousand_recipients_in_one_request(at: httpx.Client) -> None:
    at.put("/faults", json={"reports": "none"})
    numbers = [f"+2547110{number:05}" for number in range(100_000)]
    response = at.post("/version1/messaging", data=FORM | {"to": ",".join(numbers)}, headers=KEY, timeout=30)
    assert response.status_code == 201
    recipients = json.loads(response.content)["SMSMessageData"]["Recipients"]
    assert [recipient["number"] for recipient in recipients] == numbers
    page = at.get("/ledger", params={"after": 99_500}).json()
    assert (len(page["items"]), page["next"]) == (500, None)


def test_a_live_account_answers_like_the_live_environment() -> None:
    import asyncio

    from ujumbe.simulator import SimulatorConfig, create_app

    async def send() -> dict[str, Any]:
        app = create_app(SimulatorConfig(username="shamba", api_key="k"))
        async with app, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://at") as client:
            form = FORM | {"username": "shamba", "to": "+254711000111,0711", "message": "x" * 161}
            response = await client.post("/version1/messaging", data=form, headers=KEY | {"apiKey": "k"})
            data: dict[str, Any] = response.json()["SMSMessageData"]
            return data

    data = asyncio.run(send())
    assert data["Message"] == "Sent to 1/2 Total Cost: KES 1.6000"
    assert list(data["Recipients"][0]) == ["cost", "messageId", "messageParts", "number", "status", "statusCode"]
    assert data["Recipients"][0]["messageParts"] == 2
    assert "messageParts" not in data["Recipients"][1]
