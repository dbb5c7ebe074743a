"""Rules and conversations over HTTP, on a running service with the local AT."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.running import Running, dev, until

SHORT_CODE = "12345"
ENDED = ["delivered", "delivered", None]
MODULE = """
import time
from ujumbe import IncomingText, on_message

@on_message("BAL", seconds=5)
async def balance(text: IncomingText) -> str:
    return f"{text.text} of {text.sender} to {text.to}: 100"

@on_message(["PAY", "LIPA"])
def pay(text: IncomingText) -> None:
    assert text.id.startswith("in_")

@on_message("BOOM")
def boom(text: IncomingText) -> str:
    raise ValueError("Kiboko-4417")

@on_message("SLOW", seconds=0.2)
def slow(text: IncomingText) -> str:
    time.sleep(1)
    return "too late"

@on_message("ODD")
def odd(text: IncomingText) -> int:
    return 7
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("dev")
    (folder / "shop_handlers.py").write_text(MODULE)
    with dev(folder, UJUMBE_HANDLERS="shop_handlers", PYTHONPATH=str(folder)) as running:
        yield running
        running.stop()


@pytest.fixture
def http(service: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=20) as client:
        yield client
        for each in client.get("/v1/rules").json()["items"]:
            client.delete(f"/v1/rules/{each['id']}").raise_for_status()


@pytest.fixture
def guest(http: httpx.Client) -> Callable[[str, str], dict[str, Any]]:
    """Text from a handset; the text as it stands once everything has followed from it."""

    def write(number: str, text: str) -> dict[str, Any]:
        sent = http.post(f"/simulator/phones/{number}/messages", json={"to": SHORT_CODE, "text": text})
        sent.raise_for_status()

        def heard() -> dict[str, Any] | None:
            found = http.get("/v1/inbound", params={"from": number}).json()["items"]
            latest = next((each for each in found if each["text"] == text), None)
            return latest if latest and latest["task_state"] not in ("waiting", "running") else None

        found = until(heard)
        assert found is not None
        return found

    return write


def shown(http: httpx.Client, number: str, text: str) -> bool:
    """Whether the handset shows a text from us."""
    seen = http.get(f"/simulator/phones/{number}/messages").json()
    return any(each["direction"] == "in" and each["text"] == text for each in seen)


