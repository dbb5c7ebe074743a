import dataclasses
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ujumbe.africastalking import callbacks
from ujumbe.africastalking.callbacks import Incoming, OptOut, Report, Subscription
from ujumbe.africastalking.form import LONGEST_FIELD, fields
from ujumbe.domain import moment
from ujumbe.domain.text import storable

FORM = "application/x-www-form-urlencoded"
NUMBER = "+254711000001"
MAY_4 = 1_493_791_485_000
"""2017-05-03T06:04:45Z"""


@pytest.mark.parametrize(
    ("body", "query", "content_type", "expected"),
    [
        pytest.param(b"a=1&b=2", b"", FORM, {"a": "1", "b": "2"}, id="a form"),
        pytest.param(b"a=1", b"", f"{FORM}; charset=UTF-8", {"a": "1"}, id="charset suffix"),
        pytest.param(b"a=1", b"", "", {"a": "1"}, id="no content type"),
        pytest.param(b"a=1", b"", "application/json", {"a": "1"}, id="a form that calls itself JSON"),
        pytest.param(b"text=1%2B1+%3D+2", b"", FORM, {"text": "1+1 = 2"}, id="plus and percent"),
        pytest.param("text=Habari €".encode(), b"", FORM, {"text": "Habari €"}, id="UTF-8 as it is"),
        pytest.param(b"text=%F0%9F%98%80", b"", FORM, {"text": "😀"}, id="UTF-8 percent-encoded"),
        pytest.param(b"a=1&a=2", b"", FORM, {"a": "1"}, id="repeated: the first"),
        pytest.param(b"a=body&b=2", b"a=query&c=3", FORM, {"a": "query", "c": "3", "b": "2"}, id="query first"),
        pytest.param(b"", b"a=1", "", {"a": "1"}, id="query only"),
        pytest.param(b"a=&b", b"", FORM, {"a": "", "b": ""}, id="empty and bare"),
        pytest.param(b"=1&&&a=1=2", b"", FORM, {"": "1", "a": "1=2"}, id="odd separators"),
        pytest.param(b"a=1;b=2", b"", FORM, {"a": "1;b=2"}, id="a semicolon does not separate"),
        pytest.param(b"a=%ZZ%4&b=100%", b"", FORM, {"a": "%ZZ%4", "b": "100%"}, id="bad percent-encoding"),
        pytest.param(b"a=%FF&b=\xff", b"", FORM, {"a": "\ufffd", "b": "\ufffd"}, id="no UTF-8"),
        pytest.param(b"a=1%002&b=\x00", b"", FORM, {"a": "1\ufffd2", "b": "\ufffd"}, id="NUL"),
        pytest.param(b"\x00=1", b"%00=2", FORM, {"\ufffd": "2"}, id="NUL in a name"),
        pytest.param(b"a=%ED%A0%BD", b"", FORM, {"a": "\ufffd" * 3}, id="half a pair, percent-encoded"),
        pytest.param(
            b'{"a":"\\ud83d","b":"\\u0000"}', b"", "application/json", {"a": "?", "b": "\ufffd"}, id="and in JSON"
        ),
        pytest.param(
            b'{"a":"x","n":15071,"t":true,"l":["y"],"none":null}',
            b"",
            "Application/JSON; charset=utf-8",
            {"a": "x", "n": "15071", "t": "true", "l": '["y"]'},
            id="a JSON object",
        ),
        pytest.param(b' {"a":"x"}', b"a=q", FORM, {"a": "q"}, id="JSON that calls itself a form, query first"),
        pytest.param(b'{"a":1,"a":2}', b"", "", {"a": "2"}, id="JSON keeps the last of two"),
        pytest.param(b"a=" + b"x" * 5_000, b"", FORM, {"a": "x" * 4_096}, id="a long field is cut"),
        pytest.param(b"", b"", "", {}, id="nothing"),
        pytest.param(b"&".join([b"a=1"] * 1_001), b"b=2", FORM, {"a": "1", "b": "2"}, id="fields without end"),
    ],
)
def test_fields(body: bytes, query: bytes, content_type: str, expected: dict[str, str]) -> None:
    assert fields(body, query, content_type) == expected


@pytest.mark.parametrize("wrap", [b'{"a":%s}', b"%s"])
def test_depth_is_no_error(wrap: bytes) -> None:
    # Where reading still works and writing again does not depends on the stack, so every depth is tried.
    for depth in range(900, 1_100):
        nested = b"[" * depth + b"]" * depth
        assert isinstance(fields(wrap % nested, b"", "application/json"), dict)


REPORT = Report("ATXid_1", "Success", NUMBER, "63902", "", 0)


