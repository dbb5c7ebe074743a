"""Premium subscriptions, opt-outs and what they do to texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.receiver import KEY, Receiver, until

Send = Callable[..., dict[str, Any]]
FORM = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS", "phoneNumber": "+254711000111"}
QUERY = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS"}


def subscribers(at: httpx.Client, **query: object) -> list[dict[str, Any]]:
    response = at.get("/version1/subscription", params=QUERY | {k: str(v) for k, v in query.items()}, headers=KEY)
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["responses"]
    return found


def test_create_list_delete(at: httpx.Client, receiver: Receiver) -> None:
    response = at.post("/version1/subscription/create", data=FORM, headers=KEY)
    assert (response.status_code, response.json()) == (
        201,
        {"description": "Waiting for user input", "status": "Success"},
    )
    at.post("/version1/subscription/create", data=FORM | {"phoneNumber": "+254711000222"}, headers=KEY)
    first, second = subscribers(at)
    assert (first["phoneNumber"], second["phoneNumber"]) == ("+254711000111", "+254711000222")
    assert subscribers(at, lastReceivedId=first["id"]) == [second]
    assert subscribers(at, keyword="OTHER") == []
    response = at.post("/version1/subscription/delete", data=FORM, headers=KEY)
    assert (response.status_code, response.json()) == (201, {"description": "Succeeded", "status": "Success"})
    assert subscribers(at) == [second]
    until(lambda: len(receiver.on("/sms/subscription")) == 3)
    assert sorted(form["updateType"] for form in receiver.on("/sms/subscription")) == [
        "addition",
        "addition",
        "deletion",
    ]


@pytest.mark.parametrize("what", ["create", "delete"])
def test_a_strange_short_code_fails_inside_a_201(at: httpx.Client, what: str) -> None:
    response = at.post(f"/version1/subscription/{what}", data=FORM | {"shortCode": "99999"}, headers=KEY)
    assert response.status_code == 201
    assert response.json() == {
        "description": "Please ensure 99999 is configured under your API account", "status": "Failed",
    }  # fmt: skip


def test_checkout_tokens_are_checked_and_throttled(at: httpx.Client) -> None:
    def token() -> dict[str, str]:
        response = at.post(
            "/checkout/token/create", data={"phoneNumber": "+254711000111"}, headers={"Accept": "application/json"}
        )
        assert response.status_code == 201
        answer: dict[str, str] = response.json()
        return answer

    good = token()
    assert good["token"].startswith("CkTkn_")
    assert token()["description"] == "Success"
    assert token() == {"description": "Too many requests in the current window", "token": "None"}
    response = at.post("/version1/subscription/create", data=FORM | {"checkoutToken": "CkTkn_0"}, headers=KEY)
    assert response.json() == {"description": "Invalid token provided", "status": "Failed"}
    response = at.post("/version1/subscription/create", data=FORM | {"checkoutToken": good["token"]}, headers=KEY)
    assert response.json()["status"] == "Success"


def test_a_handset_subscribes_and_leaves(at: httpx.Client) -> None:
    body = {"shortCode": "12345", "keyword": "NEWS", "updateType": "Addition"}
    assert at.post("/phones/254711000111/subscriptions", json=body).status_code == 201
    assert [found["phoneNumber"] for found in subscribers(at)] == ["+254711000111"]
    at.post("/phones/254711000111/subscriptions", json=body | {"updateType": "deletion"})
    assert subscribers(at) == []
    response = at.post("/phones/254711000111/subscriptions", json=body | {"updateType": "pause"})
    assert (response.status_code, response.json()["field"]) == (422, "updateType")


def test_safaricom_asks_the_handset_or_shows_a_page(at: httpx.Client) -> None:
    form = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS"}
    answer = at.post(
        "/version1/subscription/safaricom", data=form | {"phoneNumber": "+254711000111"}, headers=KEY
    ).json()
    assert set(answer) == {"responseCode", "status", "transactionId"}
    assert len(subscribers(at)) == 1


def test_an_opt_out_refuses_that_sender_only_until_taken_back(at: httpx.Client, send: Send) -> None:
    at.post("/phones/254711000111/opt-out", json={"senderId": "UJUMBE"})
    refused = send("+254711000111", from_="UJUMBE")
    assert refused["Message"] == "Sent to 0/1 Total Cost: 0"
    assert refused["Recipients"] == [
        {"cost": "0", "messageId": "None", "number": "+254711000111", "status": "UserInBlacklist", "statusCode": 406}
    ]
    assert send("+254711000111")["Recipients"][0]["statusCode"] == 101
    at.request("DELETE", "/phones/254711000111/opt-out", json={"senderId": "UJUMBE"})
    assert send("+254711000111", from_="UJUMBE")["Recipients"][0]["statusCode"] == 101


def test_premium_goes_to_subscribers_and_to_those_who_wrote(at: httpx.Client, receiver: Receiver, send: Send) -> None:
    at.put("/faults", json={"reports": "final"})
    at.post(
        "/phones/254711000111/subscriptions", json={"shortCode": "12345", "keyword": "NEWS", "updateType": "addition"}
    )
    link = at.post("/phones/254711000111/messages", json={"to": "12345", "text": "joke"}).json()["link_id"]
    premium = {"from_": "12345", "bulkSMSMode": "0"}
    wanted = {
        send("+254711000111,+254711000222", keyword="NEWS", **premium)["Recipients"][1][
            "messageId"
        ]: "UserNotSubscribedToProduct",
        send("+254711000111", keyword="joke", linkId=link, **premium)["Recipients"][0]["messageId"]: None,
        send("+254711000222", linkId=link, **premium)["Recipients"][0]["messageId"]: "InvalidLinkId",
        send("+254711000111", keyword="NEWS", linkId="undefined", **premium)["Recipients"][0]["messageId"]: None,
        send("+254711000111", linkId="0", **premium)["Recipients"][0]["messageId"]: "InvalidLinkId",
    }
    until(lambda: {report["id"] for report in receiver.reports} >= set(wanted))
    reasons = {report["id"]: report.get("failureReason") for report in receiver.reports}
    assert {message_id: reasons[message_id] for message_id in wanted} == wanted
    assert at.get("/phones/254711000222/messages").json() == []


def test_the_ledger_tells_what_a_premium_text_said(at: httpx.Client, send: Send) -> None:
    send("+254711000111", from_="12345", bulkSMSMode="0", keyword="NEWS", retryDurationInHours="5")
    send("+254711000111", from_="12345", linkId="L1")
    send("+254711000111")
    lines = at.get("/ledger").json()["items"]
    assert [(each["premium"], each["keyword"], each["link_id"], each["retry_hours"]) for each in lines] == [
        (True, "NEWS", "", 5),
        (False, "", "L1", None),
        (False, "", "", None),
    ]
    at.post("/reset")
    send("+254711000111")
    assert [each["keyword"] for each in at.get("/ledger").json()["items"]] == [""]
