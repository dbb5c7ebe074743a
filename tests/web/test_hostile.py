"""Whatever arrives, on every route: no 5xx, no traceback, nothing private in the log, and the process goes on."""

import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running import Running, dev, until
from tests.web.conftest import QUICK

NUMBERS = ["+254711000601", "+254711000602", "254711000603"]
SECRET = "Kiboko-60913"
TOKEN = "hostile-token-9301"

SENDS = ["/sms/invoke-bulk-sms", "/sms/invoke-twoway-sms"]
CALLBACKS = [f"/sms/{kind}" for kind in ("twoway", "delivery-reports", "opt-out", "subscription")]
READS = ["/v1/messages", "/v1/inbound", "/v1/opt-outs", "/v1/subscriptions", "/v1/events", "/v1/webhooks"]
OTHERS = ["/sms/", "/", "/healthz", "/readyz", "/openapi.json", "/v1/messages/", "/v1/opt-outs/", "/sms/x"]
EVERY = SENDS + CALLBACKS + READS + OTHERS
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
NAMES = [
    "phone", "message", "id", "status", "phoneNumber", "networkCode", "failureReason", "retryCount", "from", "to",
    "text", "date", "linkId", "cost", "senderId", "shortCode", "keyword", "updateType", "token", "limit", "cursor",
    "since", "until", "state", "batch", "",
]  # fmt: skip

values = st.one_of(
    st.sampled_from(
        [
            *NUMBERS, SECRET, "", " ", "\0", "\ud800", "😀", "a" * 5000, "9" * 400, "-1", "1e999", "NaN", "null",
            "Success", "addition", "12345", "AFRICASTKNG", "2026-03-04T10:30:00", "2026-03-04T10:30:00Z", "0001-01-01",
            "%", "{text}", "msg_0000000000000", "in_7zzzzzzzzzzzz", "'; DROP TABLE messages; --",
            "\r\nSet-Cookie: x=1", "../../etc/passwd",
        ]
    ),
    st.text(max_size=30),
    st.datetimes().map(lambda moment: moment.isoformat() + "+02:00"),
)  # fmt: skip
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), values), max_size=9)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | values
documents = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), scalars, max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
CONTENT_TYPES = [
    "", "application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=utf-16", "application/json; charset=latin-1", "x", ";", "a/b" * 300,
]  # fmt: skip


