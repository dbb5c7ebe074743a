"""`ujumbe send`: a text from the command line, through the same outbox as everything else."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ujumbe import telemetry
from ujumbe.africastalking import wire
from ujumbe.cli.database import open_database, service_on
from ujumbe.cli.messages import document, print_messages
from ujumbe.cli.output import AsJson, err, print_json
from ujumbe.domain import phone, text
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError, SettingsError
from ujumbe.domain.message import State
from ujumbe.flows import sending
from ujumbe.settings import Settings
from ujumbe.store import accounts, messages, nodes
from ujumbe.store.accounts import Account
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Database, Tx
from ujumbe.store.lock import DatabaseInUseError, Holder
from ujumbe.store.messages import Message

LOOK_SECONDS: Final = 0.2
TAKEN: Final = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})
UNDER_WAY: Final = frozenset({State.SCHEDULED, State.QUEUED, State.SENDING})


def send(
    words: Annotated[list[str], typer.Argument(metavar="NUMBER... TEXT", help="One or more numbers, then the text.")],
    sender: Annotated[str | None, typer.Option("--from", help="Sender ID. [default: AT_SENDER_ID]")] = None,
    two_way: Annotated[
        bool, typer.Option("--two-way", help="Send from AT_SHORTCODE, so that it can be answered.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until Africa's Talking has taken it.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send a text to one or more numbers: `ujumbe send +254711000111 "Hello"`.

    The message goes into the outbox of the database. A service that runs on it sends it; where none runs, this command
    does, with AT_USERNAME and AT_API_KEY. Exit code 1 when any was not taken.
    """
    if len(words) < 2:
        raise InvalidInputError("TEXT", "give one or more numbers, then the text: ujumbe send +254711000111 'Hello'")
    settings = Settings.load()
    numbers = list(dict.fromkeys(_number(word, settings) for word in words[:-1]))
    if phone.is_number(words[-1].replace(" ", "")):
        raise InvalidInputError("TEXT", "the text is missing: it comes last, and this is one more number")
    content = text.check(words[-1], field="TEXT")
    service = _service(settings, wait)
    sender_id, short_code = settings.at_sender_id, settings.at_shortcode
    if service is not None:
        sender_id, short_code = service.sender_id, service.short_code
    origin = (short_code if two_way else sender_id) if sender is None else senders.check(sender, field="--from")
    if two_way and not origin:
        raise SettingsError("AT_SHORTCODE is not set, and --two-way sends from it (or give --from)")
    plan = _Plan(numbers, content, "two_way" if two_way else "bulk", origin)
    telemetry.set_up("error", settings.log_format)
    found = asyncio.run(_beside(settings, service, plan, wait) if service else _alone(settings, plan, wait))
    documents = [document(each) for each in found]
    if as_json:
        print_json(documents)
    else:
        print_messages(documents)
    if any(each.state in UNDER_WAY for each in found):
        goes_on = "the service goes on trying" if service else "the next process that sends goes on trying"
        err.print(f"Some are still in the outbox; {goes_on} until they expire (`ujumbe account show` tells of pauses).")
    if any(each.state not in TAKEN for each in found):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be sent."""

    numbers: list[str]
    content: str
    mode: str
    sender: str

    def accept(self, tx: Tx, account: int) -> list[int]:
        return sending.accept(tx, Batch(account, Source.CLI, self.mode, self.sender, self.content), self.numbers)


def _service(settings: Settings, wait: float) -> Holder | None:
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


async def _beside(settings: Settings, service: Holder, plan: _Plan, wait: float) -> list[Message]:
    """A service is running: it finds the message in the outbox within a second."""
    async with open_database(settings) as db:
        account = await db.write(accounts.ensure, service.username, service.host)
        ids = await db.write(plan.accept, account)
        return await _watch(db, account, ids, wait)


async def _alone(settings: Settings, plan: _Plan, wait: float) -> list[Message]:
    """Nobody else has the database: be the worker until it is out."""
    from ujumbe.runtime import open_runtime  # noqa: PLC0415 - as in running.py
    from ujumbe.worker import loop  # noqa: PLC0415 - as in running.py

    async with open_runtime(settings, role="worker") as runtime:
        ids = await runtime.db.write(plan.accept, runtime.account)
        working = asyncio.create_task(loop.run(runtime))
        found = await _watch(runtime.db, runtime.account, ids, wait)
        runtime.stop()
        await working
    return found


async def _watch(db: Database, account: int, ids: list[int], wait: float) -> list[Message]:
    """Follow the messages until none is under way, or for `wait` seconds."""
    deadline = time.monotonic() + wait
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=len(ids))
        while True:
            found = await db.read(_find, account, ids)
            done = sum(each.state not in UNDER_WAY for each in found)
            progress.update(task, completed=done)
            if done == len(ids) or time.monotonic() > deadline:
                return found
            await asyncio.sleep(LOOK_SECONDS)


def _find(tx: Tx, account: int, ids: list[int]) -> list[Message]:
    return [found for each in ids if (found := messages.find(tx, account, each)) is not None]


def _number(word: str, settings: Settings) -> str:
    try:
        return phone.parse(word, field="NUMBER", default_country=settings.default_country)
    except InvalidInputError as error:
        raise InvalidInputError("NUMBER", f"{phone.mask(word)}: {error}") from None
