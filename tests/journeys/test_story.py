"""A newcomer's first minutes, over HTTP only; and two services that would talk for ever."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import ledger, pages
from tests.running import Running, dev, until

pytestmark = pytest.mark.journey

PHONE = "/simulator/phones/254711000111"


def shown(client: httpx.Client, phone: str = PHONE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{phone}/messages").json()
    return found


def curl_lines(service: Running) -> list[str]:
    """The addresses in the curl lines that the command printed."""
    return re.findall(r'curl "([^"]+)"', service.log)


def test_a_newcomer_from_the_first_text_to_the_last(tmp_path: Path) -> None:
    with dev(tmp_path) as service, httpx.Client(base_url=service.url, timeout=30) as client:
        send, ask, listing = curl_lines(service)

        sent = client.get(send)
        assert sent.status_code == 200
        assert sent.json()["message"] == "SMS sent to +254711000111"
        [line] = sent.json()["response"]["SMSMessageData"]["Recipients"]
        assert (line["statusCode"], line["number"]) == (101, "+254711000111")
        [arrived] = shown(client)
        assert (arrived["direction"], arrived["from"], arrived["text"]) == ("in", "AFRICASTKNG", "Hello World")
        assert arrived["message_id"] == line["messageId"]

        assert client.get(ask).status_code == 200
        question = shown(client)[-1]
        assert (question["from"], question["text"]) == ("12345", "Please answer")
        answered = client.post(f"{PHONE}/messages", json={"to": "12345", "text": "Asante \U0001f44b"})
        assert answered.status_code == 201
        reply = until(lambda: shown(client)[3:])[0]
        assert reply["direction"] == "in"
        assert (reply["from"], reply["text"]) == ("12345", 'This is a response to: "Asante \U0001f44b"')

        [heard] = pages(client, "/v1/inbound")
        assert (heard["from"], heard["to"], heard["text"]) == ("+254711000111", "12345", "Asante \U0001f44b")
        assert heard["provider_id"] == answered.json()["message_id"]
        until(lambda: {each["state"] for each in client.get(listing).json()["items"]} == {"delivered"})
        replied = client.get(f"/v1/messages/{heard['reply']}").json()
        assert {"accepted", "submitted", "answered", "report", "state"} == {
            each["what"] for each in replied["timeline"]
        }

        assert client.post(f"{PHONE}/opt-out", json={"senderId": "12345"}).status_code == 201
        [stop] = until(lambda: pages(client, "/v1/opt-outs"))
        assert (stop["phone"], stop["from"], stop["source"]) == ("+254711000111", "12345", "callback")
        before = ledger(client)
        refused = client.get(ask)
        assert refused.status_code == 200
        assert refused.json()["message"] == "SMS not sent to +254711000111: UserInBlacklist"
        [line] = refused.json()["response"]["SMSMessageData"]["Recipients"]
        assert (line["status"], line["statusCode"], line["messageId"]) == ("UserInBlacklist", 406, "None")
        client.post(f"{PHONE}/messages", json={"to": "12345", "text": "Are you there?"})
        until(lambda: client.get("/v1/messages", params={"state": "blocked"}).json()["items"][1:])
        assert ledger(client) == before, "AT was not asked"
        assert client.get(send).json()["message"] == "SMS sent to +254711000111", "the other sender may go on"
        service.stop()


def hears(client: httpx.Client, phone: str, text: str, code: str) -> str | None:
    """Text a service from a phone: what it answered by itself, or None where it did not."""
    before = len(shown(client, phone))
    written = client.post(f"{phone}/messages", json={"to": code, "text": text}).json()["message_id"]

    def found() -> list[dict[str, Any]]:
        return [each for each in pages(client, "/v1/inbound") if each["provider_id"] == written]

    [stored] = until(found)
    if stored["reply"] is None:
        assert "loop guard" in stored["reply_note"]
        return None
    answer: str = until(lambda: shown(client, phone)[before + 1 :])[0]["text"]
    return answer


@pytest.mark.parametrize(
    ("replies", "most"),
    [
        pytest.param(("", ""), 3, id="both quote"),
        pytest.param(("Karibu", "Asante"), 3, id="each says the same each time"),
    ],
)
def test_two_services_that_answer_each_other_fall_silent(tmp_path: Path, replies: tuple[str, str], most: int) -> None:
    """Each has a local AT of its own; what arrives on the one's phone is texted to the other."""
    settings = [{"UJUMBE_REPLY": reply} if reply else {} for reply in replies]
    with dev(tmp_path / "a", **settings[0]) as a, dev(tmp_path / "b", **settings[1], AT_SHORTCODE="54321") as b:
        clients = [httpx.Client(base_url=each.url, timeout=30) for each in (a, b)]
        phones = ["/simulator/phones/254711000001", "/simulator/phones/254711000002"]
        text: str | None = "Habari"
        rounds = 0
        while text is not None and rounds < 40:
            side = rounds % 2
            text = hears(clients[side], phones[side], text, ("12345", "54321")[side])
            rounds += 1
        assert text is None, "it stopped by itself"
        for client in clients:
            answers = client.get("/v1/messages").json()["items"]
            assert len(answers) <= most
            client.close()
        print(f"\nsilent after {rounds} texts")
