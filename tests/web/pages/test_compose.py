"""Compose, as a browser without scripts uses it, and the parts that a script asks for."""

import codecs
import csv
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk
from tests.web.pages.filled import fields, press, words

NewNumber = Callable[[], str]
LATER = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT10:30")


def opened(http: httpx.Client, query: str = "", **filled: str) -> dict[str, str]:
    page = http.get(f"/compose{query}")
    assert page.status_code == 200, page.text
    return fields(page) | {name.rstrip("_"): value for name, value in filled.items()}


def checked(http: httpx.Client, **filled: str) -> httpx.Response:
    answer = press(http, "/compose", opened(http, **filled), "check")
    assert answer.status_code == 200, words(answer)
    return answer


def sent(http: httpx.Client, page: httpx.Response) -> str:
    """The batch page to which sending what was checked leads."""
    answer = press(http, "/compose", fields(page), "send")
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"]


def audit_lines(http: httpx.Client, batch: str) -> str:
    return words(http.get(f"/batches/{batch}")).partition("Who did what")[2].partition("Copy as")[0]


def test_the_empty_form(http: httpx.Client) -> None:
    page = http.get("/compose")
    assert page.status_code == 200
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert 'style="' not in page.text
    assert " onclick" not in page.text
    form = fields(page)
    assert (form["kind"], form["from"], form["category"], form["priority"]) == ("bulk", "", "transactional", "0")
    assert form["key"] != opened(http)["key"]
    assert 'value="send"' not in page.text, "nothing can be sent that nobody has looked at"


def test_an_address_fills_it_in(http: httpx.Client) -> None:
    form = opened(http, "?to=%2B254711000111&text=Habari%20%3Cb%3E&from=CLINIC&kind=two_way")
    assert (form["to"], form["text"], form["kind"]) == ("+254711000111", "Habari <b>", "two_way")
    assert (form["from"], form["other"]) == ("*", "CLINIC")
    assert opened(http, "?kind=nonsense")["kind"] == "bulk"


def test_everybody_has_a_verdict_before_anything_is_sent(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    one, two, out = new_number(), new_number(), new_number()
    http.put(f"/v1/opt-outs/{out}").raise_for_status()
    page = checked(http, to=f"{one}\n{two}; {one}\nAsha <x>\n\n{out[1:]}", text="Habari")
    told = words(page)
    assert "2 texts to 2 people: 2 segments. 3 are left out." in told
    assert "2 will be sent 1 not a number 1 opted out 1 listed twice" in told
    rows = [words(httpx.Response(200, text=row)).split() for row in re.findall(r"<tr>.*?</tr>", page.text, re.DOTALL)]
    assert [(row[0], row[1]) for row in rows if row[0].isdigit()][:1] == [("3", "Asha")], "problems first"
    assert [row[0] for row in rows if row[0].isdigit()] == ["3", "5", "2", "1", "2"]
    assert "Asha &lt;x&gt;" in page.text
    national = words(checked(http, to="0711", text="Habari"))
    assert "must start with '+'" in national
    assert "UJUMBE_" not in national, "that is not for whoever types a list"
    assert "Send 2 texts now" in told
    assert [desk.messages(each) for each in (one, two, out)] == [[], [], []]


def test_sending_it(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(3)]
    page = checked(http, to="\n".join([*numbers, "Asha"]), text="Line one\r\nand two")
    path = sent(http, page)
    for each in numbers:
        assert desk.settled(each, "delivered")["text"] == "Line one\nand two", "no carriage return is paid for"
    batch = path.removeprefix("/batches/")
    [stored] = desk.messages(numbers[0])
    assert stored["batch"] == batch
    assert "developer : send batch" in audit_lines(http, batch)
    assert "3 accepted; 1 left out: 1 not a number" in audit_lines(http, batch)
    assert numbers[0][1:] not in audit_lines(http, batch)


def test_back_and_send_again_sends_nothing_twice(http: httpx.Client, desk: Desk, number: str) -> None:
    page = checked(http, to=number, text="Once")
    path = sent(http, page)
    again = press(http, "/compose", fields(page), "send")
    assert (again.status_code, again.headers["location"]) == (303, path)
    said = http.cookies.get("said")
    assert said
    assert "sent before" in words(http.get(path))
    assert sent(http, checked_again(http, page)) == path, "the same form, looked at once more, is the same send"
    assert len(desk.messages(number)) == 1
    assert audit_lines(http, path.removeprefix("/batches/")).count("send batch") == 1
    assert sent(http, checked(http, to=number, text="Once")) != path, "a new form is a new send"


@pytest.mark.parametrize("change", [{}, {"text": "Changed"}])
def test_back_to_the_check_and_sent_from_there(
    http: httpx.Client, desk: Desk, number: str, change: dict[str, str]
) -> None:
    """A browser that goes back to a page which no cache keeps asks for the check once more."""
    form = fields(checked(http, to=number, text="Once")) if change else opened(http, to=number, text="Once")
    path = sent(http, press(http, "/compose", form | change, "check"))
    assert sent(http, press(http, "/compose", form | change, "check")) == path
    assert len(desk.messages(number)) == 1


def checked_again(http: httpx.Client, page: httpx.Response) -> httpx.Response:
    return press(http, "/compose", fields(page), "check")


def test_a_double_click(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(20)]
    form = fields(checked(http, to=" ".join(numbers), text="Twice?"))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: press(http, "/compose", form, "send"), range(6)))
    assert {each.status_code for each in answers} == {303}
    assert len({each.headers["location"] for each in answers}) == 1
    assert [len(desk.messages(each)) for each in numbers] == [1] * 20


