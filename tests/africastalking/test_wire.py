import json
from typing import Any

import pytest

from ujumbe.africastalking import replies, wire
from ujumbe.africastalking.replies import Recipient
from ujumbe.africastalking.wire import Host, Mode, Outgoing, Request
from ujumbe.domain.money import Money
from ujumbe.domain.outcome import Verdict

ONE, TWO, THREE = "+254711000001", "+254711000002", "+254711000003"


@pytest.mark.parametrize(
    ("outgoing", "host", "body"),
    [
        pytest.param(
            Outgoing((ONE,), "Hello World"),
            Host.API,
            b"username=sandbox&to=%2B254711000001&message=Hello+World&bulkSMSMode=1",
            id="bulk, nothing else set",
        ),
        pytest.param(
            Outgoing((ONE, TWO), "Bei: 5€ & 😀 +1", sender="My Brand", enqueue=True),
            Host.API,
            b"username=sandbox&to=%2B254711000001%2C%2B254711000002"
            b"&message=Bei%3A+5%E2%82%AC+%26+%F0%9F%98%80+%2B1&from=My+Brand&bulkSMSMode=1&enqueue=1",
            id="UTF-8, several numbers, sender",
        ),
        pytest.param(
            Outgoing((ONE,), "a", enqueue=False),
            Host.API,
            b"username=sandbox&to=%2B254711000001&message=a&bulkSMSMode=1&enqueue=0",
            id="enqueue=0 is said, since AT's default is unclear",
        ),
        pytest.param(
            Outgoing((ONE,), "a", mode=Mode.TWO_WAY, sender="12345"),
            Host.API,
            b"username=sandbox&to=%2B254711000001&message=a&from=12345&bulkSMSMode=1",
            id="two-way is bulk from a short code",
        ),
        pytest.param(
            Outgoing((ONE,), "a", Mode.PREMIUM, "12345", link_id="L+1", keyword="NEWS", retry_hours=12),
            Host.CONTENT,
            b"username=sandbox&to=%2B254711000001&message=a&from=12345&bulkSMSMode=0"
            b"&keyword=NEWS&linkId=L%2B1&retryDurationInHours=12",
            id="premium",
        ),
        pytest.param(
            Outgoing((ONE,), "a", Mode.PREMIUM, "12345", retry_hours=0),
            Host.CONTENT,
            b"username=sandbox&to=%2B254711000001&message=a&from=12345&bulkSMSMode=0&retryDurationInHours=0",
            id="zero hours is a value",
        ),
        pytest.param(
            Outgoing((ONE,), "a\r\nb=c;d%e\u2028\x7f~"),
            Host.API,
            b"username=sandbox&to=%2B254711000001&message=a%0D%0Ab%3Dc%3Bd%25e%E2%80%A8%7F~&bulkSMSMode=1",
            id="everything that has a meaning in a form",
        ),
    ],
)
def test_a_send(outgoing: Outgoing, host: Host, body: bytes) -> None:
    request = wire.send("sandbox", outgoing)
    assert (request.method, request.target, request.host) == ("POST", "/version1/messaging", host)
    assert request.body == body


@pytest.mark.parametrize(
    ("request_", "method", "target", "host", "body"),
    [
        pytest.param(
            wire.fetch_inbox("a b"),
            "GET",
            "/version1/messaging?username=a+b&lastReceivedId=0",
            Host.API,
            None,
            id="inbox",
        ),
        pytest.param(
            wire.fetch_inbox("me", 15071),
            "GET",
            "/version1/messaging?username=me&lastReceivedId=15071",
            Host.API,
            None,
            id="inbox, next page",
        ),
        pytest.param(
            wire.application_data("m&e"), "GET", "/version1/user?username=m%26e", Host.API, None, id="application data"
        ),
        pytest.param(
            wire.list_subscriptions("me", "12345", "NEWS", 7),
            "GET",
            "/version1/subscription?username=me&shortCode=12345&keyword=NEWS&lastReceivedId=7",
            Host.CONTENT,
            None,
            id="subscriptions",
        ),
        pytest.param(
            wire.create_subscription("me", "12345", "NEWS", ONE),
            "POST",
            "/version1/subscription/create",
            Host.CONTENT,
            b"username=me&shortCode=12345&keyword=NEWS&phoneNumber=%2B254711000001",
            id="create",
        ),
        pytest.param(
            wire.delete_subscription("me", "12345", "NEWS", ONE),
            "POST",
            "/version1/subscription/delete",
            Host.CONTENT,
            b"username=me&shortCode=12345&keyword=NEWS&phoneNumber=%2B254711000001",
            id="delete",
        ),
    ],
)
def test_other_requests(request_: Request, method: str, target: str, host: Host, body: bytes | None) -> None:
    assert (request_.method, request_.target, request_.host, request_.body) == (method, target, host, body)


