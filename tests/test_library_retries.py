"""Sends of more than one call: chunks, repeats, and what is told when they break in the middle."""

import json

import pytest

from tests.africastalking.provider import asked, data, line, lines_of, taking
from tests.africastalking.scripted import Answer, End, Script, Serve, reply
from ujumbe import PartlySentError, library, send_bulk_sms, send_twoway_sms
from ujumbe.africastalking.errors import (
    CredentialsError,
    MaybeTakenError,
    NotTakenError,
    ProviderError,
    RefusedError,
    Taken,
)
from ujumbe.domain import retry

NUMBERS = [f"+254711{index:06}" for index in range(2_500)]
ONE, TWO, THREE = NUMBERS[1:4]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_SECONDS", 1e-3)
    assert retry.delay(1, 0.5) < 1e-3, "the library's pauses are those of domain.retry"


def test_many_numbers_go_by_the_thousand(serve: Serve) -> None:
    server = serve()
    merged = send_bulk_sms("a", NUMBERS)
    assert asked(server) == [NUMBERS[:1_000], NUMBERS[1_000:2_000], NUMBERS[2_000:]]
    assert {request.connection for request in server.requests} == {1}
    assert merged["SMSMessageData"]["Message"] == "Sent to 2500/2500 Total Cost: KES 2000.0000"
    assert lines_of(merged) == [line(number) for number in NUMBERS]


KES = "Total Cost: KES 800.0000"
LAST = NUMBERS[1_000]


@pytest.mark.parametrize(
    ("second", "summary", "count"),
    [
        pytest.param(data([], "InvalidSenderId"), f"Sent to 1000/1001 {KES}", 1_000, id="refused whole"),
        pytest.param(data([line(LAST, 406)]), f"Sent to 1000/1001 {KES}", 1_001, id="opted out"),
        pytest.param(
            data([line(LAST)], "Sent to 1/1 Total Cost: USD 0.1"), "Sent to 1001/1001", 1_001, id="currencies"
        ),
        pytest.param(
            data([line(LAST)], "Sent to 1/1 Total Cost: USD 0.0"), f"Sent to 1001/1001 {KES}", 1_001, id="no cost"
        ),
        pytest.param(data([line(LAST)], "Thank you"), f"Sent to 1001/1001 {KES}", 1_001, id="another summary"),
    ],
)
def test_merged_replies_tell_the_truth(serve: Serve, second: bytes, summary: str, count: int) -> None:
    serve(taking(), reply(201, second))
    merged = send_bulk_sms("a", NUMBERS[:1_001])
    assert merged["SMSMessageData"]["Message"] == summary
    assert len(lines_of(merged)) == count


@pytest.mark.parametrize("message", ["InvalidSenderId", "Sent to 1000/1000", "", None])
def test_replies_without_lines_are_merged(serve: Serve, message: str | None) -> None:
    server = serve(reply(201, json.dumps({"SMSMessageData": {"Message": message, "Recipients": []}}).encode()))
    merged = send_bulk_sms("a", NUMBERS)
    assert merged == {"SMSMessageData": {"Message": message or "", "Recipients": []}}
    assert len(server.requests) == 3


# Repeats


@pytest.mark.parametrize("code", [405, 500, 501, 502])
def test_only_the_refused_are_asked_again(serve: Serve, code: int) -> None:
    server = serve(taking({TWO: code}), taking())
    merged = send_bulk_sms("a", [ONE, TWO, THREE], retries=1)
    assert asked(server) == [[ONE, TWO, THREE], [TWO]]
    assert lines_of(merged) == [line(ONE), line(TWO), line(THREE)]
    assert merged["SMSMessageData"]["Message"] == "Sent to 3/3 Total Cost: KES 2.4000"


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (1, 2), (3, 4)])
def test_repeats_are_counted(serve: Serve, retries: int, calls: int) -> None:
    server = serve(taking({TWO: 500}))
    merged = send_bulk_sms("a", [ONE, TWO], retries=retries)
    assert asked(server) == [[ONE, TWO]] + [[TWO]] * (calls - 1)
    assert lines_of(merged) == [line(ONE), line(TWO, 500)]
    assert merged["SMSMessageData"]["Message"] == "Sent to 1/2 Total Cost: KES 0.8000"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(line(TWO, 406), id="opted out"),
        pytest.param(line(TWO, 500, messageId="ATXid_9"), id="500 with an id"),
        pytest.param(line(TWO, 401, status="RiskHold", messageId="None"), id="held"),
        pytest.param(line(TWO, 999, status="New"), id="unknown"),
    ],
)
def test_what_may_have_been_taken_is_not_asked_again(serve: Serve, row: dict[str, object]) -> None:
    server = serve(reply(201, data([line(ONE), row])))
    assert lines_of(send_bulk_sms("a", [ONE, TWO], retries=5)) == [line(ONE), row]
    assert len(server.requests) == 1


def test_a_number_that_is_missing_from_the_reply_is_not_asked_again(serve: Serve) -> None:
    server = serve(reply(201, data([line(ONE)])))
    send_bulk_sms("a", [ONE, TWO], retries=5)
    assert len(server.requests) == 1


def test_too_many_requests_are_repeated(serve: Serve) -> None:
    server = serve(reply(429, b"", "Retry-After: 0"), reply(429), taking())
    assert lines_of(send_twoway_sms("a", ONE, retries=2)) == [line(ONE)]
    assert asked(server) == [[ONE]] * 3


