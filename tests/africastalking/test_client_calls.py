"""What the client sends and reads when all is well, and which connection it uses."""

import asyncio
import gzip
import threading
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests.africastalking.scripted import PATIENCE, Answer, End, Request, ScriptedServer, reply
from tests.africastalking.test_client import KEY, NUMBER, OUTGOING, TAKEN, USER, Call, ask, fails, send
from ujumbe.africastalking import client, replies, wire
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import MaybeTakenError
from ujumbe.domain.money import Money

BALANCE = b'{"UserData":{"balance":"KES 1785.5000"}}'


def balance(at: AfricasTalking) -> object:
    return at.fetch_balance()


@pytest.mark.parametrize(
    ("call", "body", "method", "target", "result"),
    [
        pytest.param(
            lambda at: at.fetch_balance(),
            BALANCE,
            "GET",
            "/version1/user?username=mybrand",
            Money(1_785_500_000, "KES"),
            id="balance",
        ),
        pytest.param(
            lambda at: at.fetch_inbox(7),
            b'{"SMSMessageData":{"Messages":[]}}',
            "GET",
            "/version1/messaging?username=mybrand&lastReceivedId=7",
            [],
            id="inbox",
        ),
        pytest.param(
            lambda at: at.fetch_subscriptions("12345", "A B&C"),
            b'{"responses":[]}',
            "GET",
            "/version1/subscription?username=mybrand&shortCode=12345&keyword=A+B%26C&lastReceivedId=0",
            [],
            id="subscriptions",
        ),
        pytest.param(
            lambda at: at.create_subscription("12345", "NEWS", NUMBER),
            b'{"status":"Failed","description":"no"}',
            "POST",
            "/version1/subscription/create",
            replies.SubscriptionChange(False, "no"),
            id="create",
        ),
        pytest.param(
            lambda at: at.delete_subscription("12345", "NEWS", NUMBER),
            b'{"status":"Success"}',
            "POST",
            "/version1/subscription/delete",
            replies.SubscriptionChange(True, ""),
            id="delete",
        ),
    ],
)
def test_calls(call: Call, body: bytes, method: str, target: str, result: object) -> None:
    with ScriptedServer(reply(200, body)) as server:
        assert ask(server.url, call) == [result]
    assert [(each.method, each.target) for each in server.requests] == [(method, target)]
    assert server.requests[0].body.startswith(b"username=mybrand&" if method == "POST" else b"")


@pytest.mark.parametrize("status", [200, 201])
def test_a_send(status: int) -> None:
    with ScriptedServer(reply(status, TAKEN)) as server:
        (sent,) = ask(f"{server.url}/simulator/", send)
    assert sent == replace(replies.read_send(TAKEN), http_status=status)
    (request,) = server.requests
    assert request.target == "/simulator/version1/messaging"
    assert request.body == wire.send(USER, OUTGOING).body
    assert {name: request.headers[name] for name in ("accept", "apikey", "content-type")} == {
        "accept": "application/json",
        "apikey": KEY,
        "content-type": "application/x-www-form-urlencoded",
    }


def test_a_reply_in_pieces() -> None:
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (TAKEN[:50], TAKEN[50:51], TAKEN[51:], b""))
    with ScriptedServer(Answer(head + chunks)) as server:
        assert ask(server.url, send) == [replies.read_send(TAKEN)]


def test_a_reply_without_end_is_not_read_to_it() -> None:
    flood = Answer(b"HTTP/1.1 201 Created\r\n\r\n[" + b"1," * client.MOST_REPLY_BYTES, End.CLOSE)
    with ScriptedServer(flood) as server:
        fails(server.url, MaybeTakenError)


def test_a_connection_is_kept_and_used_again() -> None:
    with ScriptedServer(reply(201, TAKEN)) as server:
        ask(server.url, send, send, send)
    assert [each.connection for each in server.requests] == [1, 1, 1]


def test_an_idle_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.IDLE_SECONDS < 5, "usual servers close at 5 s: a request on a closing connection is lost"
    monkeypatch.setattr(client, "IDLE_SECONDS", 1e-9)
    with ScriptedServer(reply(201, TAKEN)) as server:
        ask(server.url, send, send)
    assert [each.connection for each in server.requests] == [1, 2]


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_kept_connection_that_breaks_is_no_reason_to_repeat_a_send(end: End) -> None:
    with ScriptedServer(reply(201, TAKEN), Answer(b"", end)) as server:
        fails(server.url, MaybeTakenError, send, send)
    assert [each.connection for each in server.requests] == [1, 1]


