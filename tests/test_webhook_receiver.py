"""The receiver that docs/webhooks.md shows, run as it stands there, takes what we send and nothing else."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.africastalking.scripted import ScriptedServer, reply
from ujumbe.courier import Courier
from ujumbe.domain.address import Reach
from ujumbe.store.webhooks import new_secret

PAGE = Path(__file__).parent.parent / "docs" / "webhooks.md"


def test_the_receiver_in_the_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    [code, *_] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    secret = new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    known: set[str] = set()
    handled: list[dict[str, Any]] = []

    def remember(event: str) -> bool:
        new = event not in known
        known.add(event)
        return new

    names: dict[str, Any] = {"remember": remember, "handle": handled.append}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
    event = {"id": "evt_0000000000001", "seq": 1, "type": "message.sent", "data": {"text": "Ñandú 😀"}}

    async def main() -> list[int]:
        with ScriptedServer(reply(200)) as ours:
            async with Courier(Reach.ANY) as courier:
                for key in (secret, secret, new_secret()):
                    await courier.post(ours.url, [key], event)
        transport = httpx.ASGITransport(names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return [
                (await client.post("/hooks", content=each.body, headers=each.headers)).status_code
                for each in ours.requests
            ]

    assert asyncio.run(main()) == [204, 204, 400]
    assert handled == [event]
