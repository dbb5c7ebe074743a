"""Opt-outs by callback, and the guard against two services that answer each other."""

from collections.abc import Iterator

import httpx
import pytest

from tests.running import Running, dev, until
from tests.web.conftest import QUICK, Desk


@pytest.mark.parametrize("sender", ["AFRICASTKNG", " africastkng "])
def test_opted_out_of_one_sender(http: httpx.Client, desk: Desk, number: str, sender: str) -> None:
    answer = http.post("/sms/opt-out", data={"phoneNumber": number[1:], "senderId": sender})
    assert (answer.status_code, answer.text) == (200, "OK")
    answer = http.get("/sms/invoke-bulk-sms", params={"phone": number, "message": "Psst"})
    assert answer.status_code == 200
    assert answer.json() == {
        "message": f"SMS not sent to {number}: UserInBlacklist",
        "response": {
            "SMSMessageData": {
                "Message": "Sent to 0/1 Total Cost: 0",
                "Recipients": [
                    {"cost": "0", "messageId": "None", "number": number, "status": "UserInBlacklist", "statusCode": 406}
                ],
            }
        },
    }
    assert desk.ledger(number) == []
    [message] = desk.messages(number)
    assert (message["state"], message["text"]) == ("blocked", "Psst")
    assert message["reason"]
    # Another sender may still text.
    assert desk.send(number, mode="twoway")["statusCode"] == 101
    assert len(desk.ledger(number)) == 1


def test_opted_out_of_the_short_code(http: httpx.Client, desk: Desk, number: str) -> None:
    http.post("/sms/opt-out", data={"phoneNumber": number, "senderId": "12345"})
    assert desk.send(number, mode="twoway")["statusCode"] == 406
    assert desk.ledger(number) == []
    assert desk.send(number)["statusCode"] == 101


@pytest.mark.parametrize("form", [{}, {"senderId": ""}, {"senderId": "  "}], ids=["absent", "empty", "blank"])
def test_opted_out_of_all(http: httpx.Client, desk: Desk, number: str, form: dict[str, str]) -> None:
    http.post("/sms/opt-out", data={"phoneNumber": number, **form})
    for mode in ("bulk", "twoway"):
        assert desk.send(number, mode=mode)["statusCode"] == 406
    assert desk.ledger(number) == []
    told = desk.opt_outs(number)
    assert told["opted_out"] is True
    assert [each["from"] for each in told["history"]] == [None]


def test_opted_out_from_the_handset(http: httpx.Client, desk: Desk, number: str) -> None:
    answer = http.post(f"/simulator/phones/{number}/opt-out", json={"senderId": "MyBrand"})
    assert answer.status_code == 201
    told = until(lambda: desk.opt_outs(number)["history"])
    assert [(each["from"], each["source"]) for each in told] == [("MyBrand", "callback")]
    assert desk.send(number)["statusCode"] == 101


def test_said_twice_is_once(http: httpx.Client, desk: Desk, number: str) -> None:
    for sender in ("MyBrand", "MYBRAND", "mybrand "):
        http.post("/sms/opt-out", json={"phoneNumber": number, "senderId": sender})
    assert len(desk.opt_outs(number)["history"]) == 1


@pytest.mark.parametrize("form", [{}, {"senderId": "MyBrand"}, {"phoneNumber": ""}, {"phoneNumber": "nobody"}])
def test_notices_about_nobody(http: httpx.Client, form: dict[str, str]) -> None:
    answer = http.post("/sms/opt-out", data=form)
    assert (answer.status_code, answer.text) == (200, "OK")


def test_no_auto_reply_to_an_opted_out_number(http: httpx.Client, desk: Desk, number: str) -> None:
    http.post("/sms/opt-out", data={"phoneNumber": number})
    desk.handset_texts(number, "Hello?")
    assert desk.settled(number, "blocked") if until(lambda: desk.messages(number)) else False
    assert desk.ledger(number) == []


def test_two_services_answering_each_other_stop(desk: Desk, number: str) -> None:
    """The other side quotes what it got, as a service with our default template would."""
    said = "Karibu"
    for round_ in range(1, 21):
        desk.handset_texts(number, said)
        newest = desk.heard(number, round_)[0]
        if newest["reply_note"]:
            break
        said = f'This is a response to: "{desk.answered(number, round_)[-1]["text"]}"'
    assert newest["reply"] is None
    assert newest["reply_note"].startswith("loop guard: ")
    assert 1 <= len(desk.messages(number)) <= 5


def test_a_machine_that_repeats_itself_is_left_alone(desk: Desk, number: str) -> None:
    for n in range(1, 7):
        desk.handset_texts(number, "I am out of office")
        desk.heard(number, n)
    notes = [each["reply_note"] for each in desk.inbound(number)]
    assert notes[-1] == ""
    assert notes[0].startswith("loop guard: ")
    assert len(desk.messages(number)) <= 4


def test_a_machine_with_ever_new_words_stops_too(desk: Desk, number: str) -> None:
    for n in range(1, 14):
        desk.handset_texts(number, f"Ticket {n}: noted")
        desk.heard(number, n)
    notes = [each["reply_note"] for each in reversed(desk.inbound(number))]
    assert notes[:10] == [""] * 10
    assert all(note.startswith("loop guard: ") for note in notes[10:])
    assert len(desk.messages(number)) == 10


def test_a_person_is_answered_every_time(desk: Desk, number: str) -> None:
    for n, text in enumerate(["Habari", "MENU", "1", "2", "ndiyo", "asante"], start=1):
        desk.handset_texts(number, text)
        desk.answered(number, n)
    assert [each["reply_note"] for each in desk.inbound(number)] == [""] * 6


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    template = "Asante {from}, {to} got {text}. {unknown} {}"
    with dev(tmp_path_factory.mktemp("other"), UJUMBE_REPLY=template) as running:
        yield running
        running.stop()


def test_template(other: Running, number: str) -> None:
    with httpx.Client(base_url=other.url) as client:
        client.put("/simulator/faults", json=QUICK)
        desk = Desk(client)
        desk.handset_texts(number, "{to} & {from}")
        [arrived] = desk.answered(number, 1)
        assert arrived["text"] == f"Asante {number}, 12345 got {{to}} & {{from}}. {{unknown}} {{}}"


def test_empty_template_turns_replies_off(other: Running, number: str) -> None:
    other.stop()
    other.env["UJUMBE_REPLY"] = ""
    other.start()
    with httpx.Client(base_url=other.url) as client:
        desk = Desk(client)
        desk.handset_texts(number, "Anybody?")
        [text] = desk.heard(number, 1)
        assert (text["reply"], text["reply_note"]) == (None, "auto-replies are off")
        assert desk.messages(number) == []
