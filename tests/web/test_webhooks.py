"""/v1/webhooks: made, changed, tried, told again, deleted; what is refused."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.africastalking.scripted import Answer, End, ScriptedServer, reply
from tests.running import create_key, serve, until
from tests.web.conftest import Desk

GOOD = reply(200, b"thanks")
UNKNOWN = "wh_0000000000000"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(GOOD) as running:
        yield running


@pytest.fixture
def made(http: httpx.Client, server: ScriptedServer) -> Iterator[dict[str, Any]]:
    """An endpoint that is told of little, so that other tests do not disturb it."""
    answer = http.post("/v1/webhooks", json={"url": server.url + "/x", "types": ["optout.created"]})
    assert answer.status_code == 201, answer.text
    yield answer.json()
    http.delete(f"/v1/webhooks/{answer.json()['id']}")


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def test_made_shown_and_deleted(http: httpx.Client, made: dict[str, Any], server: ScriptedServer) -> None:
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["url"], made["types"], made["enabled"]) == (server.url + "/x", ["optout.created"], True)
    path = f"/v1/webhooks/{made['id']}"
    assert http.get(path).json() == made
    assert made in http.get("/v1/webhooks").json()["items"]
    assert http.patch(path, json={"types": []}).json() == {**made, "types": []}
    disabled = http.patch(path, json={"enabled": False}).json()
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "by hand")
    assert http.patch(path, json={"enabled": True, "types": ["message.received"]}).json() == {
        **made,
        "types": ["message.received"],
    }
    answer = http.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for method, end, body in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/rotate", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", "/redeliver", {"after": 0}),
    ):
        refused(http.request(method, path + end, json=body), 404)
    assert made["id"] not in [each["id"] for each in http.get("/v1/webhooks").json()["items"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://0x0a000001/"}, "url"),
        ({"url": "http://[::ffff:192.168.0.1]/"}, "url"),
        ({"url": "http://nas.local./"}, "url"),
        ({"url": "https://me:s3cret@example.org/"}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "https://example.org/\n\0"}, "url"),
        ({"url": 7}, "url"),
        ({"url": "https://example.org/" + "x" * 9_000}, "url"),
        ({"url": "https://example.org/", "types": ["message.read"]}, "types.0"),
        ({"url": "https://example.org/", "types": ["message.sent"] * 99}, "types"),
        ({"url": "https://example.org/", "secret": "whsec_x"}, "secret"),
    ],
)
def test_what_cannot_be_made(http: httpx.Client, body: dict[str, Any], field: str) -> None:
    told = refused(http.post("/v1/webhooks", json=body), 422)
    assert [each["field"] for each in told["errors"]] == [field]
    assert "s3cret" not in str(told)


def test_tried(http: httpx.Client, made: dict[str, Any], server: ScriptedServer) -> None:
    path = f"/v1/webhooks/{made['id']}"
    answer = http.post(f"{path}/test").json()
    assert answer.pop("took_ms") >= 0
    assert answer == {"delivered": True, "status": 200, "body": "thanks", "error": ""}
    http.patch(path, json={"enabled": False}).raise_for_status()
    assert http.post(f"{path}/test").json()["delivered"], "before it is enabled again"
    told = [Webhook(made["secret"]).verify(each.body, each.headers) for each in server.requests]
    assert {each["type"] for each in told} == {"webhook.test"}
    assert len({each["id"] for each in told}) == 2, "each can be told from the other"
    assert http.get(f"{path}/deliveries").json() == {"items": [], "next": None}


def test_tried_on_one_that_fails(http: httpx.Client) -> None:
    with ScriptedServer(Answer(b"", End.CLOSE), reply(500, b"oh")) as server:
        made = http.post("/v1/webhooks", json={"url": server.url, "types": ["balance.low"]}).json()
        path = f"/v1/webhooks/{made['id']}"
        first, second = (http.post(f"{path}/test").json() for _ in range(2))
    http.delete(path).raise_for_status()
    assert (first["delivered"], first["status"]) == (False, None)
    assert first["error"]
    assert (second["delivered"], second["status"], second["body"]) == (False, 500, "oh")


def test_a_new_secret_and_the_old_one(
    http: httpx.Client, made: dict[str, Any], server: ScriptedServer, number: str
) -> None:
    rotated = http.post(f"/v1/webhooks/{made['id']}/rotate").json()
    assert rotated["secret"] not in ("", made["secret"])
    assert rotated["old_secret_until"]
    assert "secret" not in http.get(f"/v1/webhooks/{made['id']}").json()
    http.put(f"/v1/opt-outs/{number}", json={}).raise_for_status()
    until(lambda: server.requests)
    [request] = server.requests
    for secret in (rotated["secret"], made["secret"]):
        assert Webhook(secret).verify(request.body, request.headers)["data"]["phone"] == number
    assert request.headers["webhook-signature"].count("v1,") == 2


def test_told_again(http: httpx.Client, desk: Desk, made: dict[str, Any], server: ScriptedServer, number: str) -> None:
    path = f"/v1/webhooks/{made['id']}"
    http.put(f"/v1/opt-outs/{number}", json={}).raise_for_status()

    def delivered() -> list[dict[str, Any]]:
        items = http.get(f"{path}/deliveries").json()["items"]
        return items if items and items[0]["state"] == "delivered" else []

    [first] = until(delivered)
    assert (first["type"], first["next_try"], len(first["attempts"])) == ("optout.created", None, 1)
    assert (first["attempts"][0]["status"], first["attempts"][0]["body"]) == (200, "thanks")
    assert http.post(f"{path}/redeliver", json={"event": first["event"]}).json() == {"events": 1, "next": None}
    until(lambda: len(delivered() and delivered()[0]["attempts"]) == 2)
    span = {"after": first["seq"] - 1, "until": first["seq"]}
    assert http.post(f"{path}/redeliver", json=span).json() == {"events": 1, "next": None}
    until(lambda: len(delivered() and delivered()[0]["attempts"]) == 3)
    assert len({each.headers["webhook-id"] for each in server.requests}) == 1
    assert http.get(f"{path}/deliveries", params={"state": "failed"}).json()["items"] == []
    http.put(f"/v1/opt-outs/{number}", json={"from": "UJUMBE"}).raise_for_status()
    until(lambda: delivered() and len(http.get(f"{path}/deliveries").json()["items"]) == 2)
    for state in ({}, {"state": "delivered"}):
        page = http.get(f"{path}/deliveries", params={"limit": 1, **state}).json()
        assert page["items"][0]["event"] != first["event"]
        page = http.get(f"{path}/deliveries", params={"cursor": page["next"], **state}).json()
        assert ([each["event"] for each in page["items"]], page["next"]) == ([first["event"]], None)
    http.patch(path, json={"enabled": False}).raise_for_status()
    refused(http.post(f"{path}/redeliver", json=span), 409)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"event": "evt_0000000000001", "after": 0}, 422),
        ({"until": 7}, 422),
        ({"event": "msg_0000000000001"}, 422),
        ({"event": "evt_7zzzzzzzzzzzz"}, 404),
        ({"event": "evt_0000000000000"}, 404),
        ({"after": -1}, 422),
        ({"after": 1 << 63}, 422),
        ({"after": (1 << 63) - 1}, 200),
        ({"after": 9, "until": 3}, 200),
    ],
)
def test_what_cannot_be_told_again(http: httpx.Client, made: dict[str, Any], body: dict[str, Any], status: int) -> None:
    answer = http.post(f"/v1/webhooks/{made['id']}/redeliver", json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json() == {"events": 0, "next": None}


def test_serve_sends_to_no_private_address_and_wants_the_right_key(tmp_path: Any) -> None:
    """Without UJUMBE_WEBHOOKS_PRIVATE not even to this machine: refused when made, and when the name is looked up."""
    acts = [
        ("read", "GET", "/v1/events", None),
        ("read", "GET", "/v1/webhooks", None),
        ("read", "GET", f"/v1/webhooks/{UNKNOWN}", None),
        ("read", "GET", f"/v1/webhooks/{UNKNOWN}/deliveries", None),
        ("admin", "POST", "/v1/webhooks", {"url": "http://127.0.0.1/"}),
        ("admin", "PATCH", f"/v1/webhooks/{UNKNOWN}", {}),
        ("admin", "DELETE", f"/v1/webhooks/{UNKNOWN}", None),
        ("admin", "POST", f"/v1/webhooks/{UNKNOWN}/rotate", None),
        ("admin", "POST", f"/v1/webhooks/{UNKNOWN}/test", None),
        ("admin", "POST", f"/v1/webhooks/{UNKNOWN}/redeliver", {"after": 0}),
    ]
    with serve(tmp_path, at="http://127.0.0.1:1", UJUMBE_FETCH_INBOX="0") as service:
        keys = {scope: create_key(tmp_path, scope)["key"] for scope in ("send", "read")} | {"admin": service.key}
        with httpx.Client(base_url=service.url) as client:
            for needed, method, path, body in acts:
                assert client.request(method, path, json=body).status_code == 401
                for scope, key in keys.items():
                    answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
                    if scope in (needed, "admin"):
                        assert answer.status_code in (200, 404, 422), (path, answer.text)
                    else:
                        assert answer.status_code == 403, (path, answer.text)
            local = {"url": "http://localhost:9/"}
            told = refused(client.post("/v1/webhooks", json=local, headers=service.headers), 422)
            assert "UJUMBE_WEBHOOKS_PRIVATE" in told["errors"][0]["message"]
            good = client.post("/v1/webhooks", json={"url": "https://example.org/x"}, headers=service.headers)
            assert good.status_code == 201
        service.stop()
        assert good.json()["secret"] not in service.log
