"""One local AT for all tests, reset before each, and one receiver of its callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.receiver import KEY, Receiver, Served, until
from ujumbe.simulator import SimulatorConfig, create_app


@pytest.fixture(scope="session")
def listening() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()
    with Served(receiver) as url:
        yield receiver, url


@pytest.fixture(scope="session")
def base(listening: tuple[Receiver, str]) -> Iterator[str]:
    config = SimulatorConfig(
        callbacks=f"{listening[1]}/sms", callback_token="s3cret", sender_id="UJUMBE", retry_seconds=0.05
    )
    with Served(create_app(config)) as url:
        yield url


@pytest.fixture
def at(base: str, listening: tuple[Receiver, str]) -> Iterator[httpx.Client]:
    """A client of the simulator, which is empty but for quick reports."""
    with httpx.Client(base_url=base, timeout=10) as client:
        assert client.post("/reset").status_code == 200
        # What was called before the reset may still be on its way.
        until(lambda: client.get("/status").json()["callbacks_waiting"] == 0)
        listening[0].clear()
        assert client.put("/faults", json={"report_delay_ms": 1}).status_code == 200
        yield client


@pytest.fixture
def receiver(at: httpx.Client, listening: tuple[Receiver, str]) -> Receiver:
    return listening[0]


def order(to: str, message: str = "Hello", **fields: str) -> dict[str, str]:
    """A form for `POST /version1/messaging`."""
    return {"username": "sandbox", "to": to, "message": message} | {
        name.removesuffix("_"): value for name, value in fields.items()
    }


@pytest.fixture
def send(at: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Send and return `SMSMessageData`."""

    def _send(to: str, message: str = "Hello", **fields: str) -> dict[str, Any]:
        response = at.post("/version1/messaging", data=order(to, message, **fields), headers=KEY)
        assert response.status_code == 201, response.text
        data: dict[str, Any] = response.json()["SMSMessageData"]
        return data

    return _send


@pytest.fixture
def ledger(at: httpx.Client) -> Callable[[], list[dict[str, Any]]]:
    """All lines of the ledger, page by page."""

    def _ledger() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = at.get("/ledger", params={"after": after}).json()
            items += page["items"]
            after = page["next"]
        return items

    return _ledger