@pytest.mark.parametrize("change", [{"text": "Other"}, {"to": "+254711000321"}, {"category": "otp"}, {"from": "12345"}])
def test_what_was_changed_since_the_check_is_looked_at_first(
    http: httpx.Client, desk: Desk, number: str, change: dict[str, str]
) -> None:
    form = fields(checked(http, to=number, text="Checked"))
    answer = press(http, "/compose", form | change, "send")
    assert answer.status_code == 409
    assert "not what was checked last" in words(answer)
    assert fields(answer)["key"] != form["key"]
    assert desk.messages(number) == []
    assert sent(http, answer)


def test_a_key_that_sent_something_else(http: httpx.Client, desk: Desk, number: str) -> None:
    first = checked(http, to=number, text="First")
    path = sent(http, first)
    second = fields(checked(http, to=number, text="Second"))
    answer = press(http, "/compose", second | {"key": fields(first)["key"]}, "send")
    assert answer.status_code == 409
    assert "already sent something else" in words(answer)
    assert len(desk.messages(number)) == 1
    assert sent(http, answer) != path


@pytest.mark.parametrize("key", ["", "x", "page-1-x", "page-99999999999999-x", "page-٣-x", "page--"])
def test_a_form_from_yesterday_sends_nothing(http: httpx.Client, desk: Desk, number: str, key: str) -> None:
    form = fields(checked(http, to=number, text="Old"))
    answer = press(http, "/compose", form | {"key": key}, "send")
    assert answer.status_code == 409
    assert "open for most of a day" in words(answer)
    assert desk.messages(number) == []


def test_sending_what_nobody_checked_checks_it(http: httpx.Client, desk: Desk, number: str) -> None:
    answer = press(http, "/compose", opened(http, to=number, text="Hasty"), "send")
    assert answer.status_code == 200
    assert "1 text to 1 person: 1 segment." in words(answer)
    assert desk.messages(number) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_file(http: httpx.Client, desk: Desk, new_number: NewNumber, encoding: str) -> None:
    one, two, typed = new_number(), new_number(), new_number()
    data = f"name;msisdn\nÉlodie;{one}\nAsha;'{two}\nJuma;\nAli;2.54711E+11\n".encode(encoding)
    data = data if encoding != "utf-8" else codecs.BOM_UTF8 + data
    form = opened(http, to=typed, text="From a file")
    page = press(http, "/compose", form, "check", ("people.csv", data))
    told = words(page)
    assert "3 texts to 3 people: 3 segments. 2 are left out." in told
    assert "4 empty there is no number in this row" in told
    assert "rounded" in told
    assert "people.csv" in told
    assert fields(page)["to"] == f"{typed}\n{one}\n{two}\n-\n2.54711E+11"
    assert sent(http, page)
    assert desk.settled(two, "delivered")


def test_a_file_is_not_lost_on_the_way_to_a_test(http: httpx.Client, new_number: NewNumber) -> None:
    one = new_number()
    page = press(http, "/compose", opened(http, text="x\u2019"), "plain", ("people.csv", one.encode()))
    assert (fields(page)["to"], fields(page)["text"]) == (one, "x'")
    bad = press(http, "/compose", opened(http, text="x"), "plain", ("people.csv", b"name\nAsha\n"))
    assert bad.status_code == 422
    assert "No column of the file holds numbers" in words(bad)


