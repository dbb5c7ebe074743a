"""A thousand people, a program and AT at once.

People send through an invoke route and ask once; the program uses the API with an Idempotency-Key, and AT calls back:
both ask again until they are answered.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.running import Running
from tests.store.opened import number

AT_ONCE: Final = 32
ORDERS = 300
"""Requests to the API, each for two numbers."""
SENDS, INCOMING, REPORTS, OPT_OUTS, SUBSCRIPTIONS = 1_000, 200, 150, 75, 75


@dataclass(frozen=True)
class Item:
    """One request; `key` tells it from all others."""

    kind: str
    key: str
    number: str
    form: dict[str, str] = field(default_factory=dict)


def items(seed: int) -> list[Item]:
    """All that the crowd does, in an order of chance; some texts are delivered to us twice."""
    found = [Item("send", f"send {index}", number(index)) for index in range(SENDS)]
    pairs = [(number(5_000 + 2 * index), number(5_001 + 2 * index)) for index in range(ORDERS)]
    found += [Item("order", f"order {index}", one, {"second": other}) for index, (one, other) in enumerate(pairs)]
    for index in range(INCOMING):
        who, key = number(2_000 + index // 2), f"in-{index}"
        form = {"id": key, "from": who, "to": "12345", "text": f"Swali {index}", "linkId": "", "date": "2026-03-04"}
        found += [Item("twoway", key, who, form)] * (2 if index % 10 == 0 else 1)
    for index in range(REPORTS):
        # To numbers of their own: else one may settle a text of ours that is in doubt, which is then right to guess.
        who = number(9_000 + index)
        form = {"id": f"foreign-{index}", "status": "Success", "phoneNumber": who}
        found.append(Item("delivery-reports", form["id"], who, form))
    for index in range(OPT_OUTS):
        form = {"phoneNumber": number(3_000 + index), "senderId": "12345" if index % 2 else "AFRICASTKNG"}
        found.append(Item("opt-out", form["phoneNumber"], form["phoneNumber"], form))
    for index in range(SUBSCRIPTIONS):
        who = number(4_000 + index)
        form = {"phoneNumber": who, "shortCode": "12345", "keyword": "HABARI", "updateType": "addition"}
        found.append(Item("subscription", who, who, form))
    random.Random(seed).shuffle(found)
    return found


@dataclass
class Crowd:
    """Works through the items; `kill` ends the service where its count of answers says so, and starts it again."""

    service: Running
    kills: list[int]
    """After how many answers."""
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each answered request was told, by kind and key."""
    lost: list[Item] = field(default_factory=list)
    """Sends that got no answer: nobody asks again."""
    repeated: int = 0
    replayed: int = 0
    """Orders that were stored, and whose first answer was lost."""
    killed: int = 0

    def run(self, work: list[Item]) -> None:
        asyncio.run(self._run(work))

    def told(self, kind: str) -> dict[str, Any]:
        """The answers of one kind, by key."""
        return self.answered.get(kind, {})

    async def _run(self, work: list[Item]) -> None:
        self._up = asyncio.Event()
        self._up.set()
        queue = iter(work)
        async with httpx.AsyncClient(
            base_url=self.service.url, timeout=30, limits=httpx.Limits(max_connections=AT_ONCE)
        ) as client:
            await asyncio.gather(*(self._person(client, queue) for _ in range(AT_ONCE)))

    async def _person(self, client: httpx.AsyncClient, queue: Any) -> None:
        for item in queue:
            ask: Callable[..., Any] = {"send": self._send, "order": self._order}.get(item.kind, self._call_back)
            while not await ask(client, item):
                self.repeated += 1
            await self._perhaps_kill()

    async def _send(self, client: httpx.AsyncClient, item: Item) -> bool:
        await self._up.wait()
        try:
            asked = {"phone": item.number.removeprefix("+"), "message": item.key}
            response = await client.get("/sms/invoke-bulk-sms", params=asked)
        except httpx.ConnectError:
            return False  # it never left
        except httpx.TransportError:
            self.lost.append(item)
            return True
        assert response.status_code == 200, response.text
        self.answered.setdefault("send", {})[item.key] = response.json()
        return True

    async def _order(self, client: httpx.AsyncClient, item: Item) -> bool:
        await self._up.wait()
        body = {"to": [item.number, item.form["second"]], "text": item.key, "metadata": {"key": item.key}}
        try:
            response = await client.post("/v1/messages", json=body, headers={"Idempotency-Key": item.key})
        except httpx.TransportError:
            return False
        if response.status_code == 409:
            return False  # the request that was cut off is still being answered
        assert response.status_code == 202, response.text
        self.replayed += response.headers.get("idempotent-replayed") == "true"
        self.answered.setdefault("order", {})[item.key] = response.json()
        return True

    async def _call_back(self, client: httpx.AsyncClient, item: Item) -> bool:
        await self._up.wait()
        try:
            response = await client.post(f"/sms/{item.kind}", data=item.form)
        except httpx.TransportError:
            return False  # AT repeats it
        assert (response.status_code, response.text) == (200, "GOOD" if item.kind == "twoway" else "OK")
        self.answered.setdefault(item.kind, {})[item.key] = response.text
        return True

    async def _perhaps_kill(self) -> None:
        answers = sum(map(len, self.answered.values()))
        if self.killed < len(self.kills) and answers >= self.kills[self.killed] and self._up.is_set():
            self.killed += 1
            self._up.clear()
            self.service.kill9()
            await asyncio.to_thread(self.service.restart)
            self._up.set()
