"""What a reply means for each number; above all, what is not proof that a text was not taken."""

import json
from typing import Any

import pytest

from ujumbe.africastalking.replies import read_send
from ujumbe.africastalking.verdict import judge
from ujumbe.domain.outcome import Verdict

ONE, TWO = "+254711000001", "+254711000002"


def line(number: str = ONE, code: object = 500, **fields: object) -> dict[str, Any]:
    names = {
        101: "Success",
        403: "InvalidPhoneNumber",
        405: "InsufficientBalance",
        406: "UserInBlacklist",
        500: "InternalServerError",
    }
    status = names.get(code, "") if isinstance(code, int) else ""
    return {"number": number, "statusCode": code, "status": status, "messageId": "None", "cost": "0", **fields}


def _changes(row: dict[str, Any]) -> dict[str, Any]:
    """In what a line differs from the plain one of its code."""
    plain = line(row["number"], row["statusCode"])
    return {name: value for name, value in row.items() if value != plain[name]}


def verdicts(numbers: list[str], *lines: dict[str, Any], message: str = "Sent to 0/1 Total Cost: 0") -> list[Verdict]:
    reply = read_send(json.dumps({"SMSMessageData": {"Message": message, "Recipients": list(lines)}}).encode())
    return [outcome.verdict for _, outcome in judge(numbers, reply)]


@pytest.mark.parametrize("code", [405, 500])
def test_a_plain_refusal_is_proof(code: int) -> None:
    assert verdicts([ONE], line(code=code)) == [Verdict.NOT_TAKEN]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param([line(), line(code=101, messageId="ATXid_1")], "Sent to 1/1", id="two lines for one number"),
        pytest.param([line(), line(messageId="ATXid_1")], "Sent to 0/1", id="the second has an id"),
        pytest.param([line(status="Success")], "Sent to 0/1", id="the name of another code"),
        pytest.param([line(cost="KES 0.8000")], "Sent to 0/1", id="it cost something"),
        pytest.param([line()], "Sent to 1/1 Total Cost: KES 0.8000", id="the summary counts it as sent"),
        pytest.param([line(number=TWO)], "Sent to 0/1", id="only by its position"),
        pytest.param([line(messageId="ATXid_1")], "Sent to 0/1", id="it has an id"),
        pytest.param([], "Queued 1 message", id="an empty list under an unknown sentence"),
        pytest.param([], "Sent to 1/1", id="an empty list that claims a send"),
    ],
)
@pytest.mark.parametrize("code", [403, 406, 500])
def test_what_speaks_against_it_leaves_it_uncertain(code: int, lines: list[dict[str, Any]], message: str) -> None:
    said = [line(each["number"], code, **_changes(each)) if each["statusCode"] == 500 else each for each in lines]
    assert verdicts([ONE], *said, message=message) == [Verdict.UNCERTAIN]


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("InvalidSenderId", Verdict.REFUSED),
        ("UserInBlacklist", Verdict.OPTED_OUT),
        ("InsufficientBalance", Verdict.NOT_TAKEN),
        ("SomethingNew", Verdict.REFUSED),
        ("Sent to 0/1 Total Cost: 0", Verdict.REFUSED),
    ],
)
def test_an_empty_list(message: str, verdict: Verdict) -> None:
    assert verdicts([ONE, TWO], message=message) == [verdict, verdict]


def test_one_refusal_beside_a_success_is_proof() -> None:
    lines = [line(ONE, 101, messageId="ATXid_1", cost="KES 0.8000"), line(TWO)]
    assert verdicts([ONE, TWO], *lines, message="Sent to 1/2 Total Cost: KES 0.8000") == [
        Verdict.TAKEN,
        Verdict.NOT_TAKEN,
    ]


def test_a_summary_made_to_be_slow_is_read_at_once() -> None:
    message = "Sent to 1/1 Total Cost: " + " " * 1_000_000 + "x"
    assert verdicts([ONE], line(code=101, messageId="ATXid_1"), message=message) == [Verdict.TAKEN]


def test_a_refusal_may_echo_what_is_no_number() -> None:
    assert verdicts([ONE], line("711000001", 403)) == [Verdict.REFUSED]
    assert verdicts([ONE], line("711000001", 406)) == [Verdict.UNCERTAIN], (
        "nobody is opted out by their place in a list"
    )


@pytest.mark.parametrize("code", [101, 403, 406, 500])
def test_a_line_of_another_number_says_nothing(code: int) -> None:
    more = {"messageId": "ATXid_1"} if code == 101 else {}
    assert verdicts([ONE], line(TWO, code, **more), message="") == [Verdict.UNCERTAIN]