@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"to": ""}, "at least one number"),
        ({"text": ""}, "Message cannot be empty"),
        ({"text": "x" * 1601}, "1,601 characters"),
        ({"from": "*", "other": "a name that is too long"}, "a sender is a short code"),
        ({"kind": "premium"}, "clear the numbers"),
        ({"kind": "premium", "to": ""}, "name the keyword"),
        ({"kind": "premium", "to": "", "keyword": "NOBODY"}, "nobody is subscribed"),
        ({"kind": "premium", "to": "", "keyword": "K" * 101}, "at most 100"),
        ({"kind": "pigeon"}, "choose one of these"),
        ({"category": "spam"}, "choose one of these"),
        ({"priority": "10"}, "choose one of these"),
        ({"send_at": "soon"}, "give a day and a time"),
        ({"send_at": "2020-01-01T10:00"}, "in the past"),
        ({"send_at": "2020-01-01T10:00+03:00"}, "give a day and a time"),
        ({"send_at": "3020-01-01T10:00"}, "at most a year ahead"),
        ({"expires_at": "2020-01-01T10:00"}, "must be after"),
        ({"to": "+254711000111\n" * 100_001}, "more than 100,000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(http: httpx.Client, number: str, filled: dict[str, str], told: str) -> None:
    form = opened(http, to=number, text="Habari") | filled
    answer = press(http, "/compose", form, "check")
    assert answer.status_code == 422
    assert told.casefold() in words(answer).casefold()
    typed = ("to", "text", "from", "other", "keyword", "send_at", "expires_at")
    assert [fields(answer)[each] for each in typed if each != "to"] == [form[each] for each in typed if each != "to"]
    assert fields(answer)["to"].split() == form["to"].split()
    assert 'value="send"' not in answer.text


def test_several_things_are_wrong_at_once(http: httpx.Client) -> None:
    told = words(press(http, "/compose", opened(http, send_at="x"), "check"))
    assert all(each in told for each in ("at least one number", "cannot be empty", "Give a day and a time"))


def test_nobody_would_get_it(http: httpx.Client, number: str) -> None:
    http.put(f"/v1/opt-outs/{number}").raise_for_status()
    page = checked(http, to=f"{number} Asha", text="x")
    assert "Nobody would get this text. 2 are left out." in words(page)
    assert 'value="send"' not in page.text


@pytest.mark.parametrize("zone", ["Africa/Nairobi", "Asia/Kathmandu", "UTC"])
def test_later_is_in_the_zone_of_the_form(http: httpx.Client, desk: Desk, number: str, zone: str) -> None:
    page = checked(http, to=number, text="Later", send_at=LATER, expires_at=LATER[:-5] + "11:30", zone=zone)
    told = words(page)
    hour = {"Africa/Nairobi": "07:30", "Asia/Kathmandu": "04:45", "UTC": "10:30"}[zone]
    assert re.search(rf"Send 1 text on \d+ \w+ (\d+ )?{hour}", told), "on the viewer's own clock"
    assert f"Times are those of {zone}" in told
    path = sent(http, page)
    assert "1 waits for its time" in words(http.get(path))
    assert desk.messages(number)[0]["state"] == "scheduled"
    canceled = http.post(f"{path}/cancel")
    assert canceled.status_code == 303
    assert desk.messages(number)[0]["state"] == "canceled"


def test_the_zone_is_told(http: httpx.Client) -> None:
    page = http.get("/compose", headers={"cookie": "zone=Africa%2FNairobi"})
    assert "Times are those of Africa/Nairobi" in words(page)
    assert fields(page)["zone"] == "Africa/Nairobi"


def test_a_premium_text_to_subscribers(http: httpx.Client, desk: Desk, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(3)]
    for each in numbers:
        body = {"shortCode": "12345", "keyword": "COMPOSE", "updateType": "addition"}
        assert http.post(f"/simulator/phones/{each}/subscriptions", json=body).status_code in (200, 201)
    until(lambda: "COMPOSE" in http.get("/compose").text)
    until(lambda: len(desk.get("/v1/subscriptions", keyword="COMPOSE")["items"]) == 3)
    page = checked(http, kind="premium", keyword="compose", text="News")
    assert "3 texts to 3 people: 3 segments." in words(page)
    assert '"to": "subscribers"' in page.text.replace("&#34;", '"')
    assert sent(http, page)
    assert desk.settled(numbers[0], "delivered")
    assert [line["keyword"] for line in desk.ledger(numbers[0])] == ["COMPOSE"]


def test_copy_as(http: httpx.Client, number: str) -> None:
    page = checked(http, to=number, text="It's €5", kind="two_way")
    told = words(page)
    assert f"ujumbe send --two-way {number} 'It'" in told
    assert f'"to": "{number}", "text": "It' in told
    assert "requests.post(" in told
    assert "YOUR_API_KEY" not in told, "ujumbe dev needs none"
    assert "ujumbe send" not in words(checked(http, to=number, text="Later", send_at=LATER, zone="UTC"))
    many = checked(http, to=" ".join(f"+2547119{index:05}" for index in range(150)), text="x")
    assert "With the first 100 numbers" in words(many)


def test_the_lines_of_a_file_are_told_by_every_check(http: httpx.Client, new_number: NewNumber) -> None:
    data = f"name,phone\nAsha,{new_number()}\nJuma,\nMary,not known\n".encode()
    page = press(http, "/compose", opened(http, text="x"), "check", ("people.csv", data))
    assert "4 not known" in words(page)
    assert "4 not known" in words(press(http, "/compose", fields(page), "check"))
    rows = list(csv.reader(press(http, "/compose/verdicts.csv", fields(page)).text.splitlines()))
    assert [row[:2] for row in rows if row[2] == "not a number"] == [["3", ""], ["4", "not known"]]
    sent_page = http.get(sent(http, page))
    assert "2 left out: 2 not a number" in words(sent_page), "no row is lost between what was checked and what was sent"


def test_the_verdicts_as_a_file(http: httpx.Client, new_number: NewNumber) -> None:
    numbers = [new_number() for _ in range(250)]
    page = checked(http, to="\n".join(["=cmd()", *numbers]), text="x")
    assert "The first 200 of 251" in words(page)
    answer = press(http, "/compose/verdicts.csv", fields(page))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(answer.text.splitlines()))
    assert rows[0] == ["line", "to", "verdict", "reason"]
    assert rows[1][:3] == ["1", "'=cmd()", "not a number"]
    assert rows[2] == ["2", numbers[0], "will be sent", ""]
    assert len(rows) == 252
    assert press(http, "/compose/verdicts.csv", opened(http)).status_code == 422