@pytest.mark.parametrize(
    ("body", "report"),
    [
        pytest.param(
            b"id=ATXid_1&status=Success&phoneNumber=%2B254711000001&networkCode=63902&failureReason=&retryCount=0",
            REPORT,
            id="the seeds' sample",
        ),
        pytest.param(
            b"phoneNumber=%2B254711000001&failureReason=DeliveryFailure&retryCount=0&id=ATXid_8c75&status=Failed"
            b"&networkCode=63902",
            Report("ATXid_8c75", "Failed", NUMBER, "63902", "DeliveryFailure", 0),
            id="as recorded in 2020",
        ),
        pytest.param(b"id=ATXid_1&status=Success", Report("ATXid_1", "Success", "", "", "", None), id="as in 2016"),
        pytest.param(
            b"id= ATXid_1 &status=+AbsentSubscriber&phoneNumber=+254711000001&networkCode=99999&retryCount=",
            Report("ATXid_1", "AbsentSubscriber", NUMBER, "99999", "", None),
            id="spaces, and a + that was not encoded",
        ),
        pytest.param(
            b"id=1&status=Teleported&phoneNumber=0711000001&failureReason=NotNetworkSubcriber&retryCount=-1&new=1",
            Report("1", "Teleported", "0711000001", "", "NotNetworkSubcriber", None),
            id="unknown status, national number, extra field",
        ),
        pytest.param(b"retryCount=9999999999", Report("", "", "", "", "", None), id="a count without end"),
        pytest.param(b"retryCount=%D9%A3", Report("", "", "", "", "", 3), id="a count in another script"),
        pytest.param(b"retryCount=%C2%B2", Report("", "", "", "", "", None), id="a count that is no decimal"),
        pytest.param(
            b'{"id":"ATXid_1","status":"Success","phoneNumber":"+254711000001","networkCode":63902,"retryCount":0}',
            REPORT,
            id="JSON",
        ),
        pytest.param(b"", Report("", "", "", "", "", None), id="nothing"),
    ],
)
def test_reports(body: bytes, report: Report) -> None:
    assert callbacks.read_report(fields(body)) == report


UUID = "a6b0b4d6-3d5d-4a0e-9a4b-0f3c1f0a2b3c"


@pytest.mark.parametrize(
    ("body", "incoming", "complete"),
    [
        pytest.param(
            b"linkId=SampleLinkId123&text=Hello&to=12345&id=ATSid_123&date=2026-03-04+10:30:00&from=%2B254711000001",
            Incoming(
                "ATSid_123",
                NUMBER,
                "12345",
                "Hello",
                "2026-03-04 10:30:00",
                1_772_620_200_000,
                "SampleLinkId123",
                "",
                "",
                (),
            ),
            True,
            id="the seeds' sample",
        ),
        pytest.param(
            f"linkId=03090445075804249226&text=Msg&to=21512&id={UUID}&date=2017-05-03T06%3A04%3A45Z"
            "&from=%2B254711000001".encode(),
            Incoming(UUID, NUMBER, "21512", "Msg", "2017-05-03T06:04:45Z", MAY_4, "03090445075804249226", "", "", ()),
            True,
            id="courier's sample",
        ),
        pytest.param(
            b"linkId=&text= stop &to=12345&id=1&date=soon&from=254711000001&cost=KES+1.00&networkCode=63902",
            Incoming("1", NUMBER, "12345", " stop ", "soon", None, "", "63902", "KES 1.00", ()),
            True,
            id="newer fields, empty linkId, no date, text as it is",
        ),
        pytest.param(
            b"text=Hi&to=12345&id=1&date=2017-05-03+06:04:45&from=MPESA",
            Incoming("1", "MPESA", "12345", "Hi", "2017-05-03 06:04:45", MAY_4, "", "", "", ("linkId",)),
            True,
            id="from a name, no linkId",
        ),
        pytest.param(
            b"linkId=L&text=+&to=12345&id=1&date=+&from=%2B254711000001",
            Incoming("1", NUMBER, "12345", " ", "", None, "L", "", "", ()),
            True,
            id="a blank is not missing: a thumb slipped",
        ),
        pytest.param(
            b"linkId=L&text=&to=12345&id=1&date=+&from=%2B254711000001",
            Incoming("1", NUMBER, "12345", "", "", None, "L", "", "", ("text",)),
            False,
            id="no text",
        ),
        pytest.param(
            b"",
            Incoming("", "", "", "", "", None, "", "", "", ("linkId", "text", "to", "id", "date", "from")),
            False,
            id="nothing",
        ),
    ],
)
def test_incoming(body: bytes, incoming: Incoming, *, complete: bool) -> None:
    found = callbacks.read_incoming(fields(body))
    assert found == incoming
    assert found.complete is complete


