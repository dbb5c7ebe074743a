"""The balance as pages show it: asked for in the background, and not again before it is stale."""

import asyncio

import pytest

from tests.africastalking.scripted import ScriptedServer, full_backlog, reply
from ujumbe import balance
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.balance import Balance
from ujumbe.domain.money import Money

TOLD = reply(200, b'{"UserData":{"balance":"KES 1785.5000"}}')
REFUSED = reply(401, b"The supplied authentication is invalid")


async def looked(known: Balance, times: int = 1) -> None:
    """Look, as pages do, and wait until AT has answered."""
    for _ in range(times):
        known.look()
    while known._asking is not None:
        await asyncio.wait([known._asking])


def test_it_is_asked_for_once_however_many_look() -> None:
    with ScriptedServer(TOLD) as server:

        async def main() -> None:
            async with AfricasTalking("sandbox", "local", api_url=server.url) as at:
                known = Balance(at)
                assert known.told_at == 0
                await looked(known, times=5)
                assert (known.amount, known.trouble) == (Money(1_785_500_000, "KES"), "")
                assert known.told_at > 0
                await looked(known, times=5)

        asyncio.run(main())
        assert len(server.requests) == 1


def test_the_last_one_stays_where_at_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "FRESH_SECONDS", 0.0)
    with ScriptedServer(REFUSED, TOLD) as server:

        async def main() -> None:
            async with AfricasTalking("sandbox", "local", api_url=server.url) as at:
                known = Balance(at)
                known.told(Money(1, "KES"))
                await looked(known)
                assert known.amount == Money(1, "KES")
                assert known.trouble
                await looked(known)
                assert (known.amount, known.trouble) == (Money(1_785_500_000, "KES"), "")

        asyncio.run(main())


def test_who_stops_does_not_wait_for_an_answer() -> None:
    async def main(url: str) -> None:
        async with AfricasTalking("sandbox", "local", api_url=url) as at:
            known = Balance(at)
            known.look()
            await asyncio.sleep(0)
            await known.stop()
            assert known.amount is None

    with full_backlog() as url:
        asyncio.run(main(url))
