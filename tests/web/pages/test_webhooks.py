"""/webhooks: made with the secret shown once, changed, switched off and on, and what each was sent."""

import html
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from standardwebhooks import Webhook

from tests.africastalking.scripted import ScriptedServer, reply
from tests.running import until
from tests.web.conftest import Desk

GOOD = reply(200, b"thanks, +254711000111")


@pytest.fixture
def receiver() -> Iterator[ScriptedServer]:
    with ScriptedServer(GOOD) as running:
        yield running


@pytest.fixture
def add(http: httpx.Client) -> Iterator[Callable[..., tuple[str, str]]]:
    """Makes endpoints by the form: the path of the page, and the secret that was shown."""
    paths: list[str] = []

    def _add(url: str, *types: str) -> tuple[str, str]:
        page = http.post("/webhooks", data={"url": url, "types": list(types)})
        assert page.status_code == 200, page.text
        [path] = re.findall(r'href="(/webhooks/wh_\w+)"', page.text)
        paths.append(path)
        [secret] = re.findall(r'<pre id="secret"[^>]*>(whsec_[^<]+)<', page.text)
        return path, html.unescape(secret)

    yield _add
    for path in paths:
        http.delete(f"/v1{path}")


Add = Callable[..., tuple[str, str]]


def test_the_secret_is_shown_once_and_signs(http: httpx.Client, add: Add, receiver: ScriptedServer) -> None:
    path, secret = add(receiver.url, "optout.created")
    assert secret not in http.get(path).text + http.get("/webhooks").text
    tried = http.post(f"{path}/test")
    assert tried.status_code == 303
    assert "it%20answered%20200" in tried.headers["set-cookie"]
    [request] = receiver.requests
    assert Webhook(secret).verify(request.body, request.headers)["type"] == "webhook.test"
    rotated = http.post(f"{path}/rotate")
    [new] = re.findall(r'<pre id="secret"[^>]*>(whsec_[^<]+)<', rotated.text)
    assert html.unescape(new) != secret
    assert "Old secret" in http.get(path).text


def test_what_cannot_be_made(http: httpx.Client) -> None:
    page = http.post("/webhooks", data={"url": "http://10.0.0.1/x", "types": ["balance.low"]})
    assert page.status_code == 422
    assert 'value="http://10.0.0.1/x"' in page.text
    assert re.search(r'value="balance.low" checked', page.text)
    assert "Webhooks go to no private address" in page.text
    assert http.post("/webhooks", data={"url": "https://example.org", "types": ["message.read"]}).status_code == 422
    for path in ("", "/types", "/enable", "/disable", "/rotate", "/delete", "/test", "/redeliver", "/retry"):
        method = "POST" if path else "GET"
        assert http.request(method, f"/webhooks/wh_0000000000000{path}").status_code == 404


def test_types_off_on_and_the_end(http: httpx.Client, add: Add) -> None:
    path, _ = add("http://127.0.0.1:9/x")
    everything = re.findall(r'name="types" value="([^"]+)"', http.get("/webhooks/new").text)
    http.post(f"{path}/types", data={"types": ["optout.created", "optout.removed"]})
    assert http.get(f"/v1{path}").json()["types"] == ["optout.created", "optout.removed"]
    http.post(f"{path}/types", data={"types": everything})
    assert http.get(f"/v1{path}").json()["types"] == []
    http.post(f"{path}/disable")
    off = http.get(path).text
    assert "Switched off" in off
    assert "by hand" in off
    assert "switched off" in http.get("/webhooks").text
    assert http.post(f"{path}/retry").status_code == 409
    assert http.post(f"{path}/redeliver", data={"event": "evt_0000000000001"}).status_code == 409
    http.post(f"{path}/enable")
    assert "Switched off" not in http.get(path).text
    assert http.post(f"{path}/delete").headers["location"] == "/webhooks"
    assert http.get(path).status_code == 404


def stop(http: httpx.Client, number: str) -> None:
    assert http.put(f"/v1/opt-outs/{number}", json={}).status_code in (200, 201)


def test_each_try_is_shown_and_one_is_delivered_again(http: httpx.Client, desk: Desk, add: Add, number: str) -> None:
    with ScriptedServer(reply(500, b"<b>cannot store</b>"), GOOD) as receiver:
        path, _ = add(receiver.url, "optout.created")
        assert "Nothing was sent yet" in http.get(path).text
        stop(http, number)
        page = until(lambda: shown if "answered 500" in (shown := http.get(path).text) else None)
        assert page is not None
        assert "&lt;b&gt;cannot store&lt;/b&gt;" in page
        assert "it answered 500" in page
        assert "Nothing has been taken since" in page
        assert "failing" in http.get("/webhooks").text
        [event] = re.findall(r'id="(evt_\w+)"', page)
        assert event in http.get(path, params={"state": "pending"}).text
        assert event not in http.get(path, params={"state": "failed"}).text
        again = http.post(f"{path}/redeliver", data={"event": event})
        assert again.status_code == 303
        until(lambda: event in http.get(path, params={"state": "delivered"}).text)
    assert "2&nbsp;tries" in http.get(path).text
    gone = http.post(f"{path}/redeliver", data={"event": "evt_0000000zzzzzz"})
    assert "no%20longer%20in%20the%20log" in gone.headers["set-cookie"]
    assert http.post(f"{path}/redeliver", data={"event": "x"}).status_code == 422
    assert http.get(path, params={"before": event, "state": "delivered"}).status_code == 200
    assert event not in http.get(path, params={"before": event}).text


def test_nothing_failed_to_try_again(http: httpx.Client, add: Add) -> None:
    path, _ = add("http://127.0.0.1:9/x", "balance.low")
    assert "Nothing%20was%20given%20up" in http.post(f"{path}/retry", data={"since": "24"}).headers["set-cookie"]
    assert "Nothing%20was%20given%20up" in http.post(f"{path}/retry", data={"since": "soon"}).headers["set-cookie"]
