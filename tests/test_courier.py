"""The courier against receivers that misbehave, with real sockets; what it signs is verified with the package."""

import asyncio
import json
import socket
import time
from collections.abc import Iterable
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.africastalking.scripted import Answer as Script
from tests.africastalking.scripted import End, Request, ScriptedServer, full_backlog, reply
from ujumbe import courier
from ujumbe.courier import Courier, Lookup
from ujumbe.domain.address import Reach
from ujumbe.flows.dispatching import Answer
from ujumbe.store.webhooks import new_secret

EVENT = {"id": "evt_0000000000001", "seq": 1, "type": "message.sent", "data": {"text": "Ñandú 😀 \u2028"}}
KEY = new_secret()
ENDLESS = 1 << 20


def post(url: str, *secrets: str, reach: Reach = Reach.ANY, lookup: Lookup = courier.lookup, times: int = 1) -> Answer:
    async def main() -> Answer:
        async with Courier(reach, lookup=lookup) as ours:
            for _ in range(times):
                answer = await ours.post(url, secrets or [KEY], EVENT)
            return answer

    return asyncio.run(main())


def verified(request: Request, secret: str) -> Any:
    return Webhook(secret).verify(request.body, request.headers)


def leads_to(*addresses: str) -> Lookup:
    """A name server that says this of every name."""

    def lookup(host: str, port: int) -> Iterable[tuple[socket.AddressFamily, str]]:
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in addresses]

    return lookup


