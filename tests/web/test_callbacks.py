"""AT's four callbacks, however strange: answered, kept, applied once."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk

_IDS = itertools.count(1)
SIX = ("linkId", "text", "to", "id", "date", "from")
DATE = "2026-03-04 10:30:00"


def incoming(number: str, text: str = "Hello", **other: str) -> dict[str, str]:
    base = {"linkId": "L1", "text": text, "to": "12345", "id": f"in-{next(_IDS)}", "date": DATE, "from": number}
    return base | other


def post(http: httpx.Client, route: str, form: Mapping[str, str], *, expect: str = "OK") -> None:
    answer = http.post(f"/sms/{route}", data=form)
    assert (answer.status_code, answer.text) == (400 if expect == "BAD" else 200, expect)


@pytest.fixture
def sent(desk: Desk, turn: Callable[..., None], number: str) -> Callable[..., str]:
    """A text that AT took and says nothing more about; its AT id."""

    def _sent(mode: str = "bulk") -> str:
        turn(reports="none")
        message_id: str = desk.send(number, mode=mode)["messageId"]
        return message_id

    return _sent


REPORTS = [
    (["Success"], "delivered", "Success"),
    (["Sent", "Submitted", "Buffered", "Success"], "delivered", "Success"),
    (["Buffered", "Submitted", "Sent"], "sent", "Buffered"),
    (["Success", "Buffered", "Submitted", "Sent"], "delivered", "Success"),
    (["Success", "Success", "Success"], "delivered", "Success"),
    (["Success", "Failed"], "delivered", "Success"),
    (["Failed", "Success"], "undelivered", "Failed"),
    (["Rejected"], "undelivered", "Rejected"),
    (["AbsentSubscriber"], "undelivered", "AbsentSubscriber"),
    (["Expired"], "undelivered", "Expired"),
    (["success"], "delivered", "success"),
    (["Quarantined"], "sent", ""),
    (["Sent", "Quarantined", "Success"], "delivered", "Success"),
]


@pytest.mark.parametrize(("statuses", "state", "progress"), REPORTS, ids=[">".join(each[0]) for each in REPORTS])
def test_reports(
    http: httpx.Client,
    desk: Desk,
    sent: Callable[..., str],
    number: str,
    statuses: list[str],
    state: str,
    progress: str,
) -> None:
    message_id = sent()
    for status in statuses:
        form = {"id": message_id, "status": status, "phoneNumber": number, "networkCode": "63902", "retryCount": "0"}
        post(http, "delivery-reports", form)
    [message] = desk.messages(number)
    assert (message["state"], message["network_status"]) == (state, progress)
    told = [step["detail"] for step in desk.message(message["id"])["timeline"] if step["what"] == "report"]
    assert [each["fields"]["status"] for each in told] == statuses
    assert all(each["why"] for each in told)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"phoneNumber": ""},
        {"phoneNumber": "254711999999"},
        {"somethingNew": "x", "status2": "Failed"},
        {"networkCode": "", "failureReason": "", "retryCount": "many"},
    ],
    ids=["only two fields", "empty number", "another number", "unknown fields", "odd values"],
)
def test_odd_reports_move_their_message(
    http: httpx.Client, desk: Desk, sent: Callable[..., str], number: str, extra: dict[str, str]
) -> None:
    message_id = sent()
    post(http, "delivery-reports", {"id": message_id, "status": "Success", **extra})
    [message] = desk.messages(number)
    # The id is what counts: AT gives every recipient one of its own.
    assert message["state"] == "delivered"


@pytest.mark.parametrize("form", [{}, {"id": "ATXid_never_seen", "status": "Success"}, {"id": "x"}, {"status": "Sent"}])
def test_reports_about_nothing(http: httpx.Client, form: dict[str, str]) -> None:
    post(http, "delivery-reports", form)


def test_failure_reason(http: httpx.Client, desk: Desk, sent: Callable[..., str], number: str) -> None:
    post(http, "delivery-reports", {"id": sent(), "status": "Failed", "failureReason": "UserDoesNotExist"})
    [message] = desk.messages(number)
    assert (message["state"], message["reason"]) == ("undelivered", "UserDoesNotExist")


@pytest.mark.parametrize("reason", ["UserInBlackList", "userinblacklist"])
def test_blacklisted_by_report_is_an_opt_out(
    http: httpx.Client, desk: Desk, sent: Callable[..., str], number: str, reason: str
) -> None:
    post(http, "delivery-reports", {"id": sent(), "status": "Failed", "failureReason": reason})
    [opt_out] = desk.opt_outs(number)["history"]
    assert (opt_out["source"], opt_out["from"]) == ("report", "AFRICASTKNG")
    assert desk.send(number)["statusCode"] == 406


@pytest.mark.parametrize(
    "how",
    [
        lambda form: {"json": form},
        lambda form: {"params": form},
        lambda form: {"content": "&".join(f"{name}={value}" for name, value in form.items())},
        lambda form: {"data": form, "headers": {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}},
    ],
    ids=["json", "query", "form without a content type", "charset"],
)
def test_however_the_fields_come(
    http: httpx.Client,
    desk: Desk,
    sent: Callable[..., str],
    number: str,
    how: Callable[[dict[str, str]], dict[str, Any]],
) -> None:
    answer = http.post("/sms/delivery-reports", **how({"id": sent(), "status": "Success"}))
    assert (answer.status_code, answer.text) == (200, "OK")
    assert desk.messages(number)[0]["state"] == "delivered"


def test_first_of_repeated_fields_wins(http: httpx.Client, desk: Desk, sent: Callable[..., str], number: str) -> None:
    http.post("/sms/delivery-reports", content=f"id={sent()}&status=Success&status=Failed&id=other")
    assert desk.messages(number)[0]["state"] == "delivered"


@pytest.mark.parametrize("how", ["absent", "empty"])
@pytest.mark.parametrize("missing", SIX)
def test_incomplete_texts(http: httpx.Client, desk: Desk, number: str, missing: str, how: str) -> None:
    form = incoming(number)
    text_id = form["id"]
    if how == "absent":
        del form[missing]
    else:
        form[missing] = ""
    expect = "GOOD" if missing == "linkId" and how != "absent" else "BAD"
    applied = missing in ("linkId", "date")
    for _ in range(2):
        post(http, "twoway", form, expect=expect)
    if missing == "from":
        assert all(each["provider_id"] != text_id for each in desk.get("/v1/inbound")["items"])
        return
    stored = desk.inbound(number)
    assert len(stored) == applied
    if applied:
        until(lambda: desk.arrived(number))
        assert len(desk.messages(number)) == 1
        assert stored[0]["date"] == (None if missing == "date" else "2026-03-04T10:30:00Z")
    else:
        assert desk.messages(number) == []


@pytest.mark.parametrize("text", [" ", "\n", "\u00a0"], ids=["space", "line", "no-break space"])
def test_a_blank_text_is_not_a_missing_one(http: httpx.Client, desk: Desk, number: str, text: str) -> None:
    """Somebody's thumb slipped: BAD would have AT repeat it for twelve hours."""
    post(http, "twoway", incoming(number, text), expect="GOOD")
    assert [each["text"] for each in desk.inbound(number)] == [text]