def weighed(http: httpx.Client, **given: str) -> httpx.Response:
    answer = http.post("/compose/meter", data=given)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1 segment , 160 characters left in it GSM-7: a segment holds 160 characters"),
        ("a" * 160, "1 segment , 0 characters left"),
        ("a" * 161, "2 segments , 145 characters left in the last"),
        ("a" * 159 + "\u2019", "3 segments , 41 characters left in the last"),
        ("5€", "count as two characters: € euro sign"),
        ("Don\u2019t", "right single quotation mark: ' costs nothing more"),
        ("a\u00a0b", "a plain space costs nothing more"),
        ("a\u200bb", "nobody sees it"),
        ("😀😀", "grinning face, 2 times"),
    ],
)
def test_the_meter(http: httpx.Client, text: str, told: str) -> None:
    assert told in words(weighed(http, text=text))


def test_the_meter_agrees_with_the_api(http: httpx.Client, number: str) -> None:
    text = "Hi\u2019 {x} €" * 17
    quote = http.post("/v1/quotes", json={"to": number, "text": text}).json()
    told = words(weighed(http, text=text, to=number))
    assert f"{quote['segments']} segments , {quote['remaining']} characters left" in told
    assert quote["encoding"] in told


def test_the_meter_counts_who_is_listed(http: httpx.Client) -> None:
    to = "+254711000111, +254711000112\n+254711000111"
    assert "2 × 2 people = 4 segments" in words(weighed(http, text="a" * 200, to=to))
    assert "2 × 1,204 people = 2,408 segments" in words(weighed(http, text="a" * 200, people="1204"))
    assert "people" not in words(weighed(http, text="a", kind="premium", to=to))
    assert "people" in words(weighed(http, text="a", to=to, people="x" * 100))


