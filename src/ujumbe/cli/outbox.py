"""Sending from the command line: into the outbox, and watched until it has left, whoever sends it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ujumbe.africastalking import wire
from ujumbe.cli.database import open_database, service_on
from ujumbe.cli.output import err
from ujumbe.domain.message import State
from ujumbe.settings import Settings
from ujumbe.store import accounts, nodes
from ujumbe.store.accounts import Account
from ujumbe.store.database import Database, Tx
from ujumbe.store.lock import DatabaseInUseError, Holder

LOOK_SECONDS: Final = 0.2
TAKEN: Final = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})
UNDER_WAY: Final = frozenset({State.SCHEDULED, State.QUEUED, State.SENDING})

Found = TypeVar("Found")


class Seen(NamedTuple, Generic[Found]):
    """How what was accepted stands: how many messages, how many of them are no longer under way, and what to show."""

    total: int
    done: int
    found: Found


Look = Callable[[Tx], Seen[Found]]
Plan = Callable[[Tx, int], Look[Found]]
"""Accepts messages of an account; what it returns looks how they stand."""


def sender_for(settings: Settings, wait: float) -> Holder | None:
    """The service that has to send for us. Another `ujumbe send` is none: wait until it is done.

    Beside others on PostgreSQL we can send ourselves; who is listed there may have been killed minutes ago.
    """
    if settings.database_path is None:
        return None if settings.at_api_key.get_secret_value() else asyncio.run(_any_sender(settings))
    deadline = time.monotonic() + wait
    while (holder := service_on(settings)) is not None and not holder.url:
        if time.monotonic() > deadline:
            raise DatabaseInUseError(f"another `ujumbe send` (process {holder.pid}) still has the database; try again")
        time.sleep(LOOK_SECONDS)
    return holder


def carry_out(settings: Settings, service: Holder | None, plan: Plan[Found], wait: float) -> Found:
    """Accept what is planned, and follow it until nothing is under way, or for `wait` seconds."""
    return asyncio.run(_beside(settings, service, plan, wait) if service else _alone(settings, plan, wait))


def tell_of_waiting(*, service: bool) -> None:
    """Say who sends what is still in the outbox."""
    goes_on = "the service goes on trying" if service else "the next process that sends goes on trying"
    err.print(f"Some are still in the outbox; {goes_on} until they expire (`ujumbe account show` tells of pauses).")


async def _any_sender(settings: Settings) -> Holder | None:
    """On PostgreSQL: whether any process sends what our account has in the outbox."""
    settings.require("at_username")
    host = wire.bases(settings.at_username, settings.at_api_url)[wire.Host.API]
    async with open_database(settings) as db:
        account = (await db.read(accounts.list_all)).get(Account(settings.at_username, host))
        living = await db.read(nodes.living)
    senders = [each for each in living if each.role in ("service", "worker") and each.account == account]
    sender_id, short_code = settings.at_sender_id, settings.at_shortcode
    return Holder(0, senders[0].name, settings.at_username, host, sender_id, short_code) if senders else None


async def _beside(settings: Settings, service: Holder, plan: Plan[Found], wait: float) -> Found:
    """A service is running: it finds the message in the outbox within a second."""
    async with open_database(settings) as db:
        account = await db.write(accounts.ensure, service.username, service.host)
        return await _watch(db, await db.write(plan, account), wait)


async def _alone(settings: Settings, plan: Plan[Found], wait: float) -> Found:
    """Nobody else has the database: be the worker until it is out."""
    from ujumbe.runtime import open_runtime  # noqa: PLC0415 - as in running.py
    from ujumbe.worker import loop  # noqa: PLC0415 - as in running.py

    async with open_runtime(settings, role="worker") as runtime:
        look = await runtime.db.write(plan, runtime.account)
        working = asyncio.create_task(loop.run(runtime))
        found = await _watch(runtime.db, look, wait)
        runtime.stop()
        await working
    return found


async def _watch(db: Database, look: Look[Found], wait: float) -> Found:
    """Follow the messages until none is under way, or for `wait` seconds."""
    deadline = time.monotonic() + wait
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("")
        while True:
            seen = await db.read(look)
            progress.update(task, total=seen.total, completed=seen.done)
            if seen.done == seen.total or time.monotonic() > deadline:
                return seen.found
            await asyncio.sleep(LOOK_SECONDS)