def test_redelivery_is_one_text_and_one_reply(http: httpx.Client, desk: Desk, number: str) -> None:
    form = incoming(number)
    for text in ("Hello", "Hello", "changed meanwhile"):
        post(http, "twoway", form | {"text": text}, expect="GOOD")
    until(lambda: desk.arrived(number))
    assert [each["text"] for each in desk.inbound(number)] == ["Hello"]
    assert len(desk.messages(number)) == 1
    assert len(desk.ledger(number)) == 1


def test_the_auto_reply_arrives(http: httpx.Client, desk: Desk, number: str) -> None:
    desk.handset_texts(number, 'Habari "yako" {text} 😀')
    [arrived] = until(lambda: desk.arrived(number))
    assert arrived["text"] == 'This is a response to: "Habari "yako" {text} 😀"'
    assert arrived["from"] == "12345"
    [stored] = desk.inbound(number)
    assert (stored["from"], stored["to"], stored["reply_note"]) == (number, "12345", "")
    reply = desk.settled(number, "delivered")
    assert (stored["reply"], reply["from"], reply["kind"]) == (reply["id"], "12345", "two_way")


def test_the_auto_reply_comes_from_the_code_that_was_texted(http: httpx.Client, desk: Desk, number: str) -> None:
    desk.http.put("/simulator/faults", json={"senders": ["MyBrand", "54321"]})
    post(http, "twoway", incoming(number, to="54321"), expect="GOOD")
    [line] = until(lambda: desk.ledger(number))
    assert (line["from"], line["taken"]) == ("54321", True)


@pytest.mark.parametrize("sender", ["SAFARICOM", "12345", "40404"])
def test_no_reply_to_what_is_no_number(http: httpx.Client, desk: Desk, sender: str) -> None:
    form = incoming(sender)
    post(http, "twoway", form, expect="GOOD")
    [stored] = [each for each in desk.get("/v1/inbound")["items"] if each["provider_id"] == form["id"]]
    assert (stored["from"], stored["reply"]) == (sender, None)
    assert "name" in stored["reply_note"]


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("2017-05-03T06:04:45Z", "2017-05-03T06:04:45Z"),
        ("2017-05-03 06:04:45", "2017-05-03T06:04:45Z"),
        ("2017-05-03T06:04:45.445Z", "2017-05-03T06:04:45.445000Z"),
        ("2017-05-03T09:04:45+03:00", "2017-05-03T06:04:45Z"),
        ("yesterday", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_dates(http: httpx.Client, desk: Desk, number: str, date: str, read: str | None) -> None:
    post(http, "twoway", incoming(number, date=date), expect="GOOD")
    [stored] = desk.inbound(number)
    assert (stored["date"], stored["date_raw"]) == (read, date)


def test_subscriptions(http: httpx.Client, desk: Desk, number: str) -> None:
    def stored() -> list[tuple[str, bool]]:
        items = desk.get("/v1/subscriptions", limit=1000)["items"]
        return [(each["keyword"], each["active"]) for each in items if each["phone"] == number]

    news = {"phoneNumber": number, "shortCode": "12345", "keyword": "NEWS"}
    post(http, "subscription", news)
    post(http, "subscription", {**news, "updateType": ""})
    post(http, "subscription", {**news, "updateType": "renewal"})
    post(http, "subscription", {"updateType": "addition"})
    assert stored() == []
    for _ in range(2):
        post(http, "subscription", {**news, "updateType": "Addition"})
    assert stored() == [("NEWS", True)]
    post(http, "subscription", {**news, "updateType": "DELETION"})
    assert stored() == [("NEWS", False)]
    post(http, "subscription", {**news, "updateType": "deletion"})
    post(http, "subscription", {**news, "updateType": "addition"})
    assert stored() == [("NEWS", True), ("NEWS", False)]