@pytest.mark.parametrize(
    ("body", "opt_out"),
    [
        (b"senderId=MyBrand&phoneNumber=%2B254711000001", OptOut(NUMBER, "MyBrand")),
        (b"senderId=+12345+&phoneNumber=+254711000001", OptOut(NUMBER, "12345")),
        (b"phoneNumber=254711000001", OptOut(NUMBER, "")),
        (b"", OptOut("", "")),
    ],
)
def test_opt_outs(body: bytes, opt_out: OptOut) -> None:
    assert callbacks.read_opt_out(fields(body)) == opt_out


@pytest.mark.parametrize(
    ("body", "subscription"),
    [
        (
            b"phoneNumber=%2B254711000001&shortCode=12345&keyword=NEWS&updateType=addition",
            Subscription(NUMBER, "12345", "NEWS", "addition"),
        ),
        (b"phoneNumber=%2B254711000001&updateType=+Deletion", Subscription(NUMBER, "", "", "deletion")),
        (b"updateType=Paused", Subscription("", "", "", "paused")),
        (b"", Subscription("", "", "", "")),
    ],
)
def test_subscriptions(body: bytes, subscription: Subscription) -> None:
    assert callbacks.read_subscription(fields(body)) == subscription


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-05-03T06:04:45Z", MAY_4),
        ("2017-05-03 06:04:45", MAY_4),
        ("2017-05-03T06:04:45", MAY_4),
        ("2017-05-03T06:04:45.445Z", MAY_4 + 445),
        ("2017-05-03T09:04:45+03:00", MAY_4),
        (" 2017-05-03 06:04:45 ", MAY_4),
        ("0001-01-01 00:00:00", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
        ("None", None),
        ("03/05/2017 06:04", None),
        ("2017-13-03 06:04:45", None),
        ("1493791485", None),
        ("\ud800", None),
    ],
)
def test_dates(text: str, expected: int | None) -> None:
    assert callbacks.read_date(text) == expected
    assert expected is None or moment.to_ms(moment.to_datetime(expected)) == expected, "it can be shown again"


# fmt: off
FIELD_NAMES = st.sampled_from([
    "id", "status", "phoneNumber", "networkCode", "failureReason", "retryCount", "linkId", "text", "to",
    "date", "from", "cost", "senderId", "shortCode", "keyword", "updateType"
])
# fmt: on
ANY_TEXT = st.text(st.characters(), max_size=30)
PAIRS = st.lists(st.tuples(FIELD_NAMES.map(str.encode), st.binary(max_size=30)), max_size=12)
BODIES = (
    st.binary()
    | PAIRS.map(lambda pairs: b"&".join(name + b"=" + value for name, value in pairs))
    | st.dictionaries(FIELD_NAMES | ANY_TEXT, ANY_TEXT | st.integers() | st.floats() | st.lists(ANY_TEXT)).map(
        lambda document: json.dumps(document).encode()
    )
)


def values(told: Report | Incoming | OptOut | Subscription) -> list[object]:
    return list(told) if isinstance(told, tuple) else [getattr(told, each.name) for each in dataclasses.fields(told)]


@given(BODIES, st.binary(max_size=60), st.sampled_from([FORM, "application/json", "", "text/plain"]) | ANY_TEXT)
@example(b'{"text":"\\ud83d\\u0000"}', b"id=%00", "application/json")
@example(b"date=%00&from=\x00", b"\xff", "\ud800")
def test_nothing_is_an_error_and_everything_can_be_stored(body: bytes, query: bytes, content_type: str) -> None:
    form = fields(body, query, content_type)
    told: list[Report | Incoming | OptOut | Subscription] = [
        callbacks.read_report(form),
        callbacks.read_incoming(form),
        callbacks.read_opt_out(form),
        callbacks.read_subscription(form),
    ]
    texts = [*form, *form.values()]
    for each in told:
        for value in values(each):
            texts += [value] if isinstance(value, str) else []
            assert not isinstance(value, int) or abs(value) < 1 << 63
    assert not [text for text in texts if b"\x00" in text.encode() or len(text) > LONGEST_FIELD]


@given(PAIRS | st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=12))
@example([(b"a+b", b"%2B+%E2%82%AC%ED%A0%80"), (b"", b""), (b"%", b"=&=")])
def test_a_form_reads_as_the_standard_library_reads_it(pairs: list[tuple[bytes, bytes]]) -> None:
    body = b"&".join(name + b"=" + value for name, value in pairs)
    expected: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace"):
        expected.setdefault(storable(name), storable(value))
    assert body.lstrip()[:1] == b"{" or fields(body) == expected


@given(st.text() | st.datetimes(timezones=st.timezones() | st.none()).map(str))
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = callbacks.read_date(text)
    assert found is None or moment.show(found)