def line(number: str = ONE, **changed: object) -> dict[str, Any]:
    usual = {"cost": "KES 0.8000", "messageId": "ATXid_1", "number": number, "status": "Success", "statusCode": 101}
    return {name: value for name, value in (usual | changed).items() if value is not ...}


def refused(code: int, status: str, number: str = ONE) -> dict[str, Any]:
    return line(number, cost="0", messageId="None", status=status, statusCode=code)


def reply(message: object, *lines: object) -> bytes:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": list(lines)}}).encode()


@pytest.mark.parametrize(
    ("message", "sent", "total"),
    [
        ("Sent to 1/1 Total Cost: KES 0.8000", 1, Money(800_000, "KES")),
        ("Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1", 1, Money(7_900, "USD")),
        ("Sent to 1/1", 1, None),
        ("Sent to 0/1 Total Cost: 0", 0, Money(0, "")),
        ("Sent to 0/2 Total Cost: 0", 0, Money(0, "")),
        ("Sent to 1/2 Total Cost: KES 0.8000", 1, Money(800_000, "KES")),
        ("Sent to 20/20 Total Cost: KES 44.0802", 20, Money(44_080_200, "KES")),
        ("Sent to 1/1 Total Cost: free", 1, None),
        ("InvalidSenderId", None, None),
        ("Queued for Sent to 1/1", None, None),
        ("Sent to many", None, None),
        (f"Sent to {'1' * 5_000}/1", None, None),
        ("", None, None),
    ],
)
def test_summaries(message: str, sent: int | None, total: Money | None) -> None:
    found = replies.read_send(reply(message, line()))
    assert (found.summary, found.sent, found.total) == (message, sent, total)


