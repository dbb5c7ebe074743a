"""The library against a local server that answers as AT does; nothing of ours is replaced."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import ujumbe
from tests.africastalking.provider import asked, data, form, line, lines_of
from tests.africastalking.scripted import PATIENCE, Serve, reply
from ujumbe import IncomingText, PartlySentError, on_message, send_bulk_sms, send_twoway_sms
from ujumbe.domain.errors import InvalidInputError, SettingsError

NUMBERS = [f"+254711{index:06}" for index in range(20)]
ONE, TWO, THREE = NUMBERS[1:4]
SEED_NUMBERS = ["+254712345678", "+254723456789", "+254734567890"]


# The seeds' examples


def test_seeds_two_way(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    monkeypatch.setenv("AT_SHORTCODE", "54321")
    response = send_twoway_sms(message="Hello! Reply to this message.", recipient="+254712345678")
    assert response == {
        "SMSMessageData": {
            "Message": "Sent to 1/1 Total Cost: KES 0.8000",
            "Recipients": [
                {
                    "statusCode": 101,
                    "number": "+254712345678",
                    "status": "Success",
                    "cost": "KES 0.8000",
                    "messageId": "ATXid_+254712345678",
                }
            ],
        }
    }
    send_twoway_sms(message="Custom shortcode message", recipient="+254712345678", shortcode="12345")
    send_twoway_sms("Positional", "+254712345678", "12345")
    assert [form(request) for request in server.requests] == [
        {"username": "sandbox", "to": "+254712345678", "message": text, "from": code, "bulkSMSMode": "1"}
        for text, code in (
            ("Hello! Reply to this message.", "54321"),
            ("Custom shortcode message", "12345"),
            ("Positional", "12345"),
        )
    ]
    assert server.requests[0].headers["apikey"] == "atsk_0123456789"


def test_seeds_bulk(serve: Serve) -> None:
    server = serve()
    response = send_bulk_sms(message="Important announcement: System maintenance at 2 AM.", recipients=SEED_NUMBERS)
    assert response["SMSMessageData"]["Message"] == "Sent to 3/3 Total Cost: KES 2.4000"
    statuses = {each["number"]: each["status"] for each in response["SMSMessageData"]["Recipients"]}
    assert statuses == dict.fromkeys(SEED_NUMBERS, "Success")
    assert [form(request) for request in server.requests] == [
        {
            "username": "sandbox",
            "to": ",".join(SEED_NUMBERS),
            "message": "Important announcement: System maintenance at 2 AM.",
            "bulkSMSMode": "1",
        }
    ]


@pytest.mark.parametrize("number", ["+254712345678", "+234803456789", "+233240123456", "+256701234567"])
def test_seeds_valid_numbers(serve: Serve, number: str) -> None:
    server = serve()
    send_twoway_sms("Test message", number)
    send_bulk_sms("Notification", [number])
    assert asked(server) == [[number], [number]]


@pytest.mark.parametrize("number", ["0712345678", "254712345678", "712345678", ""])
def test_seeds_invalid_numbers(serve: Serve, number: str) -> None:
    server = serve()
    with pytest.raises(ValueError, match="Invalid recipient format: "):
        send_twoway_sms("Test message", number)
    with pytest.raises(ValueError, match="Invalid recipient format: "):
        send_bulk_sms("Notification", ["+254712345678", number])
    if number:
        with pytest.raises(ValueError, match=r"must start with '\+'"):
            send_twoway_sms("Test message", number)
    assert server.requests == [], "nothing is sent where one number is bad"


@pytest.mark.parametrize("message", ["", "   \n"])
def test_seeds_empty_message(serve: Serve, message: str) -> None:
    server = serve()
    with pytest.raises(ValueError, match="Message cannot be empty"):
        send_twoway_sms(message, "+254712345678")
    with pytest.raises(ValueError, match="Message cannot be empty"):
        send_bulk_sms(message, ["+254712345678"])
    assert server.requests == []


def test_seeds_empty_recipients(serve: Serve) -> None:
    server = serve()
    with pytest.raises(ValueError, match="Recipients list cannot be empty"):
        send_bulk_sms("Notification", [])
    with pytest.raises(ValueError, match="not one string"):
        send_bulk_sms("Notification", "+254712345678")
    assert server.requests == []


def test_seeds_network_errors_are_exceptions_but_no_value_errors(serve: Serve) -> None:
    serve(reply(500))
    with pytest.raises(Exception, match="500") as caught:
        send_bulk_sms("Notification", ["+254712345678"])
    assert not isinstance(caught.value, ValueError)


def test_validation_needs_no_settings(bare: Path) -> None:
    with pytest.raises(InvalidInputError):
        send_twoway_sms("a", "0712345678")
    with pytest.raises(InvalidInputError):
        send_bulk_sms("a", [])


# Settings


def test_missing_settings_are_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="AT_USERNAME and AT_API_KEY are not set"):
        send_bulk_sms("a", [ONE])
    monkeypatch.setenv("AT_USERNAME", "sandbox")
    with pytest.raises(SettingsError, match="AT_API_KEY is not set"):
        send_twoway_sms("a", ONE)


def test_settings_are_read_at_each_call(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = serve(), serve()
    send_bulk_sms("a", [ONE])
    monkeypatch.setenv("AT_API_URL", first.url)
    monkeypatch.setenv("AT_USERNAME", "other")
    monkeypatch.setenv("AT_API_KEY", "atsk_other")
    monkeypatch.setenv("AT_SENDER_ID", "MyBrand")
    send_bulk_sms("a", [ONE])
    send_bulk_sms("a", [ONE], sender_id="Other")
    send_bulk_sms("a", [ONE], sender_id="")
    assert [form(each)["username"] for each in second.requests] == ["sandbox"]
    assert [(form(each)["username"], form(each).get("from")) for each in first.requests] == [
        ("other", "MyBrand"),
        ("other", "Other"),
        ("other", None),
    ]
    assert {each.headers["apikey"] for each in first.requests} == {"atsk_other"}


@pytest.mark.parametrize(("options", "name"), [({"retries": -1}, "retries"), ({"timeout": 0.0}, "timeout")])
def test_options_are_checked(serve: Serve, options: dict[str, Any], name: str) -> None:
    server = serve()
    with pytest.raises(ValueError, match=name):
        send_bulk_sms("a", [ONE], **options)
    assert server.requests == []


def test_the_package_has_what_it_names() -> None:
    named = [IncomingText, PartlySentError, on_message, send_bulk_sms, send_twoway_sms]
    assert [getattr(ujumbe, name) for name in ujumbe.__all__] == named
    with pytest.raises(AttributeError, match="send_fax"):
        _ = ujumbe.send_fax


# Replies


@pytest.mark.parametrize(
    "body",
    [
        b'{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}',
        data([line(ONE, 406)]),
        data([line(ONE, 405)]),
        b'{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"number":"x","new":[1]}],"More":1},"new":{}}',
    ],
)
def test_whatever_at_answers_is_returned_as_it_is(serve: Serve, body: bytes) -> None:
    serve(reply(201, body))
    assert send_bulk_sms("a", [ONE]) == json.loads(body)


def test_a_number_listed_twice_is_texted_once(serve: Serve) -> None:
    server = serve()
    send_bulk_sms("a", [TWO, ONE, TWO, f" {ONE[:7]} {ONE[7:]}", THREE])
    assert asked(server) == [[TWO, ONE, THREE]]


# From anywhere


def test_from_many_threads_at_once(serve: Serve) -> None:
    server = serve()
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda number=number: answers.append(send_bulk_sms("a", [number])))
        for number in NUMBERS[:20]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines_of(answer)[0]["number"] for answer in answers) == NUMBERS[:20]
    assert sorted(asked(server)) == [[number] for number in NUMBERS[:20]]


def test_inside_a_running_event_loop(serve: Serve) -> None:
    server = serve()

    async def main() -> tuple[dict[str, Any], dict[str, Any]]:
        return send_bulk_sms("a", [ONE]), await asyncio.to_thread(send_twoway_sms, "a", TWO)

    assert [lines_of(answer)[0]["number"] for answer in asyncio.run(main())] == [ONE, TWO]
    assert asked(server) == [[ONE], [TWO]]


FORKING = """
import os, sys
from ujumbe import send_bulk_sms