def test_a_surplus_answer_is_nobodys() -> None:
    whole = reply(201, TAKEN)
    with ScriptedServer(Answer(whole.data + whole.data), whole) as server:
        ask(server.url, send, send)
    assert [each.connection for each in server.requests] == [1, 2]


def test_what_comes_while_a_connection_is_kept_is_nobodys() -> None:
    answered = threading.Event()

    def answers(request: Request) -> Answer:
        if request.connection == 1:
            server.interject(1, reply(201, TAKEN).data)
            answered.set()
            return Answer()
        if request.connection == 2 and not spoken:
            assert answered.wait(PATIENCE)
            server.interject(1, reply(429).data)
            spoken.append(True)
        return reply(201, TAKEN)

    def two(at: AfricasTalking) -> Awaitable[Any]:
        return asyncio.gather(send(at), send(at))

    spoken: list[bool] = []
    with ScriptedServer(answers) as server:
        ask(server.url, two, two)
    assert sorted(each.connection for each in server.requests) == [1, 2, 2, 3]


def test_a_packed_reply_is_not_unpacked() -> None:
    packed = reply(201, gzip.compress(TAKEN), "Content-Encoding: gzip")
    with ScriptedServer(packed) as server:
        fails(server.url, MaybeTakenError)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_read_may_be_repeated_there() -> None:
    # aiohttp does, once, for GET alone; a read changes nothing at AT.
    with ScriptedServer(reply(200, BALANCE), Answer(b"", End.CLOSE), reply(200, BALANCE)) as server:
        ask(server.url, lambda at: at.fetch_balance(), lambda at: at.fetch_balance())
    assert [each.connection for each in server.requests] == [1, 1, 2]


def test_many_at_once_share_few_connections() -> None:
    async def main(url: str) -> None:
        async with AfricasTalking(USER, KEY, api_url=url, connections=3) as at:
            await asyncio.gather(*(at.send(OUTGOING) for _ in range(20)))

    with ScriptedServer(reply(201, TAKEN)) as server:
        asyncio.run(main(server.url))
    assert (len(server.requests), server.connections) == (20, 3)


def test_cookies_are_not_kept() -> None:
    with ScriptedServer(reply(201, TAKEN, "Set-Cookie: session=1; Path=/")) as server:
        ask(server.url, send, send)
    assert not [each for each in server.requests if "cookie" in each.headers]


def test_it_must_be_opened() -> None:
    async def main() -> None:
        at = AfricasTalking(USER, KEY)
        with pytest.raises(RuntimeError, match="async with"):
            await at.send(OUTGOING)
        async with at:
            pass
        with pytest.raises(RuntimeError, match="async with"):
            await at.send(OUTGOING)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("username", "api", "content"),
    [
        ("mybrand", "https://api.africastalking.com", "https://content.africastalking.com"),
        ("sandbox", "https://api.sandbox.africastalking.com", "https://api.sandbox.africastalking.com"),
        (" Sandbox", "https://api.sandbox.africastalking.com", "https://api.sandbox.africastalking.com"),
    ],
)
def test_hosts(monkeypatch: pytest.MonkeyPatch, username: str, api: str, content: str) -> None:
    asked: list[str] = []

    def refuse(_: object, __: str, url: str, **___: object) -> None:
        asked.append(url)
        raise aiohttp.InvalidURL(url)

    monkeypatch.setattr(aiohttp.ClientSession, "request", refuse)
    at = AfricasTalking(username, KEY)
    assert at.api_base == api
    calls: list[tuple[Call, str]] = [
        (send, api),
        (lambda at: at.send(wire.Outgoing((NUMBER,), "a", wire.Mode.PREMIUM)), content),
        (lambda at: at.fetch_subscriptions("12345", "NEWS"), content),
        (lambda at: at.fetch_balance(), api),
    ]

    async def main() -> None:
        async with at:
            for call, _ in calls:
                with pytest.raises(Exception, match="reached"):
                    await call(at)

    asyncio.run(main())
    assert [url.partition("/version1")[0] for url in asked] == [host for _, host in calls]
