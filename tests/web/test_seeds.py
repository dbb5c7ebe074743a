"""Each curl line of the seeds against a real `ujumbe dev`, and what its two sending routes answer when AT does not."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.running import Running, until
from tests.web.conftest import Desk

BULK, TWO_WAY = "/sms/invoke-bulk-sms", "/sms/invoke-twoway-sms"
BOTH = pytest.mark.parametrize("route", [BULK, TWO_WAY], ids=["bulk", "twoway"])
MISSING = {"error": "Missing 'phone' query parameter"}
DEFAULT = "Hello from Africa's Talking!"


def test_service_status(http: httpx.Client) -> None:
    answer = http.get("/sms/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"service": "sms", "status": "ready"}


@BOTH
def test_send(http: httpx.Client, desk: Desk, number: str, route: str) -> None:
    answer = http.get(f"{route}?phone={number[1:]}&message=Hello%20World")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    [line] = body["response"]["SMSMessageData"]["Recipients"]
    message_id = line["messageId"]
    assert message_id.startswith("ATXid_")
    assert body == {
        "message": f"SMS sent to {number}",
        "response": {
            "SMSMessageData": {
                "Message": "Sent to 1/1 Total Cost: KES 0.8000 Message parts: 1",
                "Recipients": [
                    {
                        "statusCode": 101,
                        "number": number,
                        "cost": "KES 0.8000",
                        "status": "Success",
                        "messageId": message_id,
                    }
                ],
            }
        },
    }
    [arrived] = until(lambda: desk.arrived(number))
    assert arrived["text"] == "Hello World"
    assert arrived["from"] == ("AFRICASTKNG" if route == BULK else "12345")
    stored = desk.settled(number, "delivered")
    assert stored["provider_message_id"] == message_id
    assert (stored["text"], stored["kind"]) == ("Hello World", "bulk" if route == BULK else "two_way")


def test_incoming_text(http: httpx.Client, desk: Desk) -> None:
    form = "linkId=SampleLinkId123&text=Hello&to=12345&id=ATSid_123&date=2026-03-04+10:30:00&from=%2B254711000111"
    answer = http.post("/sms/twoway", content=form, headers={"content-type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.text) == (200, "GOOD")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    [stored] = [each for each in desk.inbound("+254711000111") if each["provider_id"] == "ATSid_123"]
    assert stored["text"] == "Hello"
    assert stored["to"] == "12345"
    assert stored["link_id"] == "SampleLinkId123"
    assert stored["date"] == "2026-03-04T10:30:00Z"
    assert stored["date_raw"] == "2026-03-04 10:30:00"
    texts = until(lambda: [each["text"] for each in desk.arrived("+254711000111")])
    assert 'This is a response to: "Hello"' in texts


@pytest.mark.parametrize(
    ("route", "form"),
    [
        (
            "delivery-reports",
            "id=ATXid_123&status=Success&phoneNumber=%2B254711000112&networkCode=63902&failureReason=&retryCount=0",
        ),
        ("opt-out", "senderId=MyBrand&phoneNumber=%2B254711000112"),
        ("subscription", "phoneNumber=%2B254711000111&shortCode=12345&keyword=NEWS&updateType=addition"),
    ],
)
def test_other_callbacks(http: httpx.Client, route: str, form: str) -> None:
    answer = http.post(f"/sms/{route}", content=form, headers={"content-type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@BOTH
@pytest.mark.parametrize("query", ["", "?phone=", "?phone=+", "?phone=%2B", "?phone=%20&message=Hi", "?message=Hi"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_missing_phone(http: httpx.Client, route: str, query: str, method: str) -> None:
    answer = http.request(method, route + query)
    assert (answer.status_code, answer.json()) == (400, MISSING)
    assert answer.headers["content-type"] == "application/json"


def forms(number: str) -> dict[str, str]:
    digits = number[1:]
    return {
        "bare": digits,
        "plus as it is": f"+{digits}",
        "plus encoded": f"%2B{digits}",
        "plus encoded twice as a space": f"%20{digits}",
        "spaces": f"{digits[:3]}%20{digits[3:6]}%20{digits[6:]}",
        "dashes": f"%2B{digits[:3]}-{digits[3:6]}-{digits[6:]}",
        "brackets": f"{digits[:3]}%20({digits[3:6]})%20{digits[6:]}",
    }


@BOTH
@pytest.mark.parametrize("form", list(forms("+254711000000")))
def test_ways_to_write_a_number(http: httpx.Client, desk: Desk, number: str, route: str, form: str) -> None:
    answer = http.get(f"{route}?phone={forms(number)[form]}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == f"SMS sent to {number}"
    assert [line["number"] for line in desk.ledger(number)] == [number]


@BOTH
@pytest.mark.parametrize(
    ("phone", "says"),
    [
        ("0711000000", "national"),
        ("711000000", "country"),
        ("25471100000x", "digits"),
        ("254711", "short"),
        ("2547110000000000", "long"),
        ("%2B%2B254711000000", "digits"),
        ("254711000000%00", "digits"),
        ("254711000000;ext=5", "digits"),
        ("%D9%A2%D9%A5%D9%A4711000000", "digits"),
    ],
)
def test_bad_number(http: httpx.Client, desk: Desk, route: str, phone: str, says: str) -> None:
    answer = http.get(f"{route}?phone={phone}&message=To+nobody")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error.startswith("Invalid 'phone' query parameter: ")
    assert says in error
    assert phone not in error
    assert [line for line in desk.ledger() if line["text"] == "To nobody"] == []


@BOTH
def test_default_message(http: httpx.Client, desk: Desk, number: str, route: str) -> None:
    assert http.get(f"{route}?phone={number[1:]}").status_code == 200
    assert [line["text"] for line in desk.ledger(number)] == [DEFAULT]


@BOTH
@pytest.mark.parametrize("message", ["", "%20", "%0A%09"])
def test_empty_message(http: httpx.Client, desk: Desk, number: str, route: str, message: str) -> None:
    answer = http.get(f"{route}?phone={number[1:]}&message={message}")
    assert (answer.status_code, answer.json()) == (400, {"error": "Message cannot be empty"})
    assert desk.ledger(number) == []
    assert desk.messages(number) == []


def test_too_long_a_message(http: httpx.Client, desk: Desk, number: str) -> None:
    assert http.post(BULK, data={"phone": number, "message": "x" * 1600}).status_code == 200
    answer = http.post(BULK, data={"phone": number, "message": "x" * 1601})
    assert answer.status_code == 400
    assert "1,600" in answer.json()["error"]
    assert len(desk.ledger(number)) == 1


@BOTH
@pytest.mark.parametrize(
    "how",
    [
        {"data": {"message": "Bei: 5€ 😀"}},
        {"json": {"message": "Bei: 5€ 😀"}},
        {"params": {"message": "Bei: 5€ 😀"}},
    ],
    ids=["form", "json", "query"],
)
def test_post(http: httpx.Client, desk: Desk, number: str, route: str, how: dict[str, dict[str, Any]]) -> None:
    [(place, fields)] = how.items()
    arguments: dict[str, Any] = {place: {"phone": number[1:], **fields}}
    answer = http.post(route, **arguments)
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == f"SMS sent to {number}"
    assert [line["text"] for line in desk.ledger(number)] == ["Bei: 5€ 😀"]


@pytest.mark.parametrize(
    ("magic", "code", "status", "state"),
    [
        ("+254711900401", 401, "RiskHold", "uncertain"),
        ("+254711900402", 402, "InvalidSenderId", "failed"),
        ("+254711900403", 403, "InvalidPhoneNumber", "failed"),
        ("+254711900404", 404, "UnsupportedNumberType", "failed"),
        ("+254711900405", 405, "InsufficientBalance", "failed"),
        ("+254711900407", 407, "CouldNotRoute", "failed"),
        ("+254711900409", 409, "DoNotDisturbRejection", "failed"),
        ("+254711900500", 500, "InternalServerError", "failed"),
        ("+254711901500", 500, "InternalServerError", ""),
        ("+254711900502", 502, "RejectedByGateway", "failed"),
    ],
)
def test_refusals_are_returned_as_they_are(
    http: httpx.Client, desk: Desk, magic: str, code: int, status: str, state: str
) -> None:
    before = len(desk.ledger(magic))
    answer = http.get(BULK, params={"phone": magic, "message": "Hi"})
    assert answer.status_code == 200
    body = answer.json()
    [line] = body["response"]["SMSMessageData"]["Recipients"]
    assert (line["statusCode"], line["status"], line["number"]) == (code, status, magic)
    unclear = state != "failed"
    if unclear:
        assert body["message"].startswith(f"SMS may have been sent to {magic}: ")
        assert body["message"].endswith(". It will not be sent again by itself")
    else:
        assert body["message"] == f"SMS not sent to {magic}: {status}"
    message = desk.messages(magic)[0]
    if state:
        assert message["state"] == state
    # Told once, it is never queued for another try.
    assert len(desk.ledger(magic)) == before + 1


def test_opted_out_at_at(http: httpx.Client, desk: Desk) -> None:
    magic = "+254711900406"
    for _ in range(2):
        body = http.get(BULK, params={"phone": magic}).json()
        assert body["message"] == f"SMS not sent to {magic}: UserInBlacklist"
        assert body["response"]["SMSMessageData"] == {
            "Message": "Sent to 0/1 Total Cost: 0",
            "Recipients": [
                {"cost": "0", "messageId": "None", "number": magic, "status": "UserInBlacklist", "statusCode": 406}
            ],
        }
    # AT said it once; the second answer is ours, in the same words.
    assert len(desk.ledger(magic)) == 1
    assert {each["state"] for each in desk.messages(magic)} == {"blocked"}


def test_not_listed_in_the_answer(http: httpx.Client, desk: Desk) -> None:
    answer = http.get(BULK, params={"phone": "+254711902001"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["response"]["SMSMessageData"]["Recipients"] == []
    assert body["message"].startswith("SMS may have been sent to +254711902001: ")


@BOTH
@pytest.mark.parametrize("knob", ["accept_then_500_rate", "accept_then_reset_rate", "error_rate"])
def test_unclear_outcome(
    http: httpx.Client, desk: Desk, turn: Callable[..., None], number: str, route: str, knob: str
) -> None:
    turn(**{knob: 1}, reports="none")
    answer = http.get(route, params={"phone": number, "message": "Once"})
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert "may have taken" in error
    assert "will not be sent again by itself" in error
    [message] = desk.messages(number)
    assert message["state"] == "uncertain"
    turn(**{knob: 0})
    # The worker takes up other messages meanwhile, and leaves this one alone.
    desk.handset_texts(number, "ping")
    until(lambda: [line for line in desk.ledger(number) if line["text"] == 'This is a response to: "ping"'])
    assert [line["text"] for line in desk.ledger(number)].count("Once") == 1
    [message] = [each for each in desk.messages(number) if each["text"] == "Once"]
    assert message["state"] == "uncertain"


@BOTH
def test_not_taken(http: httpx.Client, desk: Desk, turn: Callable[..., None], number: str, route: str) -> None:
    turn(refuse_rate=1)
    answer = http.get(route, params={"phone": number, "message": "Never"})
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert "429" in error
    assert "may have taken" not in error
    [message] = desk.messages(number)
    assert message["state"] == "failed"
    assert "429" in message["reason"]
    turn(refuse_rate=0)
    desk.handset_texts(number, "ping")
    until(lambda: [line for line in desk.ledger(number) if line["text"] == 'This is a response to: "ping"'])
    assert [line["taken"] for line in desk.ledger(number) if line["text"] == "Never"] == [False]


def test_the_log_tells_nothing_private(service: Running, http: httpx.Client, number: str) -> None:
    http.get(BULK, params={"phone": number, "message": "Kiboko-93817"})
    http.get(BULK, params={"phone": f"{number}99999", "message": "Kiboko-93817"})
    assert until(lambda: "/sms/invoke-bulk-sms" in service.log)
    assert number[1:] not in service.log
    assert "Kiboko" not in service.log