def form(fields: list[tuple[str, str]]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()


bodies = st.one_of(
    st.binary(max_size=300),
    pairs.map(form),
    pairs.map(lambda fields: "&".join(f"{name}={value}" for name, value in fields).encode("utf-16", "replace")),
    documents.map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"{" * 50_000, b"[" * 60_000, b"&" * 65_536, b"=&" * 30_000, b"x=" + b"%" * 60_000, b"{}", b"[]", b"null",
         b'{"id": 1e400, "status": "\\ud800", "phoneNumber": {"a": [1]}}', b"\xff\xfe", b"--x\r\n\r\n--x--",
         b'{"id": ' + b"1" * 5000 + b"}", b"x=" + b"a" * 70_000, b"id=%00%ED%A0%80%FF&status=%", b"\0" * 1000]
    ),
)  # fmt: skip
queries = st.one_of(
    pairs.map(form),
    st.binary(max_size=60).map(lambda raw: quote_from_bytes(raw).encode()),
    st.sampled_from([b"%", b"%zz", b"&&==", b"token=%E2%82%AC&x=%FF", b"limit=1&limit=2", b"a" * 8000, b"phone=%"]),
)
tails = st.sampled_from(["", "", "", "/", "//", "/%00", "/%ED%A0%80", "/%", "/..", "/x/y", f"/{NUMBERS[0]}", "/;a=b"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("hostile"), UJUMBE_LOG_LEVEL="debug") as running:
        httpx.put(f"{running.url}/simulator/faults", json=QUICK).raise_for_status()
        yield running
        # What was asked last is done by now, or is waited for.
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        running.stop()
        log = running.log
        assert "Traceback" not in log
        assert "a request broke" not in log
        assert "Exception" not in log
        assert SECRET not in log
        assert TOKEN not in log
        assert re.findall(r"25471100060\d", log) == []


@pytest.fixture(scope="module")
def client(hostile: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hostile.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("path", EVERY)
@settings(max_examples=40)
@given(data=st.data())
def test_anything(client: httpx.Client, path: str, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS[:2] * 4 + METHODS))
    target = path.encode() + data.draw(tails).encode()
    query = data.draw(queries | st.just(b""))
    body = data.draw(st.none() | bodies)
    content_type = data.draw(st.sampled_from(CONTENT_TYPES))
    chunked = data.draw(st.booleans())
    url = httpx.URL(client.base_url).copy_with(raw_path=target + (b"?" + query if query else b""))
    content: Any = (body[at : at + 999] for at in range(0, len(body), 999)) if body and chunked else body
    headers = {"content-type": content_type} if content_type else {}
    answer = client.request(method, url, content=content, headers=headers)
    assert answer.status_code < 500, answer.text
    assert answer.content or method == "HEAD"
    if answer.headers["content-type"].startswith("application/"):
        assert method == "HEAD" or answer.json()
    assert "Traceback" not in answer.text


@settings(max_examples=40)
@given(kind=st.sampled_from(CALLBACKS), fields=pairs, as_json=st.booleans())
def test_callbacks_are_always_kept(
    client: httpx.Client, kind: str, fields: list[tuple[str, str]], as_json: bool
) -> None:
    """What the form holds never makes a callback fail, and what it did can still be read afterwards."""
    body = json.dumps(dict(fields)).encode() if as_json else form(fields)
    answer = client.post(kind, content=body, headers={"content-type": CONTENT_TYPES[2 if as_json else 1]})
    known = {"GOOD": 200, "BAD": 400} if kind.endswith("twoway") else {"OK": 200}
    assert answer.text in known
    assert answer.status_code == known[answer.text]
    for path in READS:
        assert client.get(path, params={"limit": 5}).status_code == 200


def later(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


times = st.one_of(
    st.floats(-1, 400 * 24).map(later),
    values,
    st.datetimes().map(lambda moment: moment.isoformat() + "+14:00"),
    scalars,
)
anything = scalars | st.lists(scalars, max_size=3) | documents
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "to": st.sampled_from(NUMBERS[:2]) | st.lists(st.sampled_from(NUMBERS) | values, max_size=5) | anything,
    "text": values | anything,
    "from": st.sampled_from(["", "12345", "AFRICASTKNG"]) | anything,
    "kind": st.sampled_from(["bulk", "two_way", "premium"]) | anything,
    "category": st.sampled_from(["otp", "transactional", "promotional"]) | anything,
    "priority": st.integers(-9, 9) | anything,
    "send_at": times,
    "expires_at": times,
    "on_uncertain": st.sampled_from(["hold", "resend", "fail"]) | anything,
    "link_id": values | anything,
    "keyword": values | anything,
    "metadata": st.recursive(scalars, lambda inner: st.dictionaries(values, inner, max_size=4)) | anything,
    "other": anything,
}
GOOD = {"to": st.sampled_from(NUMBERS[:2]), "text": st.just(SECRET)}
orders = st.builds(
    lambda good, any_other: good | any_other, st.fixed_dictionaries(GOOD), st.fixed_dictionaries({}, optional=FIELDS)
)
keys = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip)


@settings(max_examples=200)
@given(order=orders, key=keys, path=st.sampled_from(["/v1/messages", "/v1/quotes"]))
def test_any_order_is_accepted_and_readable_or_refused(
    client: httpx.Client, order: dict[str, Any], key: str, path: str
) -> None:
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    answer = client.post(path, content=json.dumps(order).encode(), headers=headers)
    assert answer.status_code in (200, 202, 409, 422), answer.text
    assert "Traceback" not in answer.text
    if answer.status_code in (409, 422):
        assert SECRET not in answer.text
        assert not re.search(r"25471100060\d", answer.text)
    if answer.status_code == 202:
        body = answer.json()
        assert len(body["messages"]) == body["accepted"] + body["rejected"]
        batch = client.get(f"/v1/batches/{body['id']}")
        assert batch.status_code == 200
        assert sum(batch.json()["counts"].values()) == body["accepted"]
        for row in body["messages"]:
            if row["id"]:
                assert client.get(f"/v1/messages/{row['id']}").status_code == 200
        assert client.post(f"/v1/batches/{body['id']}/cancel").status_code == 200


@settings(max_examples=40)
@given(number=st.sampled_from(NUMBERS), text=values, route=st.sampled_from(SENDS))
def test_any_text_can_be_sent_or_is_refused(client: httpx.Client, number: str, text: str, route: str) -> None:
    answer = client.post(route, content=form([("phone", number), ("message", f"{SECRET} {text}")]))
    assert answer.status_code in (200, 400), answer.text
    [item] = client.get("/v1/messages", params={"limit": 1}).json()["items"]
    if answer.status_code == 200:
        assert item["text"].startswith(SECRET)
        assert client.get(f"/v1/messages/{item['id']}").status_code == 200