def test_signed_as_standard_webhooks() -> None:
    old, other = new_secret(), new_secret()
    with ScriptedServer(reply(200, b"thanks")) as server:
        answer = post(f"{server.url}/hooks?token=a%20b&c=%2F", KEY, old)
    assert (answer.status, answer.body, answer.error, answer.delivered) == (200, "thanks", "", True)
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/hooks?token=a%20b&c=%2F")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == EVENT["id"]
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert verified(request, KEY) == verified(request, old) == json.loads(request.body) == EVENT
    assert [each[:3] for each in request.headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
    with pytest.raises(WebhookVerificationError):
        verified(request, other)
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(request.body.replace(b"sent", b"read"), request.headers)


@pytest.mark.parametrize("status", [201, 202, 204, 299])
def test_every_2xx_is_a_success(status: int) -> None:
    with ScriptedServer(reply(status)) as server:
        answer = post(server.url)
    assert (answer.delivered, answer.status, answer.error) == (True, status, "")


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_what_is_none(status: int) -> None:
    with ScriptedServer(reply(status, b"why \xff \0 not")) as server:
        answer = post(server.url)
    assert (answer.delivered, answer.status, answer.error) == (False, status, f"it answered {status}")
    assert answer.body == "why \ufffd \ufffd not"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with ScriptedServer(reply(200)) as inside:
        with ScriptedServer(reply(status, b"", f"Location: {inside.url}/admin")) as server:
            answer = post(server.url)
        assert inside.requests == []
    assert (answer.delivered, answer.status) == (False, status)
    assert answer.error == f"it answered {status}; redirects are not followed"


def test_a_long_body_is_read_in_part() -> None:
    with ScriptedServer(reply(500, b"x" * 100_000)) as server:
        assert post(server.url).body == "x" * 1_000


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Script(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", End.CLOSE), id="length too long"),
        pytest.param(Script(b"HTTP/1.1 200 OK\r\n\r\nshort", End.CLOSE), id="until the end"),
        pytest.param(Script(b"HTTP/1.1 200 OK\r\n\r\nshort", End.RESET), id="reset"),
        pytest.param(
            Script(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nshort"), id="not packed"
        ),
    ],
)
def test_the_status_counts_whatever_the_body_does(answer: Script) -> None:
    with ScriptedServer(answer) as server:
        assert post(server.url).delivered


def test_an_endless_body() -> None:
    with ScriptedServer(Script(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * ENDLESS, End.SILENCE)) as server:
        answer = post(server.url)
    assert (answer.delivered, answer.body) == (True, "y" * 1_000)


def test_a_body_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "TOTAL_SECONDS", 0.3)
    with ScriptedServer(Script(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", End.SILENCE)) as server:
        answer = post(server.url)
    assert (answer.delivered, answer.body, answer.error) == (True, "half", "")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Script(b"", End.CLOSE), "could not be reached"),
        (Script(b"", End.RESET), "could not be reached"),
        (Script(b"HTTP/1.1 200 OK\r\n", End.CLOSE), "could not be reached"),
        (Script(b"SMTP ready\r\n\r\n", End.CLOSE), "cannot be read"),
        (Script(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", End.CLOSE), "cannot be read"),
        (Script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nshort"), "cannot be read"),
        (Script(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", End.CLOSE), "cannot be read"),
    ],
    ids=["closes", "resets", "half a head", "another protocol", "a long header", "length too short", "no chunk"],
)
def test_no_answer(answer: Script, says: str) -> None:
    with ScriptedServer(answer) as server:
        told = post(f"{server.url}/?token=s3cret")
    assert (told.delivered, told.status) == (False, None)
    assert says in told.error
    assert "s3cret" not in told.error


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "TOTAL_SECONDS", 0.3)
    with ScriptedServer(Script(b"", End.SILENCE)) as server:
        answer = post(server.url)
    assert (answer.status, answer.error) == (None, "no answer within 0.3 s")
    assert answer.took_ms >= 300
    with full_backlog() as url:
        assert post(url).error == "no answer within 0.3 s"


def test_nobody_listens() -> None:
    with ScriptedServer(reply(200), late=True) as server:
        answer = post(server.url)
    assert (answer.status, answer.delivered) == (None, False)
    assert answer.error == "it could not be reached (connection refused)"


def test_a_connection_is_used_again() -> None:
    with ScriptedServer(reply(200)) as server:
        post(server.url, times=3)
    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1"])
def test_a_name_that_leads_to_a_private_address(address: str) -> None:
    """The name is public by its words; nobody is called."""
    with ScriptedServer(reply(200)) as server:
        port = server.url.rpartition(":")[2]
        answer = post(f"http://hooks.example.org:{port}/", reach=Reach.PUBLIC, lookup=leads_to(address))
        assert server.connections == 0
    assert (answer.status, answer.delivered) == (None, False)
    assert answer.error == "it could not be reached (its name leads to a private address)"


def test_of_several_addresses_no_private_one_is_called() -> None:
    """A name with a public and a private address: only the first is tried, and does not answer here."""
    with ScriptedServer(reply(200)) as server:
        port = int(server.url.rpartition(":")[2])
        tried: list[str] = []

        async def main() -> list[str]:
            resolver = courier._Resolver(Reach.PUBLIC, leads_to("127.0.0.1", "8.8.8.8", "10.0.0.1"))
            found = [each["host"] for each in await resolver.resolve("hooks.example.org", port)]
            await resolver.close()
            return found

        tried = asyncio.run(main())
    assert tried == ["8.8.8.8"]


def test_what_a_name_leads_to_counts_at_each_connection() -> None:
    """Public when the endpoint was made, this machine when the event is sent: the second is what counts."""
    with ScriptedServer(reply(200, b"", "Connection: close")) as server:
        port = server.url.rpartition(":")[2]
        url = f"http://hooks.example.org:{port}/"
        assert post(url, reach=Reach.LOOPBACK, lookup=leads_to("127.0.0.1")).delivered
        assert not post(url, reach=Reach.PUBLIC, lookup=leads_to("127.0.0.1")).delivered
        assert len(server.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
def test_an_address_in_the_url_is_looked_at_each_time(host: str) -> None:
    """The endpoint may have been made where it was allowed."""
    with ScriptedServer(reply(200)) as server:
        answer = post(f"http://{host}:{server.url.rpartition(':')[2]}/", reach=Reach.PUBLIC)
        assert server.connections == 0
    assert "no private address" in answer.error


def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(reply(200)) as server, ScriptedServer(reply(200)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert post(server.url).delivered
        assert proxy.connections == 0


def test_a_name_that_nobody_knows() -> None:
    def unknown(host: str, port: int) -> Iterable[tuple[socket.AddressFamily, str]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = post("https://hooks.example.org/?token=s3cret", reach=Reach.PUBLIC, lookup=unknown)
    assert "name or service not known" in answer.error
    assert "s3cret" not in answer.error