send_bulk_sms("parent", [sys.argv[1]])
child = os.fork()
if child == 0:
    if "call" in sys.argv[2]:
        send_bulk_sms("child", [sys.argv[1]])
    sys.exit() if "exit" in sys.argv[2] else os._exit(0)
assert os.waitpid(child, 0)[1] == 0
send_bulk_sms("parent again", [sys.argv[1]])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(
    ("child", "connections"),
    [
        pytest.param("leave", {"parent": 1, "parent again": 1}, id="a child that does nothing"),
        pytest.param("exit", {"parent": 1, "parent again": 1}, id="a child that does nothing and cleans up"),
        pytest.param("call, leave", {"parent": 1, "child": 2, "parent again": 1}, id="a child that calls"),
        pytest.param("call, exit", {"parent": 1, "child": 2, "parent again": 1}, id="a child that calls and cleans up"),
    ],
)
def test_after_a_fork(serve: Serve, child: str, connections: dict[str, int]) -> None:
    server = serve()
    # Python 3.12 warns of any fork beside threads; the rest would be ours.
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", FORKING, ONE, child]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert {form(each)["message"]: each.connection for each in server.requests} == connections
    assert len(server.requests) == len(connections)


def test_a_script_ends_at_once_and_without_a_word(serve: Serve) -> None:
    server = serve()
    script = f"import ujumbe; ujumbe.send_bulk_sms('a', ['{ONE}'])"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert len(server.requests) == 1