CRLF = b"\r\n"
POST = b"POST /sms/delivery-reports HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
RAW = {
    "nothing": b"",
    "junk": b"\x00\xff\x16\x03\x01" * 50 + CRLF * 2,
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
    "no version": b"GET /sms/\r\n\r\n",
    "HTTP/0.9": b"GET /sms/ HTTP/0.9\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /sms/ HTTP/1.1\r\nConnection: close\r\n\r\n",
    "absolute": b"GET http://other/sms/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "connect": b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\nConnection: close\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe\x80 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "bytes in the query": b"GET /v1/messages?to=\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "bytes in a header": POST + b"Content-Type: \xff\xfe\xe2\x82\r\nContent-Length: 2\r\n\r\nid",
    "many headers": POST + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + CRLF,
    "long header": POST + b"X: " + b"y" * 500_000 + CRLF * 2,
    "long path": b"GET /" + b"y" * 500_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "long query": POST.replace(b"reports ", b"reports?x=" + b"y" * 500_000 + b" ") + b"Content-Length: 0\r\n\r\n",
    "no length": POST + CRLF,
    "gigantic length": POST + b"Content-Length: 9223372036854775807\r\n\r\nid=1",
    "length with zeros": POST + b"Content-Length: " + b"0" * 5000 + b"4\r\n\r\nid=1",
    "trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nid=1\r\n0\r\n" + b"X-Trailer: y\r\n" * 5 + CRLF,
    "impossible length": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nid=1",
    "negative length": POST + b"Content-Length: -5\r\n\r\nid=1",
    "wordy length": POST + b"Content-Length: five\r\n\r\nid=1",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nid=12",
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "too short": POST + b"Content-Length: 500\r\n\r\nid=1&status=Success",
    "too long": POST + b"Content-Length: 2\r\n\r\nid=1&status=Success" + b"GET / HTTP/1.1\r\n\r\n",
    "bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nid=1\r\n",
    "unfinished chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nid",
    "gigantic chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nid",
    "chunks over the bound": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"2710\r\n" + b"a" * 10_000 + CRLF
                             + (b"2710\r\n" + b"a" * 10_000 + CRLF) * 9 + b"0\r\n\r\n",
    "upgrade": b"GET /sms/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "h2c": b"GET /sms/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    "expect": POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nid=1",
    "wrong method": b"FOO\x01 /sms/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "private": POST.replace(b"reports", f"reports?phoneNumber=%2B{NUMBERS[2]}&x={SECRET}".encode()) + CRLF,
    "pipelined": b"GET /sms/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20 + POST + CRLF,
}  # fmt: skip
STATED = {"chunks over the bound": b"413", "gigantic length": b"413", "private": b"200", "no length": b"200"}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
@pytest.mark.parametrize("abrupt", [False, True], ids=["and listens", "and hangs up"])
def test_raw_bytes(hostile: Running, raw: bytes, abrupt: bool) -> None:
    [name] = [name for name, each in RAW.items() if each is raw]
    host, _, port = hostile.url.removeprefix("http://").partition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        try:
            connection.sendall(raw)
            if not abrupt:
                if name not in STATED:
                    connection.shutdown(socket.SHUT_WR)
                while more := connection.recv(65536):
                    received += more
        except OSError:  # it hung up first, or said nothing for long
            pass
    assert not re.search(rb"^HTTP/1\.1 5", received, re.MULTILINE), received[:500]
    if name in STATED and not abrupt:
        assert received.startswith(b"HTTP/1.1 " + STATED[name]), received[:200]
    assert httpx.get(f"{hostile.url}/healthz").status_code == 200


def test_an_interrupted_body_is_not_kept(hostile: Running, client: httpx.Client) -> None:
    """A form that breaks off could be cut in the middle of a field: AT sends it again."""
    host, _, port = hostile.url.removeprefix("http://").partition(":")
    whole = b"from=%2B254711000611&to=12345&id=cut-1&date=2026-03-04&linkId=&text=Send+100+KES+to+me"
    head = b"POST /sms/twoway HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(whole)
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head + whole[:-10])
    assert until(lambda: "client went away" in hostile.log)
    assert client.get("/v1/inbound", params={"from": "+254711000611"}).json()["items"] == []


def test_a_slow_body_does_not_hold_up_others(hostile: Running, client: httpx.Client) -> None:
    host, _, port = hostile.url.removeprefix("http://").partition(":")
    slow = [socket.create_connection((host, int(port)), timeout=5) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(POST + b"Content-Length: 100\r\n\r\nid=")
        assert client.post(CALLBACKS[2], data={"phoneNumber": "+254711000612"}, timeout=5).text == "OK"
    finally:
        for connection in slow:
            connection.close()
