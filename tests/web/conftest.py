"""One real `ujumbe dev` for all tests of a worker; each test has numbers of its own, and the knobs back afterwards."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.running import Running, dev, until

QUICK = {"report_delay_ms": 1}
KNOBS = {
    "latency_ms": 0,
    "refuse_rate": 0,
    "error_rate": 0,
    "accept_then_500_rate": 0,
    "accept_then_reset_rate": 0,
    "reports": "full",
    "senders": ["MyBrand"],
    **QUICK,
}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("dev")
    with dev(folder, UJUMBE_LOG_LEVEL="debug") as running:
        yield running
        running.stop()
        assert "Traceback" not in running.log
        assert "a request broke" not in running.log


@pytest.fixture(scope="session")
def http(service: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=20) as client:
        yield client


@pytest.fixture
def turn(http: httpx.Client) -> Iterator[Callable[..., None]]:
    """Turn knobs of the local AT for one test."""

    def _turn(**knobs: Any) -> None:
        answer = http.put("/simulator/faults", json=knobs)
        assert answer.status_code == 200, answer.text

    _turn(**KNOBS)
    yield _turn
    _turn(**KNOBS)


_COUNTER = itertools.count(1)


@pytest.fixture
def new_number(http: httpx.Client) -> Callable[[], str]:
    """Numbers that no other test uses, in E.164; none of those that tests write out."""
    return lambda: f"+25471101{next(_COUNTER):04d}"


@pytest.fixture
def number(new_number: Callable[[], str]) -> str:
    return new_number()


class Desk:
    """What a person with a browser could see: handsets, the local AT's ledger, and our own records."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ledger(self, number: str = "") -> list[dict[str, Any]]:
        """The lines that AT was ever asked to send, to one number or to all."""
        lines: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.get("/simulator/ledger", after=after)
            lines += page["items"]
            after = page["next"]
        return [line for line in lines if number in ("", line["number"])]

    def arrived(self, number: str) -> list[dict[str, Any]]:
        """The texts that the handset got, oldest first."""
        found = self.get(f"/simulator/phones/{number}/messages")
        return [each for each in found if each["direction"] == "in"]

    def handset_texts(self, number: str, text: str, to: str = "12345") -> None:
        answer = self.http.post(f"/simulator/phones/{number}/messages", json={"to": to, "text": text})
        assert answer.status_code == 201, answer.text

    def messages(self, number: str) -> list[dict[str, Any]]:
        """Our messages to a number, newest first."""
        items: list[dict[str, Any]] = self.get("/v1/messages", to=number)["items"]
        return items

    def message(self, message_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/messages/{message_id}")
        return found

    def inbound(self, number: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/v1/inbound", **{"from": number})["items"]
        return items

    def heard(self, number: str, count: int) -> list[dict[str, Any]]:
        """What we stored of a number's texts, newest first, once there are `count`."""
        until(lambda: len(self.inbound(number)) == count)
        return self.inbound(number)

    def answered(self, number: str, count: int) -> list[dict[str, Any]]:
        """What the handset got, oldest first, once there are `count`."""
        until(lambda: len(self.arrived(number)) == count)
        return self.arrived(number)

    def opt_outs(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/opt-outs/{number}")
        return found

    def send(self, number: str, text: str = "Hello", mode: str = "bulk") -> dict[str, Any]:
        """Send through an invoke route; AT's line for the number."""
        answer = self.http.get(f"/sms/invoke-{mode}-sms", params={"phone": number, "message": text})
        assert answer.status_code == 200, answer.text
        [line] = answer.json()["response"]["SMSMessageData"]["Recipients"]
        found: dict[str, Any] = line
        return found

    def accept(self, to: str | list[str], text: str = "Habari", *, key: str = "", **fields: Any) -> dict[str, Any]:
        """What POST /v1/messages answers to a request that is good."""
        answer = self.post(to, text, key=key, **fields)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, to: str | list[str], text: str = "Habari", *, key: str = "", **fields: Any) -> httpx.Response:
        """Ask the API to send."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post("/v1/messages", json={"to": to, "text": text, **fields}, headers=headers)

    def becomes(self, message_id: str, *states: str) -> dict[str, Any]:
        """A message with its timeline, once it is in one of these states."""
        until(lambda: self.message(message_id)["state"] in states, 30)
        return self.message(message_id)

    def settled(self, number: str, state: str) -> dict[str, Any]:
        """Our only message to a number, once it is in `state`."""

        def found() -> dict[str, Any] | None:
            [message] = self.messages(number)
            return message if message["state"] == state else None

        message = until(found)
        assert message is not None
        return message


@pytest.fixture
def desk(http: httpx.Client, turn: Callable[..., None]) -> Desk:
    return Desk(http)
