"""The live resources of one process, opened in order and closed in reverse. No globals: it is handed on."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

import structlog

from ujumbe.africastalking.callbacks import Kind, Report
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import ProviderError
from ujumbe.africastalking.replies import SendReply
from ujumbe.balance import Balance
from ujumbe.courier import Courier, reach_of
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.pause import Pause
from ujumbe.flows import accepting, delivery, door, recording, upkeep
from ujumbe.flows.accepting import Accepted
from ujumbe.flows.answering import Answers
from ujumbe.flows.claiming import Limits
from ujumbe.flows.delivery import Received
from ujumbe.flows.inbound import Heard
from ujumbe.flows.recording import Finished, Tally
from ujumbe.handlers import Handler
from ujumbe.handlers import load as load_handlers
from ujumbe.keeper import Keeper
from ujumbe.metrics import Metrics
from ujumbe.settings import Settings
from ujumbe.store import accounts, nodes
from ujumbe.store.api_keys import ApiKey
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Database
from ujumbe.store.gathering import Gathering
from ujumbe.store.lock import FileLock, Holder
from ujumbe.store.opening import open_database
from ujumbe.tallier import Tallier

DRAIN_SECONDS: Final = 45.0
"""At the end we wait for calls under way: a call takes at most 40 s, recording usually a moment."""
HASHED_AT_ONCE: Final = 2
"""Passwords: each takes 64 MB, and four threads for a twentieth of a second."""
EXPORTED_AT_ONCE: Final = 2
"""Exports that read at the same moment: half of SQLite's readers."""
SPARE_CONNECTIONS: Final = 32
"""Connections to AT beside the worker's, for what is submitted at once."""


T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Door:
    """Where callbacks come in, each kind with those that came at the same time."""

    incoming: Gathering[Raw, Heard]
    reports: Gathering[Received, Fate]
    strays: Gathering[Report, None]
    """Reports that wait for their message, looked at once more after their commit."""
    notices: dict[Kind, Gathering[Raw, Fate]]

    @classmethod
    def open(cls, db: Database, rules: door.Rules, *, infer: bool) -> Self:
        """The door to `db`; `infer` as in `door.strays`."""
        return cls(
            Gathering(db, door.incoming(rules), bulk=_size),
            Gathering(db, door.reports(rules), bulk=lambda received: _size(received.raw)),
            Gathering(db, door.strays(rules, infer=infer)),
            {kind: Gathering(db, door.notices(rules, kind), bulk=_size) for kind in (Kind.OPT_OUT, Kind.SUBSCRIPTION)},
        )


def _size(raw: Raw) -> int:
    return len(raw.body) + len(raw.query)


