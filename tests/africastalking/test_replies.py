"""Readers other than that of a send, what cannot be read at all, and whose line is whose."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.africastalking import replies
from ujumbe.africastalking.replies import (
    InboxMessage,
    Recipient,
    Subscriber,
    SubscriptionChange,
    UnreadableReplyError,
)
from ujumbe.domain.money import Money

ONE, TWO, THREE = "+254711000001", "+254711000002", "+254711000003"

READERS: list[Callable[[bytes], object]] = [
    replies.read_send,
    replies.read_inbox,
    replies.read_balance,
    replies.read_subscriptions,
    replies.read_subscription_change,
]
# fmt: off
NAMES = st.sampled_from([
    "SMSMessageData", "Recipients", "Messages", "Message", "UserData", "userData", "balance", "responses",
    "status", "description", "number", "statusCode", "messageId", "cost", "messageParts", "id", "from", "text",
    "date", "to"
])
# fmt: on
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["None", "KES 1", "Sent to 1/1"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=6)
)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b" \n", "it is empty", id="blank"),
        pytest.param(
            b"<AfricasTalkingResponse><SMSMessageData/></AfricasTalkingResponse>", "looks like XML or HTML", id="XML"
        ),
        pytest.param(b"\r\n<!DOCTYPE html><title>502</title>", "looks like XML or HTML", id="HTML"),
        pytest.param(b"The supplied authentication is invalid", "it is plain text", id="text"),
        pytest.param(
            b'{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"cost":"KES', "it was cut short", id="truncated"
        ),
        pytest.param(b"\xff\xfe\x00\x80", "not JSON", id="bytes"),
        pytest.param(b"{'a': 1}", "not JSON", id="not quite JSON"),
        pytest.param(b"[" * 100_000, "not JSON", id="too deep"),
        pytest.param(b"1" * 5_000, "not JSON", id="a number without end"),
        pytest.param(b"[]", "a list where an object was due", id="a list"),
        pytest.param(b"null", "a NoneType where an object was due", id="null"),
        pytest.param(b"{}", "the reply", id="an empty object"),
        pytest.param(b'{"SMSMessageData":[],"UserData":[],"responses":{},"status":1}', "the reply", id="other types"),
        pytest.param(
            b'{"SMSMessageData":{"Recipients":{},"Messages":{}},"UserData":{"balance":"much"},"responses":[1],"status":[]}',
            "the reply",
            id="other types within",
        ),
    ],
)
def test_what_cannot_be_read(read: Callable[[bytes], object], body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableReplyError, match=reason):
        read(body)


@pytest.mark.parametrize("row", ["1", '"x"', "null", "[]"])
def test_lines_must_be_objects(row: str) -> None:
    with pytest.raises(UnreadableReplyError):
        replies.read_send(b'{"SMSMessageData":{"Message":"","Recipients":[%s]}}' % row.encode())
    with pytest.raises(UnreadableReplyError):
        replies.read_inbox(b'{"SMSMessageData":{"Messages":[%s]}}' % row.encode())


@given(JSON)
def test_any_json_is_read_or_unreadable(document: object) -> None:
    body = json.dumps(document).encode()
    for read in READERS:
        with contextlib.suppress(UnreadableReplyError):
            read(body)


@given(
    st.fixed_dictionaries(
        {
            "Message": JSON,
            "Recipients": st.lists(st.dictionaries(NAMES, SCALARS, max_size=6)),
            "Messages": st.lists(st.dictionaries(NAMES, SCALARS, max_size=6)),
        }
    )
)
def test_any_lines_of_the_right_shape_are_read(data: dict[str, object]) -> None:
    body = json.dumps({"SMSMessageData": data}).encode()
    found = replies.read_send(body)
    assert len(found.recipients) == len(data["Recipients"])  # type: ignore[arg-type]
    assert all(each.outcome.verdict for each in found.recipients)
    assert len(replies.read_inbox(body)) == len(data["Messages"])  # type: ignore[arg-type]


@given(st.binary())
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    for read in READERS:
        with contextlib.suppress(UnreadableReplyError):
            read(body)


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        (b'{"UserData":{"balance":"USD 999999589.6168"}}', Money(999_999_589_616_800, "USD")),
        (b'{"userData":{"balance":"KES 1785.50"}}', Money(1_785_500_000, "KES")),
        (b'{"UserData":{"balance":"ZAR -1.3448"}}', Money(-1_344_800, "ZAR")),
        (b'{"UserData":{"balance":"0"}}', Money(0, "")),
    ],
)
def test_balances(body: bytes, balance: Money) -> None:
    assert replies.read_balance(body) == balance


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        pytest.param(
            b'{"SMSMessageData":{"Messages":[{"linkId":"SampleLinkId123","text":"Hello","to":"28901","id":15071,'
            b'"date":"2018-03-19T08:34:18.445Z","from":"+254711000001"}]}}',
            [InboxMessage(15071, ONE, "28901", "Hello", "2018-03-19T08:34:18.445Z", "SampleLinkId123")],
            id="as documented",
        ),
        pytest.param(b'{"SMSMessageData":{"Messages":[]}}', [], id="empty"),
        pytest.param(
            b'{"SMSMessageData":{"Messages":[{"id":"7","linkId":null,"new":1}]}}',
            [InboxMessage(7, "", "", "", "", "")],
            id="without most",
        ),
    ],
)
def test_the_inbox(body: bytes, messages: list[InboxMessage]) -> None:
    assert replies.read_inbox(body) == messages


def test_subscriptions() -> None:
    body = b'{"responses":[{"id":2,"phoneNumber":"+254711000001","date":"2019-10-05T18:57:08.000"},{}]}'
    assert replies.read_subscriptions(body) == [Subscriber(2, ONE, "2019-10-05T18:57:08.000"), Subscriber(0, "", "")]


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (
            b'{"status":"Success","description":"Waiting for user input"}',
            SubscriptionChange(True, "Waiting for user input"),
        ),
        (b'{"status":"Failed","description":"Please ensure"}', SubscriptionChange(False, "Please ensure")),
        (b'{"status":"success"}', SubscriptionChange(True, "")),
        (b'{"status":""}', SubscriptionChange(False, "")),
    ],
)
def test_changes_fail_with_201_too(body: bytes, change: SubscriptionChange) -> None:
    assert replies.read_subscription_change(body) == change


def row(number: str, code: int = 101) -> Recipient:
    return Recipient(number, "Success", code, "ATXid", None)


@pytest.mark.parametrize(
    ("numbers", "lines", "found"),
    [
        pytest.param([ONE, TWO], [row(ONE), row(TWO)], [0, 1], id="in order"),
        pytest.param([ONE, TWO, THREE], [row(THREE), row(ONE), row(TWO)], [1, 2, 0], id="by number"),
        pytest.param([ONE, TWO], [row("0711000001"), row(TWO)], [0, 1], id="a strange echo, by position"),
        pytest.param([ONE, TWO], [row("x"), row("y")], [0, 1], id="strange echoes only"),
        pytest.param([ONE, TWO], [row(TWO)], [None, 0], id="a missing line"),
        pytest.param([ONE, TWO], [row("x")], [None, None], id="a strange echo and a missing line"),
        pytest.param([ONE, TWO], [row(TWO), row("x")], [None, 0], id="position would give another's line"),
        pytest.param([ONE, "x"], [row("x"), row(TWO)], [None, 0], id="strange, and asked for all the same"),
        pytest.param([ONE, TWO], [], [None, None], id="an empty list"),
        pytest.param([ONE], [row(ONE), row(ONE, 406)], [0], id="two lines for one"),
        pytest.param([ONE, TWO], [row(ONE), row(ONE)], [0, None], id="one twice, the other never"),
        pytest.param([ONE], [row(TWO), row(ONE)], [1], id="more lines than asked"),
        pytest.param([], [row(ONE)], [], id="nobody asked"),
    ],
)
def test_whose_line_is_whose(numbers: list[str], lines: list[Recipient], found: list[int | None]) -> None:
    matched = replies.match(numbers, lines)
    expected = [None if index is None else lines[index] for index in found]
    assert len(matched) == len(expected)
    assert all(one is other for one, other in zip(matched, expected, strict=True))


@given(
    st.lists(st.sampled_from([ONE, TWO, THREE, "x", ""]), unique=True),
    st.lists(st.sampled_from([ONE, TWO, THREE, "x", "y"])),
)
def test_no_line_is_given_to_another_number(numbers: list[str], echoes: list[str]) -> None:
    lines = [row(echo) for echo in echoes]
    for number, line in zip(numbers, replies.match(numbers, lines), strict=True):
        assert line is None or line.number == number or line.number not in numbers
