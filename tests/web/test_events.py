"""GET /v1/events: the log, read on from where one stopped."""

from typing import Any

import httpx
import pytest

from tests.running import until
from tests.web.conftest import Desk
from ujumbe.domain.event import Type


def page(http: httpx.Client, after: int, **params: Any) -> dict[str, Any]:
    answer = http.get("/v1/events", params={"after": after, **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def end(http: httpx.Client) -> int:
    """Where the log ends now."""
    seen, after = -1, 0
    while seen != after:
        seen, after = after, page(http, after, limit=1_000)["next"]
    return after


def test_the_life_of_a_message(http: httpx.Client, desk: Desk, number: str) -> None:
    after = end(http)
    made = desk.accept(number, metadata={"order": 7})
    message = made["messages"][0]["id"]
    desk.becomes(message, "delivered")

    def about() -> list[dict[str, Any]]:
        return [each for each in page(http, after)["items"] if each["data"]["id"] == message]

    found = until(lambda: (items := about())[2:] and items)
    assert isinstance(found, list)
    assert [each["type"] for each in found] == ["message.accepted", "message.sent", "message.delivered"]
    for each in found:
        assert each["data"]["state"] == each["type"].partition(".")[2]
        assert (each["data"]["to"], each["data"]["metadata"]) == (number, {"order": 7})
        assert each["data"]["batch"] == made["id"]
    assert found[-1]["data"]["cost"].startswith("KES ")
    assert [each["seq"] for each in found] == sorted({each["seq"] for each in found})


def test_read_on_in_pages_of_any_size(http: httpx.Client, desk: Desk, number: str) -> None:
    after = end(http)
    for _ in range(3):
        desk.handset_texts(number, "Habari")
    desk.heard(number, 3)
    whole = page(http, after, types="message.received")["items"]
    assert len(whole) == 3
    parts: list[dict[str, Any]] = []
    seen = after
    while len(parts) < 3:
        one = page(http, seen, types="message.received", limit=1)
        parts += one["items"]
        assert one["next"] > seen
        seen = one["next"]
    assert parts == whole
    last = end(http)
    assert page(http, last) == {"items": [], "next": last}


def test_only_some_types(http: httpx.Client, number: str) -> None:
    after = end(http)
    http.put(f"/v1/opt-outs/{number}", json={"reason": "asked"}).raise_for_status()
    http.delete(f"/v1/opt-outs/{number}").raise_for_status()
    found = page(http, after, types="optout.created, optout.removed")["items"]
    mine = [each for each in found if each["data"]["phone"] == number]
    assert [each["type"] for each in mine] == ["optout.created", "optout.removed"]
    assert [each["data"]["until"] is None for each in mine] == [True, False]
    assert mine[0]["data"]["reason"] == "asked"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"after": "-1"}, "after"),
        ({"after": "x"}, "after"),
        ({"after": str(1 << 63)}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"types": "message.read"}, "types"),
        ({"types": "x" * 500}, "types"),
    ],
)
def test_what_cannot_be(http: httpx.Client, params: dict[str, str], field: str) -> None:
    answer = http.get("/v1/events", params=params)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_every_type_can_be_named(http: httpx.Client) -> None:
    assert http.get("/v1/events", params={"types": ",".join(Type)}).status_code == 200
    assert page(http, (1 << 63) - 1) == {"items": [], "next": (1 << 63) - 1}
