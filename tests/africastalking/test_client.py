"""The client against servers that fail in every way that DESIGN's table of outcomes names."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.africastalking.scripted import PATIENCE, Answer, End, ScriptedServer, full_backlog, reply
from ujumbe.africastalking import client, wire
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import (
    CredentialsError,
    MaybeTakenError,
    NotTakenError,
    ProviderError,
    RefusedError,
    Taken,
)

NUMBER, TEXT, KEY, USER = "+254711000777", "a private matter", "atsk_0123456789", "mybrand"
OUTGOING = wire.Outgoing((NUMBER,), TEXT)
TAKEN = (
    b'{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"cost":"KES 0.8000",'
    b'"messageId":"ATXid_1","number":"+254711000777","status":"Success","statusCode":101}]}}'
)
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

Call = Callable[[AfricasTalking], Awaitable[Any]]


def send(at: AfricasTalking) -> Awaitable[Any]:
    return at.send(OUTGOING)


def ask(url: str, *calls: Call, **options: Any) -> list[Any]:
    """The results of `calls`, one after the other, by one client."""

    async def main() -> list[Any]:
        async with AfricasTalking(USER, KEY, api_url=url, **{"read_timeout": PATIENCE} | options) as at:
            return [await call(at) for call in calls]

    return asyncio.run(main())


def fails(url: str, kind: type[ProviderError], *calls: Call, **options: Any) -> Any:
    """The error of the last of `calls`, which must be exactly `kind` and keep the secrets."""
    with pytest.raises(ProviderError) as caught:
        ask(url, *(calls or (send,)), **options)
    assert type(caught.value) is kind, repr(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in (NUMBER, NUMBER[1:], TEXT, KEY, "%2B254") if secret in told]
    assert not [part for part in (USER, "?", "http://", "https://") if part in str(caught.value)]
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        pytest.param(reply(429), NotTakenError, 429, id="429"),
        pytest.param(reply(401, b"The supplied authentication is invalid"), CredentialsError, 401, id="401"),
        pytest.param(reply(400, b"Request is missing required form field 'to'"), RefusedError, 400, id="400"),
        pytest.param(reply(403), RefusedError, 403, id="403"),
        pytest.param(reply(404), RefusedError, 404, id="404"),
        pytest.param(reply(409), RefusedError, 409, id="409"),
        pytest.param(reply(408), MaybeTakenError, 408, id="408"),
        pytest.param(reply(500), MaybeTakenError, 500, id="500"),
        pytest.param(reply(502, b"<html>Bad Gateway</html>"), MaybeTakenError, 502, id="502"),
        pytest.param(reply(503, b"", "Retry-After: 5"), MaybeTakenError, 503, id="503"),
        pytest.param(reply(202, TAKEN), MaybeTakenError, 202, id="202"),
        pytest.param(reply(204), MaybeTakenError, 204, id="204"),
        pytest.param(reply(301, b"", "Location: /elsewhere"), MaybeTakenError, 301, id="301"),
        pytest.param(reply(307, b"", "Location: /elsewhere"), MaybeTakenError, 307, id="307"),
        pytest.param(reply(201, b"<html>Welcome to the hotel's Wi-Fi</html>"), MaybeTakenError, 201, id="201 HTML"),
        pytest.param(reply(201, b"<AfricasTalkingResponse/>"), MaybeTakenError, 201, id="201 XML"),
        pytest.param(reply(201), MaybeTakenError, 201, id="201 empty"),
        pytest.param(reply(201, TAKEN[:-9]), MaybeTakenError, 201, id="201 cut short by the server"),
        pytest.param(reply(200, b"[]"), MaybeTakenError, 200, id="200 of another shape"),
        pytest.param(reply(201, b"packed", "Content-Encoding: gzip"), MaybeTakenError, 201, id="packed"),
        pytest.param(Answer(b"", End.CLOSE), MaybeTakenError, None, id="read, then closed"),
        pytest.param(Answer(b"", End.RESET), MaybeTakenError, None, id="read, then reset"),
        pytest.param(Answer(b"HTTP/1.1 201 Cre", End.CLOSE), MaybeTakenError, None, id="closed within the headers"),
        pytest.param(Answer(HEAD, End.RESET), MaybeTakenError, None, id="reset within the headers"),
        pytest.param(
            Answer(HEAD + b"Content-Length: 500\r\n\r\n" + TAKEN, End.CLOSE),
            MaybeTakenError,
            None,
            id="closed in the body",
        ),
        pytest.param(
            Answer(HEAD + b"Content-Length: 500\r\n\r\n" + TAKEN, End.RESET),
            MaybeTakenError,
            None,
            id="reset in the body",
        ),
        pytest.param(Answer(CHUNKED + b"zz\r\n" + TAKEN, End.CLOSE), MaybeTakenError, None, id="bad chunks"),
        pytest.param(Answer(CHUNKED + b"ff\r\n" + TAKEN, End.CLOSE), MaybeTakenError, None, id="closed in a chunk"),
        pytest.param(Answer(b"220 smtp.example ESMTP\r\n", End.CLOSE), MaybeTakenError, None, id="another protocol"),
        pytest.param(Answer(b"HTTP/1.1 2x1 No\r\n\r\n", End.CLOSE), MaybeTakenError, None, id="bad status line"),
        pytest.param(
            Answer(b"HTTP/1.1 429 Slow\r\nContent-Length: 50\r\n\r\n", End.CLOSE),
            MaybeTakenError,
            None,
            id="429, cut short",
        ),
    ],
)
def test_one_answer_one_verdict(answer: Answer, kind: type[ProviderError], status: int | None) -> None:
    with ScriptedServer(answer) as server:
        error = fails(server.url, kind)
    assert error.http_status == status
    assert len(server.requests) == 1, "the client repeated by itself"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(b"", End.SILENCE), id="no answer"),
        pytest.param(Answer(HEAD, End.SILENCE), id="half the headers"),
        pytest.param(Answer(HEAD + b"Content-Length: 500\r\n\r\n" + TAKEN, End.SILENCE), id="half the body"),
        pytest.param(Answer(b"HTTP/1.1 429 Slow\r\nContent-Length: 9\r\n\r\n", End.SILENCE), id="429 without its body"),
    ],
)
def test_silence_may_have_taken_it(answer: Answer) -> None:
    with ScriptedServer(answer) as server:
        fails(server.url, MaybeTakenError, read_timeout=0.2)
    assert len(server.requests) == 1


def test_nobody_listens() -> None:
    with ScriptedServer(reply(), late=True) as server:
        assert "could not be reached (Connect call failed" in str(fails(server.url, NotTakenError))


def test_nobody_accepts() -> None:
    with full_backlog() as url:
        error = fails(url, NotTakenError, connect_timeout=0.3)
    assert "ConnectionTimeout" in str(error)


def test_no_such_host() -> None:
    fails("http://ujumbe.invalid", NotTakenError)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://exa mple",
    ],
)
def test_no_usable_address(url: str) -> None:
    fails(url, NotTakenError)


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(reply(400, end=End.CLOSE), id="plain HTTP"),
        pytest.param(Answer(b"", End.CLOSE), id="closed"),
        pytest.param(Answer(b"", End.RESET), id="reset"),
        pytest.param(Answer(b"", End.SILENCE), id="silence"),
    ],
)
def test_no_tls_no_request(greeting: Answer) -> None:
    with ScriptedServer(reply(), greeting=greeting) as server:
        fails(server.url.replace("http:", "https:"), NotTakenError, connect_timeout=0.5)
    assert server.requests == []


def test_a_server_that_does_not_even_read() -> None:
    # A reset in its place may come so early that connecting fails, which proves the opposite: not shown here.
    with ScriptedServer(reply(), greeting=Answer(b"", End.CLOSE)) as server:
        fails(server.url, MaybeTakenError)
    assert server.requests == []


def test_no_free_connection() -> None:
    async def main(url: str) -> None:
        options = {"connections": 1, "connect_timeout": 0.2, "read_timeout": 2.0}
        async with AfricasTalking(USER, KEY, api_url=url, **options) as at:  # type: ignore[arg-type]
            results = await asyncio.gather(at.send(OUTGOING), at.send(OUTGOING), return_exceptions=True)
            assert sorted(type(each).__name__ for each in results) == ["MaybeTakenError", "NotTakenError"]

    with ScriptedServer(Answer(b"", End.SILENCE)) as server:
        asyncio.run(main(server.url))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ([], None),
        (["Retry-After: 7"], 7.0),
        (["Retry-After: 0"], 0.0),
        (["Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"], None),
        (["Retry-After: -1"], None),
        (["Retry-After: soon"], None),
    ],
)
def test_how_long_to_wait(header: list[str], seconds: float | None) -> None:
    with ScriptedServer(reply(429, b"slow down", *header)) as server:
        error = fails(server.url, NotTakenError)
    assert error.retry_after == seconds
    assert error.body == "slow down"


def test_no_error_quotes_the_url() -> None:
    url = "http://127.0.0.1/version1/user?username=mybrand"
    for errno, words in ((104, f"Can not write request body for {url}"), (None, url)):
        error = aiohttp.ClientOSError(errno, words)
        error.__cause__ = ConnectionResetError(104, "Connection reset by peer")
        assert client._cause(error) == "Connection reset by peer"
    assert client._cause(aiohttp.ConnectionTimeoutError(url)) == "ConnectionTimeout"


def test_what_errors_keep_of_a_strange_reply() -> None:
    with ScriptedServer(reply(500, b"\xff" + b"x" * 5_000)) as server:
        error = fails(server.url, MaybeTakenError)
    assert error.body == "\ufffd" + "x" * (client.MOST_KEPT - 1)


def test_what_errors_say_of_taking() -> None:
    assert [kind.taken for kind in (NotTakenError, RefusedError, CredentialsError, MaybeTakenError, ProviderError)] == [
        Taken.NO,
        Taken.ANSWERED,
        Taken.ANSWERED,
        Taken.MAYBE,
        Taken.MAYBE,
    ]
