"""AT's refusals, word for word."""

from __future__ import annotations

import httpx
import pytest

from tests.simulator.receiver import KEY

FORM = {"username": "sandbox", "to": "+254711000111", "message": "Hello"}
SUBSCRIPTION = {"username": "sandbox", "shortCode": "12345", "keyword": "NEWS", "phoneNumber": "+254711000111"}
MISSING = "Request is missing required form field '{}'"


def assert_text(response: httpx.Response, status: int, text: str) -> None:
    assert (response.status_code, response.text) == (status, text)
    assert response.headers["content-type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    ("key", "username"),
    [("wrong", "sandbox"), ("local", "Sandbox"), ("local", "shamba"), ("", "sandbox"), ("\u00e9", "sandbox")],
)
def test_wrong_credentials(at: httpx.Client, key: str, username: str) -> None:
    response = at.post("/version1/messaging", data=FORM | {"username": username}, headers={b"apiKey": key.encode()})
    assert_text(response, 401, "The supplied authentication is invalid")
    assert response.headers["www-authenticate"] == 'Basic realm="api",charset=UTF-8'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/version1/messaging"), ("GET", "/version1/messaging?username=sandbox"),
        ("POST", "/version1/messaging/bulk"), ("GET", "/version1/user?username=sandbox"),
        ("GET", "/version1/subscription"), ("POST", "/version1/subscription/create"),
        ("POST", "/version1/subscription/delete"), ("POST", "/version1/subscription/safaricom"),
        ("POST", "/auth-token/generate"),
    ],
)  # fmt: skip
def test_no_credentials(at: httpx.Client, method: str, path: str) -> None:
    response = at.request(method, path, headers={"Accept": "application/json"})
    assert_text(response, 401, "The resource requires authentication, which was not supplied with the request")


@pytest.mark.parametrize("how", ["absent", "empty"])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/version1/messaging", FORM),
        ("/version1/subscription/create", SUBSCRIPTION),
        ("/version1/subscription/delete", SUBSCRIPTION),
        ("/version1/subscription/safaricom", {"username": "sandbox", "shortCode": "12345"}),
        ("/version1/messaging/bulk", {"username": "sandbox", "message": "Hi", "phoneNumbers": "+254711000111"}),
        ("/checkout/token/create", {"phoneNumber": "+254711000111"}),
    ],
)
def test_the_first_missing_field_is_named(at: httpx.Client, path: str, fields: dict[str, str], how: str) -> None:
    form: dict[str, str] = {}
    for name, value in fields.items():
        assert_text(at.post(path, data=form or {"x": "y"}, headers=KEY), 400, MISSING.format(name))
        if how == "empty":
            form[name] = ""
            assert_text(at.post(path, data=form, headers=KEY), 400, MISSING.format(name))
        form[name] = value
    assert at.post(path, data=form, headers=KEY).status_code == 201


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/version1/messaging", "username"), ("/version1/user", "username"), ("/version1/subscription", "username"),
        ("/version1/subscription?username=sandbox&keyword=NEWS", "shortCode"),
        ("/version1/subscription?username=sandbox&shortCode=12345", "keyword"),
        ("/version1/subscription?username=sandbox&shortCode=12345&keyword=undefined", "keyword"),
    ],
)  # fmt: skip
def test_a_missing_query_parameter_is_not_found(at: httpx.Client, path: str, name: str) -> None:
    assert_text(at.get(path, headers=KEY), 404, f"Request is missing required query parameter '{name}'")


def test_malformed_values(at: httpx.Client) -> None:
    said = "The form field '{}' was malformed:\n'{}' is not a valid 32-bit signed integer value"
    for name in ("enqueue", "bulkSMSMode"):
        response = at.post("/version1/messaging", data=FORM | {name: "many"}, headers=KEY)
        assert_text(response, 400, said.format(name, "many"))
    assert_text(
        at.get("/version1/messaging?username=sandbox&lastReceivedId=last", headers=KEY),
        400,
        "The query parameter 'lastReceivedId' was malformed:\n'last' is not a valid 64-bit signed integer value",
    )


@pytest.mark.parametrize(
    "path", ["/version1", "/version1/messaging/", "/version2/messaging", "/nothing", "/static/../app.py"]
)
def test_an_unknown_path(at: httpx.Client, path: str) -> None:
    assert_text(at.get(path, headers=KEY), 404, "The requested resource could not be found.")


def test_a_wrong_method_names_the_right_ones(at: httpx.Client) -> None:
    response = at.put("/version1/messaging", headers=KEY)
    assert_text(response, 405, "HTTP method not allowed, supported methods: GET, POST")
    assert response.headers["allow"] == "GET, POST"


def test_a_wrong_content_type_names_the_right_one(at: httpx.Client) -> None:
    said = (
        "The request's Content-Type [application/json] is not supported. Expected:\napplication/x-www-form-urlencoded"
    )
    assert_text(at.post("/version1/messaging", json=FORM, headers=KEY), 415, said)
    said = "The request's Content-Type is not supported. Expected:\napplication/x-www-form-urlencoded"
    assert_text(at.post("/version1/messaging", content=b"a=b", headers=KEY), 415, said)


@pytest.mark.parametrize("suffix", ["", ";charset=utf-8", "; charset=UTF-8"])
def test_a_charset_behind_the_content_type_is_fine(at: httpx.Client, suffix: str) -> None:
    headers = KEY | {"Content-Type": "application/x-www-form-urlencoded" + suffix}
    body = b"username=sandbox&to=%2B254711000111&message=Habari+za+leo"
    assert at.post("/version1/messaging", content=body, headers=headers).status_code == 201
    assert at.get("/phones/254711000111/messages").json()[0]["text"] == "Habari za leo"


@pytest.mark.parametrize(
    "message", [b"%ff%fe", b"\xff\xfe", b"a%00b", b"a\x00b", b"x" * 10_001, b"&".join(b"f%d=1" % n for n in range(100))]
)
def test_what_is_no_text_is_malformed_and_not_sent(at: httpx.Client, message: bytes) -> None:
    headers = KEY | {"Content-Type": "application/x-www-form-urlencoded"}
    response = at.post(
        "/version1/messaging", content=b"username=sandbox&to=%2B254711000111&message=" + message, headers=headers
    )
    assert response.status_code == 400
    assert "was malformed:\n" in response.text
    assert at.get("/ledger").json() == {"items": [], "next": None}


def test_a_body_beyond_the_bound_is_not_read(at: httpx.Client) -> None:
    response = at.post("/version1/messaging", data=FORM | {"message": "x" * (5 * 1024 * 1024)}, headers=KEY)
    assert_text(response, 413, "The request payload is larger than the server is willing or able to process.")
