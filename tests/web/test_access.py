"""`ujumbe serve`: who gets in. Keys on requests, tokens on callbacks, and where it may listen."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import Serving, create_key, free_port, serve, simulator, ujumbe, until

TOKENS = ("first-token-81516", "second.token~2342")
NUMBER = "+254711000000"
CALLBACKS = ["twoway", "delivery-reports", "opt-out", "subscription"]
READ = ["/v1/messages", "/v1/messages/msg_0000000000000", "/v1/inbound", "/v1/opt-outs",
        f"/v1/opt-outs/{NUMBER}", "/v1/subscriptions", "/v1/subscriptions/products", "/v1/account", "/v1/reviews",
        "/v1/contacts", f"/v1/contacts/{NUMBER}", "/openapi.json"]  # fmt: skip
SEND = ["/sms/invoke-bulk-sms", "/sms/invoke-twoway-sms"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serve")
    port = free_port()
    callbacks = f"http://127.0.0.1:{port}/sms"
    with (
        simulator(folder / "at", callbacks=callbacks, UJUMBE_CALLBACK_TOKEN=TOKENS[1]) as at,
        serve(
            folder,
            *("--port", str(port)),
            at=at.url,
            UJUMBE_CALLBACK_TOKEN=", ".join(TOKENS),
            UJUMBE_LOG_LEVEL="debug",
        ) as running,
    ):
        yield running
        running.stop()
        assert "Traceback" not in running.log + at.log
        # Neither tokens nor keys lie anywhere.
        assert not [token for token in (*TOKENS, "wrong-token-4811", running.key) if token in running.log]
        for file in folder.glob("data/*"):
            stored = file.read_bytes()
            assert not [token for token in (*TOKENS, "wrong-token-4811", running.key) if token.encode() in stored]


@pytest.fixture(scope="module")
def http(service: Serving) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def keys(service: Serving) -> dict[str, str]:
    return {scope: create_key(service.folder, scope)["key"] for scope in ("send", "read")} | {"admin": service.key}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic c2FuZGJveDpsb2NhbA==",
        "ujumbe_x",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 8000,
    ],
    ids=["none", "scheme", "unknown", "basic", "bare", "bytes", "long"],
)
@pytest.mark.parametrize("path", READ + SEND)
def test_no_key_no_entry(http: httpx.Client, path: str, authorization: str) -> None:
    headers = [(b"authorization", authorization.encode("latin-1"))] if authorization else []
    answer = http.get(path, params={"phone": NUMBER}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    if path in SEND:
        assert set(answer.json()) == {"error"}
        assert "API key" in answer.json()["error"] or "keys create" in answer.json()["error"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:ujumbe:problem:unauthorized"


@pytest.mark.parametrize("key", ["send", "read", "admin"])
@pytest.mark.parametrize("path", READ + SEND)
def test_scopes(http: httpx.Client, keys: dict[str, str], path: str, key: str) -> None:
    answer = http.get(path, params={"phone": NUMBER}, headers=bearer(keys[key]))
    needed = "send" if path in SEND else "read"
    if key in (needed, "admin"):
        assert answer.status_code in (200, 404)
        return
    assert answer.status_code == 403
    told = answer.json()
    assert f"`{needed}`" in told["error" if path in SEND else "detail"]


ORDER = {"to": NUMBER, "text": "Habari"}
UNKNOWN = "0000000000000"
ACTS: list[tuple[str, str, str, dict[str, str] | None]] = [
    ("send", "POST", "/v1/messages", ORDER),
    ("send", "POST", "/v1/quotes", ORDER),
    ("send", "POST", f"/v1/batches/bat_{UNKNOWN}/cancel", None),
    ("send", "POST", f"/v1/messages/msg_{UNKNOWN}/cancel", None),
    ("send", "POST", f"/v1/messages/msg_{UNKNOWN}/resolve", {"outcome": "sent"}),
    ("send", "PUT", "/v1/opt-outs/+254711000099", None),
    ("send", "DELETE", "/v1/opt-outs/+254711000099", None),
    ("send", "POST", f"/v1/reviews/rev_{UNKNOWN}", {"decision": "dismiss"}),
    ("send", "DELETE", "/v1/contacts/+254711000099", None),
    ("admin", "DELETE", "/v1/people/+254711000098", None),
    ("read", "GET", f"/v1/batches/bat_{UNKNOWN}", None),
]


@pytest.mark.parametrize("key", ["none", "send", "read", "admin"])
@pytest.mark.parametrize(("needed", "method", "path", "body"), ACTS, ids=[f"{each[1]} {each[2]}" for each in ACTS])
def test_scopes_of_what_acts(
    service: Serving,
    http: httpx.Client,
    keys: dict[str, str],
    needed: str,
    method: str,
    path: str,
    body: dict[str, str] | None,
    key: str,
) -> None:
    def stored() -> int:
        return len(http.get("/v1/messages", headers=service.headers, params={"limit": 1000}).json()["items"])

    before = stored()
    answer = http.request(method, path, json=body, headers=bearer(keys[key]) if key != "none" else {})
    if key in (needed, "admin"):
        assert answer.status_code in (200, 202, 204, 404)
        return
    assert answer.status_code == (401 if key == "none" else 403)
    assert answer.headers["content-type"] == "application/problem+json"
    assert key == "none" or f"`{needed}`" in answer.json()["detail"]
    assert stored() == before


@pytest.mark.parametrize("path", SEND)
def test_without_a_key_nothing_is_sent(service: Serving, http: httpx.Client, path: str) -> None:
    def sent() -> int:
        at = service.env["AT_API_URL"]
        return len(httpx.get(f"{at}/ledger").json()["items"])

    before = sent()
    assert http.post(path, data={"phone": NUMBER}).status_code == 401
    assert http.get(path, params={"phone": NUMBER, "key": service.key}).status_code == 401
    assert sent() == before


def test_a_revoked_key_is_refused_at_once(service: Serving, http: httpx.Client) -> None:
    """Also where a key that was found good before is not looked up again."""
    made = create_key(service.folder, "read,send")
    idempotent = bearer(made["key"]) | {"Idempotency-Key": "before and after"}
    asks: list[Callable[[], httpx.Response]] = [
        lambda: http.get("/v1/messages", headers=bearer(made["key"])),
        lambda: http.post("/v1/messages", json=ORDER, headers=bearer(made["key"])),
        lambda: http.post("/v1/messages", json=ORDER, headers=idempotent),
        lambda: http.post("/v1/quotes", json=ORDER, headers=bearer(made["key"])),
        lambda: http.get("/sms/invoke-bulk-sms", params={"phone": NUMBER}, headers=bearer(made["key"])),
    ]
    for ask in asks * 2:
        assert ask().status_code in (200, 202)
    before = http.get("/v1/messages", params={"limit": 1}, headers=service.headers).json()
    assert ujumbe(service.folder, "keys", "revoke", made["id"]).returncode == 0
    for ask in asks[::-1] * 2:
        answer = ask()
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    after = http.get("/v1/messages", params={"limit": 1}, headers=service.headers).json()
    assert after["items"][0]["id"] == before["items"][0]["id"], "and nothing was stored"


@pytest.mark.parametrize("key", ["none", "send", "read"])
@pytest.mark.parametrize("path", ["/v1/account/pause", "/v1/account/resume"])
def test_only_an_admin_pauses_and_resumes(
    service: Serving, http: httpx.Client, keys: dict[str, str], path: str, key: str
) -> None:
    answer = http.post(path, headers=bearer(keys[key]) if key != "none" else {})
    assert answer.status_code == (401 if key == "none" else 403)
    assert key == "none" or "`admin`" in answer.json()["detail"]
    assert http.get("/v1/account", headers=service.headers).json()["sending"]


def test_an_admin_pauses_and_resumes(service: Serving, http: httpx.Client) -> None:
    assert not http.post("/v1/account/pause", headers=service.headers).json()["sending"]
    assert http.post("/v1/account/resume", headers=service.headers).json()["sending"]


PROXIED = [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"Via": "1.1 nginx"}]


@pytest.mark.parametrize("proxied", PROXIED, ids=lambda headers: next(iter(headers)))
def test_metrics_from_beyond_a_proxy_need_a_key(
    http: httpx.Client, keys: dict[str, str], proxied: dict[str, str]
) -> None:
    assert http.get("/metrics").status_code == 200
    assert http.get("/metrics", headers=proxied).status_code == 401
    assert http.get("/metrics", headers=proxied | bearer("wrong")).status_code == 401
    assert http.get("/metrics", headers=proxied | bearer(keys["send"])).status_code == 403
    assert http.get("/metrics", headers=proxied | bearer(keys["read"])).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_case(http: httpx.Client, service: Serving, scheme: str) -> None:
    assert http.get("/v1/messages", headers={"Authorization": f"{scheme} {service.key}"}).status_code == 200


@pytest.mark.parametrize("path", ["/sms/", "/healthz", "/readyz"])
def test_open_to_all(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 200


@pytest.mark.parametrize("kind", CALLBACKS)
@pytest.mark.parametrize(
    "how",
    [
        "{kind}?token={token}",
        "{kind}/{token}",
        "{kind}?x=%E2%82%AC&y=%FF&z&token={token}",
        "{kind}?%74oken={token}&token={token}",
    ],
)
@pytest.mark.parametrize("token", TOKENS)
def test_right_tokens(http: httpx.Client, kind: str, how: str, token: str) -> None:
    answer = http.post("/sms/" + how.format(kind=kind, token=token), data={"id": "x", "phoneNumber": NUMBER})
    assert (answer.status_code, answer.text) == ((400, "BAD") if kind == "twoway" else (200, "OK"))


@pytest.mark.parametrize("kind", CALLBACKS)
@pytest.mark.parametrize(
    "how",
    [
        "{kind}",
        "{kind}?token=",
        "{kind}?token=wrong-token-4811",
        "{kind}/wrong-token-4811",
        "{kind}?token=first-token-8151",
        "{kind}?token=first-token-81516x",
        "{kind}?Token=first-token-81516",
        "{kind}/first-token-81516/more",
        "{kind}?token=wrong-token-4811&token=first-token-81516",
        "{kind}/%FF%00",
        "{kind}?token=%ED%A0%80",
    ],
)
def test_wrong_tokens(http: httpx.Client, kind: str, how: str) -> None:
    path = "/sms/" + how.format(kind=kind)
    answer = http.post(path, data={"phoneNumber": NUMBER, "token": TOKENS[0], "id": "kept?", "status": "Success"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    unknown = http.post("/sms/nothing-here")
    # Who guesses cannot tell a wrong token from a wrong address.
    assert answer.json() == unknown.json()


def test_what_a_token_let_in_is_applied(service: Serving, http: httpx.Client) -> None:
    """The local AT calls back with the token that it was started with."""
    at = service.env["AT_API_URL"]
    number = "+254711000077"
    answer = http.get("/sms/invoke-bulk-sms", params={"phone": number}, headers=service.headers)
    assert answer.status_code == 200

    def state() -> bool:
        [message] = http.get("/v1/messages", params={"to": number}, headers=service.headers).json()["items"]
        return bool(message["state"] == "delivered")

    assert until(state)
    httpx.post(f"{at}/phones/{number}/messages", json={"to": "12345", "text": "Habari"}).raise_for_status()
    assert until(lambda: http.get("/v1/inbound", params={"from": number}, headers=service.headers).json()["items"])


def test_no_local_at_in_production(http: httpx.Client, service: Serving) -> None:
    for path in ("/simulator/", "/simulator/faults", "/simulator"):
        answer = http.get(path, headers=service.headers)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


@pytest.mark.parametrize(
    ("words", "env"),
    [(["--open-callbacks"], {}), ([], {"UJUMBE_CALLBACK_TOKEN": TOKENS[0]})],
    ids=["told so", "with a token"],
)
def test_starts_on_all_addresses(tmp_path: Path, words: list[str], env: dict[str, str]) -> None:
    with serve(tmp_path, "--host", "0.0.0.0", *words, at="http://127.0.0.1:1", scopes="", **env) as service:
        answer = httpx.post(f"{service.url}/sms/opt-out", data={"phoneNumber": NUMBER})
        assert answer.status_code == (200 if words else 404)
        service.stop()


def test_an_opt_out_names_the_key_that_recorded_it(service: Serving, http: httpx.Client) -> None:
    words = ("keys", "create", "--name", "our website", "--scopes", "send,read", "--json")
    key = json.loads(ujumbe(service.folder, *words, **service.env).stdout)["key"]
    told = http.put("/v1/opt-outs/+254711000097", json={"reason": "by letter"}, headers=bearer(key)).json()
    assert [each["proof"] for each in told["history"]] == ["api key our website"]
    told = http.delete("/v1/opt-outs/+254711000097", headers=bearer(key)).json()
    assert [(each["ended_by"], each["ended_proof"]) for each in told["history"]] == [
        ("operator", "api key our website")
    ]
