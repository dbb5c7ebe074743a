"""The dispatcher in this process, with a real runtime and real receivers: what cannot be seen from outside."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.africastalking.scripted import Answer, End, Request, ScriptedServer, reply
from tests.store.opened import PATIENCE, SqlitePlace, batch
from ujumbe import courier
from ujumbe.flows import sending
from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store import deliveries, opt_outs, webhooks
from ujumbe.store.opt_outs import Source
from ujumbe.worker import webhooks as dispatcher

NUMBER = "+254711000000"


@asynccontextmanager
async def telling(folder: Path) -> AsyncIterator[Runtime]:
    """A process that tells webhooks, as `ujumbe dev` does, and sends nothing."""
    settings = Settings.load(data=folder, at_username="sandbox", at_api_key="local", at_api_url="http://127.0.0.1:1")
    async with asyncio.timeout(2 * PATIENCE), open_runtime(settings, upgrade=True, keyless=True) as runtime:
        running = asyncio.create_task(dispatcher.run(runtime))
        try:
            yield runtime
        finally:
            runtime.stop()
            await running


async def endpoint(runtime: Runtime, url: str, *types: str) -> int:
    made = await runtime.db.write(webhooks.create, runtime.account, url, types)
    assert made is not None
    return made.id


async def stop_of(runtime: Runtime, number: str) -> None:
    await runtime.db.write(opt_outs.insert, runtime.account, number, "", Source.OPERATOR)


async def until(found: Callable[[], object]) -> None:
    while not found():  # noqa: ASYNC110 - the receivers are threads
        await asyncio.sleep(0.01)


def test_what_breaks_at_one_leaves_the_others_alone(bare: Path) -> None:
    """Events of one kind cannot be composed (a row was edited by hand): endpoints of others are told all the same."""

    async def main() -> None:
        async with telling(bare) as runtime:
            await endpoint(runtime, broken.url, "message.accepted")
            await endpoint(runtime, works.url, "optout.created")
            await runtime.db.write(sending.accept, batch(runtime.account, metadata="{"), [NUMBER])
            for index in range(3):
                await stop_of(runtime, f"+25471100000{index}")
            await until(lambda: len(works.requests) == 3)

    with ScriptedServer(reply(200)) as broken, ScriptedServer(reply(200)) as works:
        asyncio.run(main())
        assert broken.requests == []


def test_recorded_once_the_database_is_back(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was away when the receiver answered: the answer is kept in mind, and the event does not come twice."""
    monkeypatch.setattr(dispatcher, "TROUBLE_SECONDS", 0.05)
    place = SqlitePlace(bare / "ujumbe.sqlite3")

    async def main() -> None:
        async with telling(bare) as runtime:
            webhook = await endpoint(runtime, server.url)
            await stop_of(runtime, NUMBER)
            await until(lambda: runtime.db.trouble)
            release.set()
            while True:
                [found] = (await runtime.db.read(deliveries.page, webhook, before=None, limit=10)).items
                if found.attempts:
                    break
                await asyncio.sleep(0.01)
            assert found.state == "delivered"

    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with place.beside() as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            held.set()
            release.wait(PATIENCE)

    holding = threading.Thread(target=hold)

    def locks(_request: Request) -> Answer:
        holding.start()
        assert held.wait(PATIENCE)
        return reply(200)

    with ScriptedServer(locks) as server:
        asyncio.run(main())
        holding.join(PATIENCE)
        assert len(server.requests) == 1


def test_at_the_end_it_waits_for_answers(bare: Path) -> None:
    """A clean end repeats nothing."""

    async def main() -> None:
        async with telling(bare) as runtime:
            await endpoint(runtime, server.url)
            await stop_of(runtime, NUMBER)
            await until(lambda: server.requests)
        async with telling(bare) as runtime:
            [webhook] = await runtime.db.read(webhooks.list_all, runtime.account)
            [found] = (await runtime.db.read(deliveries.page, webhook.id, before=None, limit=10)).items
            assert (found.state, len(found.attempts)) == ("delivered", 1)

    with ScriptedServer(reply(200)) as server:
        asyncio.run(main())
        assert len(server.requests) == 1


def test_one_that_hangs_has_so_many_requests_and_the_others_go_on(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "TOTAL_SECONDS", 3.0)
    many = 3 * dispatcher.IN_FLIGHT

    async def main() -> None:
        async with telling(bare) as runtime:
            await endpoint(runtime, hangs.url)
            await endpoint(runtime, works.url)
            for index in range(many):
                await stop_of(runtime, f"+2547110000{index:02d}")
            await until(lambda: len(works.requests) == many)
            assert len(hangs.requests) <= dispatcher.IN_FLIGHT

    with ScriptedServer(Answer(b"", End.SILENCE)) as hangs, ScriptedServer(reply(200)) as works:
        asyncio.run(main())