def rule(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post("/v1/rules", json={"action": "reply", **fields})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_rules_are_kept_in_order_and_heeded(http: httpx.Client, guest: Callable[[str, str], dict[str, Any]]) -> None:
    number = "+254711000101"
    hours = rule(http, name="hours", keywords=["saa", "hours"], template="We open at nine, {from}.")
    last = rule(http, name="all", template="Karibu.")
    first = rule(http, name="quiet", action="nothing", keywords=["ok"], position=1)
    listed = http.get("/v1/rules").json()["items"]
    assert [(each["name"], each["position"]) for each in listed] == [("quiet", 1), ("hours", 2), ("all", 3)]
    heard = guest(number, "Saa ngapi?")
    assert heard["rule"] == "rule “hours”"
    until(lambda: shown(http, number, f"We open at nine, {number}."))
    assert guest(number, "OK")["reply"] is None
    guest(number, "anything")
    until(lambda: shown(http, number, "Karibu."))
    changed = http.put(
        f"/v1/rules/{hours['id']}", json={"name": "hours", "action": "reply", "template": "Ten.", "position": 3}
    )
    assert (changed.json()["position"], changed.json()["keywords"]) == (3, [])
    assert http.get(f"/v1/rules/{first['id']}").json()["name"] == "quiet"
    assert http.delete(f"/v1/rules/{last['id']}").status_code == 204
    assert http.delete(f"/v1/rules/{last['id']}").status_code == 404
    assert [each["name"] for each in http.get("/v1/rules").json()["items"]] == ["quiet", "hours"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "action": "nothing"}, "name"),
        ({"name": "x", "action": "dance"}, "action"),
        ({"name": "x", "action": "reply"}, "template"),
        ({"name": "x", "action": "subscribe"}, "product"),
        ({"name": "x", "action": "nothing", "keywords": ["!!"]}, "keywords"),
        ({"name": "x", "action": "reply", "template": "no", "keywords": ["STOP"]}, "keywords"),
        ({"name": "x", "action": "nothing", "short_code": "!"}, "short_code"),
        ({"name": "x", "action": "nothing", "position": 0}, "position"),
        ({"name": "x", "action": "nothing", "priority": 1}, "priority"),
    ],
)
def test_a_bad_rule_is_told_by_its_field(http: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = http.post("/v1/rules", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].split(".")[0] == field
    assert http.get("/v1/rules").json()["items"] == []


def test_two_rules_never_have_one_name(http: httpx.Client) -> None:
    rule(http, name="one", template="1")
    assert http.post("/v1/rules", json={"name": "one", "action": "nothing"}).status_code == 409


@pytest.mark.parametrize(
    ("text", "named", "reply"),
    [
        ("Stop", "stop word STOP", "You will get no more texts from us. Send START to get them again."),
        ("BAL", "handler shop_handlers.balance", ""),
        ("hours?", "rule “hours”", "Nine."),
        ("habari", "default", 'This is a response to: "{text}"'),
        ("please stop this", "“stop” stands in it", ""),
    ],
)
def test_a_text_can_be_tried(http: httpx.Client, text: str, named: str, reply: str) -> None:
    rule(http, name="hours", keywords=["hours"], template="Nine.")
    found = http.post("/v1/rules/test", json={"text": text}).json()
    assert (found["rule"], found["reply"]) == (named, reply)
    assert found["does"]
    assert http.get("/v1/opt-outs").json()["items"] == []


def test_handlers(http: httpx.Client, service: Running, guest: Callable[[str, str], dict[str, Any]]) -> None:
    number = "+254711000102"
    done = guest(number, "Bal please")
    assert (done["rule"], done["task_state"]) == ("handler shop_handlers.balance", "done")
    until(lambda: shown(http, number, f"Bal please of {number} to {SHORT_CODE}: 100"))
    quiet = guest(number, "lipa 100")
    assert (quiet["task_state"], quiet["reply"]) == ("done", None)
    assert quiet["reply_note"] == "shop_handlers.pay answered nothing"
    failed = guest(number, "boom")
    assert (failed["task_state"], failed["reply_note"]) == ("failed", "shop_handlers.boom failed: ValueError")
    assert guest(number, "slow")["reply_note"] == "shop_handlers.slow took longer than 0.2 s"
    assert guest(number, "odd")["reply_note"] == "shop_handlers.odd returned int, which is no text"
    assert guest(number, "BAL 2")["task_state"] == "done", "the rest is unharmed"
    assert (
        'kind="handler",end="failed"' in http.get("/metrics").text.replace(" ", "")
        or "ujumbe_inbound_tasks" in http.get("/metrics").text
    )
    until(lambda: "a handler failed" in service.log)


def test_a_conversation(http: httpx.Client, guest: Callable[[str, str], dict[str, Any]]) -> None:
    number = "+254711000103"
    guest(number, "Habari")
    until(lambda: shown(http, number, 'This is a response to: "Habari"'))
    answer = http.post("/v1/messages", json={"to": number, "text": "Tutakupigia", "kind": "two_way"})
    assert answer.status_code == 202
    until(lambda: [each["state"] for each in http.get(f"/v1/conversations/{number}").json()["items"]] == ENDED)
    thread = http.get(f"/v1/conversations/{number}").json()
    said = [(each["direction"], each["with"], each["text"]) for each in thread["items"]]
    assert said == [
        ("out", SHORT_CODE, "Tutakupigia"),
        ("out", SHORT_CODE, 'This is a response to: "Habari"'),
        ("in", SHORT_CODE, "Habari"),
    ]
    assert http.get(f"/v1/conversations/{number.removeprefix('+')}").json() == thread
    first = http.get(f"/v1/conversations/{number}", params={"limit": 2}).json()
    second = http.get(f"/v1/conversations/{number}", params={"limit": 2, "cursor": first["next"]}).json()
    assert first["items"] + second["items"] == thread["items"]
    assert second["next"] is None
    done = http.post(f"/v1/conversations/{number}/done").json()
    assert [each["state"] for each in done["conversations"]] == ["done"]
    listed = http.get("/v1/conversations", params={"state": "open"}).json()["items"]
    assert number not in [each["phone"] for each in listed]
    guest(number, "Asante")
    listed = http.get("/v1/conversations", params={"state": "open"}).json()["items"]
    assert listed[0] | {"at": ""} == {
        "phone": number, "with": SHORT_CODE, "state": "open", "text": "Asante", "at": ""
    }  # fmt: skip
    assert http.post("/v1/conversations/+254711999999/done").status_code == 404


def test_stop_by_text_and_back(http: httpx.Client, guest: Callable[[str, str], dict[str, Any]]) -> None:
    number = "+254711000104"
    guest(number, "STOP")
    until(lambda: shown(http, number, "You will get no more texts from us. Send START to get them again."))
    blocked = http.post("/v1/messages", json={"to": number, "text": "Sale!"}).json()["messages"][0]
    assert blocked["state"] == "blocked"
    [said] = http.get(f"/v1/opt-outs/{number}").json()["history"]
    assert (said["from"], said["source"]) == (None, "keyword")
    guest(number, "start")
    until(lambda: shown(http, number, "You will get our texts again. Send STOP to end them."))
    again = http.post("/v1/messages", json={"to": number, "text": "Sale!"}).json()["messages"][0]
    assert again["state"] == "queued"
    until(lambda: shown(http, number, "Sale!"))


def test_a_rule_subscribes(http: httpx.Client, guest: Callable[[str, str], dict[str, Any]]) -> None:
    number = "+254711000105"
    rule(http, name="join", action="subscribe", keywords=["JIUNGE"], product="NEWS")
    joined = guest(number, "Jiunge")
    assert (joined["task"], joined["task_state"], joined["reply"]) == ("subscribe NEWS", "done", None)
    assert joined["reply_note"].startswith("subscribing to NEWS: ")