@dataclass(slots=True)
class Runtime:
    """What every request and job works with."""

    settings: Settings
    db: Database
    client: AfricasTalking
    courier: Courier
    account: int
    limits: Limits
    acceptor: Gathering[accepting.Request, Accepted]
    recorder: Gathering[Finished, Tally]
    matcher: Gathering[tuple[int, Sequence[str]], None]
    door: Door
    metrics: Metrics
    balance: Balance
    keyless: bool
    """Whether requests need no API key: only in `ujumbe dev`, on loopback."""
    sends: bool = True
    """Whether a worker is part of this process."""
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SPARE_CONNECTIONS))
    """Taken by what is submitted at once, before it is claimed: no claimed call waits for a free connection."""
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHED_AT_ONCE))
    """Taken by whoever hashes a password."""
    exporting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EXPORTED_AT_ONCE))
    """Taken while a piece of an export is read: pages come in between, however many exports there are."""
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be something to send."""
    handlers: Sequence[Handler] = ()
    """The user's own, for incoming texts."""
    tasks_due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be something to do about an incoming text."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    keys_in_flight: set[tuple[int, str]] = field(default_factory=set)
    """Idempotency keys of requests that are being answered: (API key's id, key)."""
    known_keys: dict[str, ApiKey] = field(default_factory=dict)
    """API keys that were found good before."""
    paused: Pause = Pause.NONE
    """What our worker last saw holding the account up: said once in the log, not at every look."""
    working: bool = False
    """Whether a worker of this process is taking up messages."""

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` to its end even if its caller goes away; the end of the process waits for it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def accept(self, request: accepting.Request) -> Accepted:
        """Store a request to send; raises as `Gathering` does."""
        accepted = await self.acceptor(request)
        if not accepted.replayed:
            self.metrics.accepted.labels(request.order.batch.source).inc(accepted.document["accepted"])
            self.metrics.rejected.inc(accepted.document["rejected"])
        return accepted

    async def record(self, finished: Finished) -> Tally:
        """Record what came of a call; raises as `Gathering` does."""
        tally = await self.recorder(finished)
        self.metrics.finished(finished, tally)
        if self.db.several and isinstance(finished.result, SendReply):
            ids = [each.message_id for each in finished.result.recipients if each.message_id]
            self.start(self.matcher((finished.call.account, ids)))
        return tally

    def stop(self) -> None:
        """Tell the worker to take up nothing more."""
        self.stopping.set()
        self.outbox.set()
        self.tasks_due.set()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ProviderError | StoreUnavailableError):
            log.error("work that was under way broke", exc_info=error)


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    url: str = "",
    role: str = "service",
    sends: bool = True,
    upgrade: bool = False,
    keyless: bool = False,
    account_host: str = "",
) -> AsyncIterator[Runtime]:
    """Open everything that a service or a worker needs; on SQLite, as the only one on this file.

    `url` tells others where we are; `account_host` names the account's host where it is not the client's own.
    Raises `DatabaseInUseError`, `MigrationError`, `SettingsError` or `StoreUnavailableError`.
    """
    settings.require("at_username", "at_api_key")
    handlers = load_handlers(settings.handlers)
    async with AsyncExitStack() as stack:
        client = AfricasTalking(
            settings.at_username,
            settings.at_api_key.get_secret_value(),
            api_url=settings.at_api_url,
            connections=settings.calls_in_flight + SPARE_CONNECTIONS,
        )
        host = account_host or client.api_base
        path = settings.database_path
        if path is not None:
            lock = FileLock(path)
            mine = Holder(os.getpid(), url, settings.at_username, host, settings.at_sender_id, settings.at_shortcode)
            lock.acquire(mine)
            stack.callback(lock.release)
        db = await open_database(settings.store_url, upgrade=upgrade, role=role)
        stack.push_async_callback(db.close)
        await stack.enter_async_context(client)
        courier = await stack.enter_async_context(Courier(reach_of(settings, dev=keyless)))
        account = await db.write(accounts.ensure, settings.at_username, host)
        await db.write(accounts.probe_now, account)
        await db.write(nodes.serve, account)
        await db.write(upkeep.adopt_reports, account)
        if path is not None:  # we hold the lock, so whoever left a call open is dead
            await _settle_what_was_left(db)
        runtime = Runtime(
            settings,
            db,
            client,
            courier,
            account,
            limits_of(settings),
            acceptor=Gathering(db, accepting.accept_all, weigh=lambda request: request.weight),
            recorder=Gathering(db, recording.record_all, weigh=lambda finished: len(finished.call.messages)),
            matcher=Gathering(db, delivery.match_again, weigh=lambda learnt: len(learnt[1])),
            door=Door.open(
                db,
                door.Rules(account, answers_of(settings, handlers), settings.default_country),
                infer=settings.infer_reports,
            ),
            metrics=Metrics(),
            balance=Balance(client),
            keyless=keyless,
            sends=sends,
            handlers=handlers,
        )
        db.on_wake = runtime.outbox.set
        stack.push_async_callback(_drain, runtime)
        stack.push_async_callback(runtime.balance.stop)
        keeper = Keeper(db, settings)
        stack.push_async_callback(keeper.stop)
        keeper.start()
        if role != "worker":  # who only sends shows no pages
            tallier = Tallier(db, account)
            stack.push_async_callback(tallier.stop)
            tallier.start()
        try:
            yield runtime
        finally:
            runtime.stop()


def answers_of(settings: Settings, handlers: Sequence[Handler] = ()) -> Answers:
    """What is said by itself to incoming texts."""
    return Answers(
        settings.reply,
        settings.stop_reply,
        settings.start_reply,
        settings.help_reply,
        [each.rule for each in handlers],
        settings.default_country,
    )


def limits_of(settings: Settings) -> Limits:
    """How much a worker takes up at once, and how fast."""
    return Limits(
        calls=settings.calls_in_flight,
        recipients=settings.most_recipients,
        lease_ms=settings.lease_seconds * 1000,
        paces=settings.pace,
    )


async def _settle_what_was_left(db: Database) -> None:
    calls = 0
    for account in (await db.read(accounts.list_all)).values():
        while abandoned := await db.write(upkeep.settle_abandoned, account, all_owners_dead=True):
            calls += abandoned
        await db.write(upkeep.give_up_tasks, account, all_owners_dead=True)
    if calls:
        log.warning("calls of an earlier run have no recorded end; their messages are uncertain", calls=calls)


async def _drain(runtime: Runtime) -> None:
    if runtime.tasks:
        log.info("waiting for calls under way", calls=len(runtime.tasks))
        await asyncio.wait(runtime.tasks, timeout=DRAIN_SECONDS)