@pytest.mark.parametrize(
    ("row", "recipient", "verdict"),
    [
        pytest.param(
            line(), Recipient(ONE, "Success", 101, "ATXid_1", Money(800_000, "KES")), Verdict.TAKEN, id="as documented"
        ),
        pytest.param(
            line(statusCode=100, messageParts=2, cost="TZS 44.0000"),
            Recipient(ONE, "Success", 100, "ATXid_1", Money(44_000_000, "TZS"), 2),
            Verdict.TAKEN,
            id="live, with parts",
        ),
        pytest.param(
            line(statusCode=102, cost="0"),
            Recipient(ONE, "Success", 102, "ATXid_1", Money(0, "")),
            Verdict.TAKEN,
            id="premium costs us nothing",
        ),
        pytest.param(
            line(statusCode="101", messageParts="1"),
            Recipient(ONE, "Success", 101, "ATXid_1", Money(800_000, "KES"), 1),
            Verdict.TAKEN,
            id="numbers as text",
        ),
        pytest.param(
            line(statusCode=...),
            Recipient(ONE, "Success", None, "ATXid_1", Money(800_000, "KES")),
            Verdict.TAKEN,
            id="2016",
        ),
        pytest.param(
            line(statusCode=..., status="Could Not Send", messageId="None", cost="0"),
            Recipient(ONE, "Could Not Send", None, "", Money(0, "")),
            Verdict.UNCERTAIN,
            id="2016, failed",
        ),
        pytest.param(
            refused(406, "UserInBlacklist"),
            Recipient(ONE, "UserInBlacklist", 406, "", Money(0, "")),
            Verdict.OPTED_OUT,
            id="opted out",
        ),
        pytest.param(
            refused(403, "InvalidPhoneNumber", "0711000001"),
            Recipient("0711000001", "InvalidPhoneNumber", 403, "", Money(0, "")),
            Verdict.REFUSED,
            id="the echo of a bad number",
        ),
        pytest.param(
            refused(500, "InternalServerError") | {"messageId": "ATXid_9"},
            Recipient(ONE, "InternalServerError", 500, "ATXid_9", Money(0, "")),
            Verdict.UNCERTAIN,
            id="failed with an id",
        ),
        pytest.param(
            line(messageId=None, cost=None, statusCode=True),
            Recipient(ONE, "Success", None, "", None),
            Verdict.TAKEN,
            id="nulls and a boolean",
        ),
        pytest.param(
            line(messageId=" none "),
            Recipient(ONE, "Success", 101, "", Money(800_000, "KES")),
            Verdict.TAKEN,
            id="no id",
        ),
        pytest.param(
            line(status="a\x00b", messageId="\ud83d", statusCode=1 << 63, messageParts=-1 << 64),
            Recipient(ONE, "a\ufffdb", None, "?", Money(800_000, "KES")),
            Verdict.UNCERTAIN,
            id="what no database takes",
        ),
        pytest.param({}, Recipient("", "", None, "", None), Verdict.UNCERTAIN, id="empty"),
        pytest.param(
            {"number": 254711000001, "status": ["x"], "statusCode": {}, "cost": 0.8},
            Recipient("254711000001", "['x']", None, "", None),
            Verdict.UNCERTAIN,
            id="every type wrong",
        ),
    ],
)
def test_recipients(row: dict[str, Any], recipient: Recipient, verdict: Verdict) -> None:
    found = replies.read_send(reply("Sent to 1/1", row))
    assert found.recipients == (recipient,)
    assert found.recipients[0].outcome.verdict is verdict
    assert found.raw["SMSMessageData"]["Recipients"] == [row]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (reply("InvalidSenderId"), "InvalidSenderId"),
        (reply("Sent to 0/1 Total Cost: 0"), "Sent to 0/1 Total Cost: 0"),
        (reply("Sent to 1/1 Total Cost: KES 0.8000"), ""),
        (reply(None), ""),
        (b'{"SMSMessageData":{"Recipients":[]}}', ""),
        (reply("Sent to 0/1 Total Cost: 0", refused(405, "InsufficientBalance")), ""),
    ],
)
def test_refusals_of_the_whole_request(body: bytes, refusal: str) -> None:
    assert replies.read_send(body).refusal == refusal


def test_totals_are_in_the_currency_of_the_account() -> None:
    found = replies.read_send(reply("Sent to 2/2 Total Cost: USD 0.0158 Message parts: 1", line(ONE), line(TWO)))
    assert found.total == Money(15_800, "USD")
    assert [each.cost for each in found.recipients] == [Money(800_000, "KES")] * 2


@pytest.mark.parametrize(
    ("username", "expected"), [("sandbox", True), (" SandBox ", True), ("sandbox2", False), ("", False)]
)
def test_the_sandbox(username: str, *, expected: bool) -> None:
    assert wire.is_sandbox(username) is expected


@pytest.mark.parametrize(
    ("username", "api_url", "api", "content"),
    [
        ("mybrand", "", "https://api.africastalking.com", "https://content.africastalking.com"),
        ("sandbox", "", "https://api.sandbox.africastalking.com", "https://api.sandbox.africastalking.com"),
        ("mybrand", "http://127.0.0.1:8001/", "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("sandbox", "http://127.0.0.1:8001", "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
    ],
)
def test_hosts(username: str, api_url: str, api: str, content: str) -> None:
    assert wire.bases(username, api_url) == {Host.API: api, Host.CONTENT: content}