def test_at_is_given_the_time_it_asks_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "LONGEST_WAIT", 0.05)
    server = serve(reply(429, b"", "Retry-After: 86400"), taking())
    assert lines_of(send_bulk_sms("a", [ONE], retries=1)) == [line(ONE)]
    assert len(server.requests) == 2


def test_a_server_that_comes_up_late_is_found(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(taking(), late=True)
    delay = retry.delay

    def up_before_the_third(tries: int, chance: float) -> float:
        if tries == 3:
            server.listen()
        return delay(tries, chance)

    monkeypatch.setattr(retry, "delay", up_before_the_third)
    assert lines_of(send_bulk_sms("a", [ONE], retries=3)) == [line(ONE)]
    assert asked(server) == [[ONE]]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(reply(500), MaybeTakenError, id="500"),
        pytest.param(reply(503, b"", "Retry-After: 0"), MaybeTakenError, id="503"),
        pytest.param(Answer(b"", End.SILENCE), MaybeTakenError, id="read timeout"),
        pytest.param(Answer(b"", End.CLOSE), MaybeTakenError, id="closed"),
        pytest.param(Answer(b"", End.RESET), MaybeTakenError, id="reset"),
        pytest.param(reply(201, b"<html>"), MaybeTakenError, id="unreadable"),
        pytest.param(reply(400), RefusedError, id="400"),
        pytest.param(reply(401), CredentialsError, id="401"),
    ],
)
def test_what_is_never_repeated(serve: Serve, answer: Answer, kind: type[ProviderError]) -> None:
    server = serve(answer)
    with pytest.raises(ProviderError) as caught:
        send_bulk_sms("a", [ONE], retries=5, timeout=0.3)
    assert type(caught.value) is kind
    assert len(server.requests) == 1


def test_when_no_repeat_is_left(serve: Serve) -> None:
    server = serve(reply(429))
    with pytest.raises(NotTakenError):
        send_bulk_sms("a", [ONE], retries=2)
    assert len(server.requests) == 3


def test_a_repeat_that_never_got_through_keeps_the_first_answer(serve: Serve) -> None:
    server = serve(taking({TWO: 405}), reply(429))
    assert lines_of(send_bulk_sms("a", [ONE, TWO], retries=2)) == [line(ONE), line(TWO, 405)]
    assert asked(server) == [[ONE, TWO], [TWO], [TWO]]


# Broken in the middle


@pytest.mark.parametrize(
    ("scripts", "taken", "answered", "unsent", "unclear"),
    [
        pytest.param([taking(), reply(500)], Taken.MAYBE, (0, 1_000), (2_000, 2_500), (1_000, 2_000), id="500"),
        pytest.param([taking(), reply(201, b"<")], Taken.MAYBE, (0, 1_000), (2_000, 2_500), (1_000, 2_000), id="HTML"),
        pytest.param([taking(), reply(429)], Taken.NO, (0, 1_000), (1_000, 2_500), (0, 0), id="429"),
        pytest.param([taking(), reply(401)], Taken.ANSWERED, (0, 1_000), (1_000, 2_500), (0, 0), id="401"),
        pytest.param(
            [taking(), taking(), reply(500)], Taken.MAYBE, (0, 2_000), (0, 0), (2_000, 2_500), id="at the end"
        ),
    ],
)
def test_what_is_told(
    serve: Serve,
    scripts: list[Script],
    taken: Taken,
    answered: tuple[int, int],
    unsent: tuple[int, int],
    unclear: tuple[int, int],
) -> None:
    server = serve(*scripts)
    with pytest.raises(PartlySentError) as caught:
        send_bulk_sms("a", NUMBERS)
    error = caught.value
    assert error.taken is taken
    assert [each["number"] for each in lines_of(error.reply)] == NUMBERS[slice(*answered)]
    assert error.unsent == NUMBERS[slice(*unsent)]
    assert error.unclear == NUMBERS[slice(*unclear)]
    assert isinstance(error.__cause__, ProviderError)
    assert f"{answered[1]:,} recipients were answered before" in str(error)
    assert "+254" not in str(error)
    assert len(server.requests) == len(scripts)


def test_a_repeat_that_breaks_leaves_its_numbers_unclear(serve: Serve) -> None:
    serve(taking({TWO: 500, THREE: 406}), reply(500))
    with pytest.raises(PartlySentError) as caught:
        send_bulk_sms("a", [ONE, TWO, THREE], retries=1)
    assert (caught.value.unsent, caught.value.unclear) == ([], [TWO])
    assert lines_of(caught.value.reply) == [line(ONE), line(TWO, 500), line(THREE, 406)]


def test_when_the_first_of_several_calls_breaks_the_others_are_known_to_be_unsent(serve: Serve) -> None:
    server = serve(reply(500))
    with pytest.raises(PartlySentError) as caught:
        send_bulk_sms("a", NUMBERS)
    assert len(server.requests) == 1, "after a call that may have been taken no other is tried"
    assert (caught.value.unclear, caught.value.unsent) == (NUMBERS[:1000], NUMBERS[1000:])
    assert lines_of(caught.value.reply) == []


def test_a_single_call_that_breaks_raises_the_plain_error(serve: Serve) -> None:
    serve(reply(500))
    with pytest.raises(MaybeTakenError):
        send_bulk_sms("a", [ONE])