def test_plain_characters(http: httpx.Client, number: str) -> None:
    page = press(http, "/compose", opened(http, to=number, text="It\u2019s \u201chere\u201d " + "a" * 80), "plain")
    assert fields(page)["text"] == 'It\'s "here" ' + "a" * 80
    assert fields(page)["to"] == number
    assert "1 segment ," in words(page)


def part_of(answer: httpx.Response) -> dict[str, str]:
    return {
        name: ((found := re.search(f'name="{name}" value="([^"]*)"', answer.text)) and found.group(1)) or ""
        for name in ("test_key", "tested")
    }


def test_a_test_to_ones_own_phone(http: httpx.Client, desk: Desk, number: str) -> None:
    form = opened(http, text="Try me", test_to=number[1:], to="Asha", send_at=LATER, zone="UTC")
    answer = press(http, "/compose/test", form)
    assert answer.status_code == 200
    part = part_of(answer)
    assert part["tested"].startswith("msg_")
    assert part["test_key"] != form["test_key"]
    [message] = desk.messages(number)
    assert message["id"] == part["tested"]
    desk.settled(number, "delivered")
    assert "delivered" in words(http.get(f"/compose/tests/{part['tested']}"))
    assert "developer : send test" in audit_lines(http, message["batch"])
    assert part_of(press(http, "/compose/test", form))["tested"] == part["tested"], "a double click is one test"
    other = press(http, "/compose/test", form | {"text": "Changed"})
    assert (other.status_code, "another test" in words(other)) == (422, True)
    assert len(desk.messages(number)) == 1
    assert press(http, "/compose/test", form | part).status_code == 200
    assert len(desk.messages(number)) == 2, "pressed once more, it is sent once more"


def test_a_test_without_scripts(http: httpx.Client, desk: Desk, number: str) -> None:
    page = press(http, "/compose", opened(http, text="Try me", test_to=number, to="Asha"), "test")
    assert page.status_code == 200
    assert fields(page)["to"] == "Asha"
    assert fields(page)["tested"] == desk.messages(number)[0]["id"]
    desk.settled(number, "delivered")
    again = press(http, "/compose", fields(page), "check")
    assert "delivered" in words(again).partition("Try it on your own phone")[2]


@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"test_to": ""}, "The number is empty"),
        ({"test_to": "Asha"}, "digits"),
        ({"text": ""}, "Message cannot be empty"),
        ({"test_key": "page-1-x"}, "open for most of a day"),
    ],
)
@pytest.mark.parametrize("path", ["/compose", "/compose/test"])
def test_a_bad_test(http: httpx.Client, number: str, path: str, filled: dict[str, str], told: str) -> None:
    form = opened(http, text="Try me", test_to=number) | filled
    answer = press(http, path, form, "test")
    assert answer.status_code == 422
    assert told in words(answer)


def test_a_test_to_somebody_who_opted_out(http: httpx.Client, number: str) -> None:
    http.put(f"/v1/opt-outs/{number}").raise_for_status()
    answer = press(http, "/compose/test", opened(http, text="Try me", test_to=number))
    assert "blocked" in words(answer)
    assert "Opted out" in words(answer)


def test_there_is_no_such_test(http: httpx.Client) -> None:
    assert http.get("/compose/tests/msg_0000000000000").status_code == 404
    assert http.get("/compose/tests/x").status_code == 404


def test_more_than_one_request_takes(http: httpx.Client, desk: Desk) -> None:
    numbers = [f"+2557{index:08}" for index in range(10_050)]
    page = checked(http, to="\n".join(numbers), text="Many", send_at=LATER, zone="UTC")
    assert "10,050 texts to 10,050 people: 10,050 segments." in words(page)
    path = sent(http, page)
    told = words(http.get(path))
    assert "10,050 texts, 10,050 not settled yet" in told
    assert "10,050 scheduled" in http.get(path).text
    again = press(http, "/compose", fields(page), "send")
    assert again.headers["location"] == path
    first, others = path.removeprefix("/batches/").split("?with=")
    canceled: Any = http.post(f"/batches/{first}/cancel", data={"with": others})
    assert canceled.headers["location"] == path
    assert "10,050 texts, all settled" in words(http.get(path))
    assert desk.get(f"/v1/batches/{others}")["counts"] == {"canceled": 50}


def test_more_than_a_field_holds(http: httpx.Client) -> None:
    answer = press(http, "/compose", opened(http, text="x") | {"to": "+254711000111\n" * 400_000}, "check")
    assert answer.status_code == 413
    assert "fewer numbers at a time" in words(answer)
