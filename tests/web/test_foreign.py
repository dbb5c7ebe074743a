"""Requests that pages of other sites make a browser send, and callbacks that come from beyond this machine."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import Running, dev, serve, simulator, until

CROSS = {"Sec-Fetch-Site": "cross-site"}
REPORT = {"id": "ATXid_foreign", "status": "Success", "phoneNumber": "+254711000111"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with dev(tmp_path_factory.mktemp("foreign")) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/sms/invoke-bulk-sms?phone=254711000111", CROSS, 403),
        ("GET", "/sms/invoke-bulk-sms?phone=254711000111", CROSS | {"Sec-Fetch-Mode": "navigate"}, 403),
        ("POST", "/sms/opt-out", CROSS, 403),
        ("POST", "/simulator/reset", CROSS | {"Sec-Fetch-Mode": "navigate"}, 403),
        ("GET", "/v1/messages", {"Sec-Fetch-Site": "same-site"}, 403),
        ("GET", "/v1/messages", {"Host": "evil.example:8000"}, 403),
        ("GET", "/simulator/", CROSS | {"Sec-Fetch-Mode": "navigate"}, 200),
        ("GET", "/v1/messages", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("GET", "/v1/messages", {"Sec-Fetch-Site": "none"}, 200),
        ("GET", "/v1/messages", {"Host": "localhost:8000"}, 200),
        ("GET", "/v1/messages", {"Host": "[::1]:8000"}, 200),
    ],
)
def test_other_sites(service: Running, method: str, path: str, headers: dict[str, str], status: int) -> None:
    answer = httpx.request(method, service.url + path, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{service.url}/simulator/ledger").json()["items"] == []


def test_without_a_token_nothing_comes_through_a_proxy(tmp_path: Path) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    with simulator(tmp_path / "at") as at, serve(tmp_path / "service", at=at.url) as service:
        url = f"{service.url}/sms/delivery-reports"
        assert httpx.post(url, data=REPORT).status_code == 200
        assert httpx.post(url, data=REPORT, headers=proxied).status_code == 404
        until(lambda: "UJUMBE_CALLBACK_TOKEN" in service.log)  # a thread of its own writes the log
        service.env["UJUMBE_CALLBACK_TOKEN"] = "a-long-enough-token"
        service.restart()
        assert httpx.post(url, data=REPORT, headers=proxied, params={"token": "a-long-enough-token"}).text == "OK"


@pytest.mark.parametrize(("trusted", "client"), [("127.0.0.0/8,::1", "203.0.113.7"), ("10.0.0.0/8", "127.0.0.1")])
def test_a_wrong_token_is_counted_and_its_sender_told(tmp_path: Path, trusted: str, client: str) -> None:
    """What a proxy says of the client is believed where it is one of ours: the last address that is not."""
    proxied = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7, 127.0.0.5"}
    env = {"UJUMBE_CALLBACK_TOKEN": "a-long-enough-token", "UJUMBE_TRUSTED_PROXIES": trusted}
    with serve(tmp_path, at="http://127.0.0.1:1", **env) as service:
        url = f"{service.url}/sms/opt-out"
        assert httpx.post(url, data=REPORT, headers=proxied, params={"token": "another-token"}).status_code == 404
        refused = until(lambda: [line for line in service.log.splitlines() if "a callback was refused" in line])
        assert f'"client": "{client}"' in refused[0]
        counted = httpx.get(f"{service.url}/metrics").text
        assert 'ujumbe_callbacks_refused_total{kind="opt-out"} 1.0' in counted


def test_headers_without_end(service: Running) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        answer = b""
        try:
            for _ in range(2_000):
                connection.sendall(b"X-Filler: " + b"a" * 1_000 + b"\r\n")
            answer = connection.recv(1_000)
        except OSError:  # closed in our face, with or without the answer
            pass
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert httpx.get(f"{service.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "filler",
    [b"X-Filler: " + b"a" * 1_000 + b"\r\n", b"X-Endless: " + b"a" * 1_000, b"1;x=" + b"a" * 1_000],
    ids=["lines", "one line", "a chunk's extension"],
)
def test_what_follows_a_body_without_end(service: Running, filler: bytes) -> None:
    """Trailers and extensions of a chunked body: no token is needed to send them, so they must not pile up."""
    host, port = service.url.removeprefix("http://").split(":")
    head = b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nid=1\r\n"
    end = b"" if filler.startswith(b"1;") else b"0\r\n"
    closed = False
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head + end + filler)
        try:
            for _ in range(20_000):
                connection.sendall(filler.removeprefix(b"1;x=").removeprefix(b"X-Endless: "))
        except OSError:
            closed = True
    assert closed, "in our face"
    assert httpx.get(f"{service.url}/healthz").status_code == 200


def test_a_database_that_was_deleted_takes_nothing_more(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        assert httpx.post(f"{service.url}/sms/delivery-reports", data=REPORT).status_code == 200
        for file in (tmp_path / "data").glob("ujumbe.sqlite3*"):
            if not file.name.endswith(".lock"):
                file.unlink()
        refused = httpx.post(f"{service.url}/sms/delivery-reports", data=REPORT)
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        assert httpx.get(f"{service.url}/readyz").status_code == 503
