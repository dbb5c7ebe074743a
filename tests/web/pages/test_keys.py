"""/settings/keys: made, shown once, revoked."""

import re

import httpx
import pytest


def test_made_shown_once_and_revoked(http: httpx.Client) -> None:
    page = http.post("/settings/keys", data={"name": "our <website>", "scopes": ["send", "read"]})
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    [secret] = re.findall(r'<pre id="secret"[^>]*>(ujumbe_[\w-]+)<', page.text)
    listed = http.get("/settings/keys").text
    assert secret not in listed
    assert "our &lt;website&gt;" in listed
    [key] = re.findall(r'id="(key_\w+)">(?:(?!</tr>).)*our &lt;website', listed, re.DOTALL)
    answer = http.post(f"/settings/keys/{key}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/keys")
    assert f"/settings/keys/{key}/revoke" not in http.get("/settings/keys").text
    assert http.post(f"/settings/keys/{key}/revoke").status_code == 404


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "scopes": ["read"]}, "what it is for"),
        ({"name": "x" * 61, "scopes": ["read"]}, "what it is for"),
        ({"name": "our website"}, "Tick what the key may do"),
        ({"name": "our website", "scopes": ["everything"]}, "Tick what the key may do"),
    ],
)
def test_what_cannot_be_made(http: httpx.Client, form: dict[str, object], told: str) -> None:
    page = http.post("/settings/keys", data=form)
    assert page.status_code == 422
    assert told in page.text
    assert f'value="{form["name"]}"' in page.text
