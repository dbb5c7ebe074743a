"""One shape for every error (RFC 9457), health, and the description of the API."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from ujumbe.runtime import Runtime
from ujumbe.web.api import create_api
from ujumbe.web.app import create_app

UNKNOWN = [
    ("GET", "/nothing"), ("GET", "/v1"), ("GET", "/v1/"), ("GET", "/v1/messages/"), ("GET", "/healthz/"),
    ("POST", "/nothing"),
    ("GET", "/v1/messages/msg_0000000000000/nothing"), ("GET", "/sms/nothing"), ("POST", "/sms/nothing"),
    ("GET", "/sms/invoke-bulk-sms/more"), ("POST", "/sms/twoway/wrong"), ("POST", "/sms/twoway/a/b"),
    ("GET", "/smsx"), ("GET", "/healthz/x"), ("GET", "/docs"), ("GET", "/redoc"), ("GET", "/%00"),
    ("GET", "/v1/%ED%A0%80"), ("GET", "/..%2f..%2fetc/passwd"), ("PROPFIND", "/nothing"),
]  # fmt: skip
WRONG = [
    ("POST", "/v1/subscriptions/products", "GET"), ("DELETE", "/v1/inbound", "GET"), ("PUT", "/healthz", "GET, HEAD"),
    ("PATCH", "/v1/messages/msg_0000000000000", "GET"), ("POST", "/openapi.json", "GET"),
    ("OPTIONS", "/readyz", "GET, HEAD"),
    ("POST", "/sms/", "GET, HEAD"), ("DELETE", "/sms", "GET, HEAD"), ("PUT", "/sms/invoke-bulk-sms", "GET, POST"),
    ("HEAD", "/sms/invoke-twoway-sms", "GET, POST"), ("GET", "/sms/twoway", "POST"), ("PUT", "/sms/opt-out", "POST"),
    ("GET", "/sms/delivery-reports/x", "POST"), ("OPTIONS", "/sms/subscription", "POST"),
]  # fmt: skip


def check(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if answer.request.method == "HEAD":
        return {}
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:ujumbe:problem:{name}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
def test_unknown_addresses(http: httpx.Client, method: str, path: str) -> None:
    check(http.request(method, path), 404, "not-found")


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG)
def test_wrong_methods(http: httpx.Client, method: str, path: str, allowed: str) -> None:
    answer = http.request(method, path)
    check(answer, 405, "method-not-allowed")
    # Starlette lists them in an order of chance.
    assert sorted(answer.headers["allow"].split(", ")) == sorted(allowed.split(", "))


ROUTES = ["invoke-bulk-sms", "twoway", "delivery-reports", "opt-out", "subscription"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "chunked"])
def test_too_large(http: httpx.Client, route: str, chunked: bool) -> None:
    body = b"x=" + b"y" * 70_000
    parts = (body[at : at + 1000] for at in range(0, len(body), 1000))
    answer = http.post(f"/sms/{route}", content=parts if chunked else body)
    told = check(answer, 413, "too-large")
    assert "65,536" in told["detail"]


@pytest.mark.parametrize("route", ROUTES)
def test_just_small_enough(http: httpx.Client, route: str) -> None:
    answer = http.post(f"/sms/{route}", content=b"x=" + b"y" * (65_536 - 2))
    assert answer.status_code in (200, 400)
    assert answer.text in ("OK", "BAD") or answer.json()["error"].startswith("Missing 'phone'")


def test_health(http: httpx.Client) -> None:
    answer = http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "worker": "ok"}}


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_the_description_of_the_api(http: httpx.Client) -> None:
    answer = http.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    document = answer.json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"] == "Ujumbe"
    assert set(document["paths"]) >= {
        "/healthz", "/readyz", "/v1/messages", "/v1/messages/{message_id}", "/v1/messages/{message_id}/cancel",
        "/v1/messages/{message_id}/resolve", "/v1/quotes", "/v1/batches/{batch_id}", "/v1/batches/{batch_id}/cancel",
        "/v1/inbound", "/v1/opt-outs", "/v1/opt-outs/{number}", "/v1/subscriptions",
        "/v1/subscriptions/products", "/v1/subscriptions/sync", "/v1/subscriptions/{subscription_id}",
        "/v1/account", "/v1/account/pause",
        "/v1/account/resume", "/metrics",
    }  # fmt: skip
    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each["summary"] and each["tags"] for each in operations)
    problems = [each["responses"]["default"]["content"]["application/problem+json"] for each in operations]
    assert all(each["schema"]["required"] == ["type", "title", "status", "detail"] for each in problems)
    assert not [each for each in operations if "422" in each["responses"]]


async def broken(*_: object) -> None:
    raise RuntimeError("Kiboko-4417")


def test_what_breaks_inside_is_a_problem_too() -> None:
    """No request is known to break the API, so it gets a database that does."""
    given = SimpleNamespace(tokens=(), open_callbacks=False, at_api_url="http://127.0.0.1:1")
    parts = {"db": SimpleNamespace(read=broken), "settings": given, "working": True, "keyless": False, "account": 1}
    runtime = cast("Runtime", SimpleNamespace(**parts))
    whole = create_app(runtime, broken_app)

    async def ask(app: Any, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=app is whole)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    for app, path in ((create_api(runtime), "/readyz"), (whole, "/readyz"), (whole, "/simulator/x")):
        answer = asyncio.run(ask(app, path))
        check(answer, 500, "internal")
        assert "Kiboko" not in answer.text


async def broken_app(scope: Any, receive: Any, send: Any) -> None:
    await broken()
