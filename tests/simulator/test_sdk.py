"""AT's own Python SDK, unmodified but for its base URLs."""

from __future__ import annotations

from typing import Any

import africastalking
import httpx
import pytest

# The SDK says on initialising that its WhatsApp service has no sandbox.
pytestmark = pytest.mark.filterwarnings("ignore:Sandbox is currently:UserWarning")


@pytest.fixture
def sdk(at: httpx.Client) -> Any:
    base = str(at.base_url).rstrip("/")
    africastalking.initialize("sandbox", "local")
    africastalking.SMS._baseUrl = africastalking.SMS._contentUrl = f"{base}/version1"
    africastalking.Application._baseUrl = f"{base}/version1"
    africastalking.Token._baseUrl = base
    return africastalking


def test_send(sdk: Any, at: httpx.Client) -> None:
    data = sdk.SMS.send("Habari", ["+254711000111", "+254711000222"], sender_id="12345", enqueue=True)["SMSMessageData"]
    assert data["Message"] == "Sent to 2/2 Total Cost: KES 1.6000 Message parts: 1"
    assert [recipient["statusCode"] for recipient in data["Recipients"]] == [102, 102]
    assert at.get("/phones/+254711000222/messages").json()[0]["text"] == "Habari"


def test_send_with_a_callback(sdk: Any) -> None:
    answers: list[tuple[Any, Any]] = []
    sdk.SMS.send("Habari", ["+254711000111"], callback=lambda error, data: answers.append((error, data))).join(10)
    error, data = answers[0]
    assert error is None
    assert data["SMSMessageData"]["Recipients"][0]["status"] == "Success"


def test_send_premium(sdk: Any) -> None:
    data = sdk.SMS.send_premium("Horoscope", "12345", ["+254711000111"], link_id="none")["SMSMessageData"]
    assert data["Message"] == "Sent to 1/1"
    assert data["Recipients"][0]["cost"] == "0"


def test_fetch_messages(sdk: Any, at: httpx.Client) -> None:
    assert sdk.SMS.fetch_messages() == {"SMSMessageData": {"Messages": []}}
    at.post("/phones/+254711000111/messages", json={"to": "12345", "text": "Moja"})
    at.post("/phones/+254711000111/messages", json={"to": "12345", "text": "Mbili"})
    first, second = sdk.SMS.fetch_messages(last_received_id=0)["SMSMessageData"]["Messages"]
    assert (first["text"], first["from"], first["to"]) == ("Moja", "+254711000111", "12345")
    assert sdk.SMS.fetch_messages(last_received_id=first["id"])["SMSMessageData"]["Messages"] == [second]


def test_send_hashed(sdk: Any) -> None:
    data = sdk.SMS.send_hashed("Hi", "9c1a" * 16, "UJUMBE")["SMSMessageData"]
    assert data["Recipients"][0]["number"] == "9c1a" * 16


def test_safaricom_subscription(sdk: Any) -> None:
    answer = sdk.SMS.create_safaricom_subscription("12345", "NEWS", redirect_url="http://127.0.0.1/done")
    assert (answer["responseCode"], answer["status"], answer["url"]) == ("Success", "Sent", "http://127.0.0.1/done")


def test_application_data_and_token(sdk: Any) -> None:
    assert sdk.Application.fetch_application_data() == {"UserData": {"balance": "KES 1000000.0000"}}
    token = sdk.Token.generate_auth_token()
    assert token["token"] not in {"", "None"}
    assert token["lifetimeInSeconds"] == 3600


def test_wrong_credentials_raise_their_text(sdk: Any) -> None:
    sdk.SMS._headers["apiKey"] = "wrong"
    with pytest.raises(Exception, match=r"^The supplied authentication is invalid$"):
        sdk.SMS.send("Habari", ["+254711000111"])


def test_an_auth_token_stands_for_the_key(sdk: Any, at: httpx.Client) -> None:
    token = sdk.Token.generate_auth_token()["token"]

    def get(value: str) -> int:
        return at.get("/version1/user?username=sandbox", headers={"authToken": value}).status_code

    assert get(token) == 200
    assert get("ATAuth_0") == 401
