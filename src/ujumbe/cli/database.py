"""Commands beside a running service: short units of work on the same database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from ujumbe.africastalking import wire
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import Settings
from ujumbe.store import accounts, opening
from ujumbe.store.accounts import SIMULATOR_HOST, Account
from ujumbe.store.database import Database, Tx
from ujumbe.store.lock import FileLock, Holder

T = TypeVar("T")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database as the settings name it, up to date. Raises `MigrationError` with what to run."""
    db = await opening.open_database(settings.store_url)
    try:
        yield db
    finally:
        await db.close()


def service_on(settings: Settings) -> Holder | None:
    """The service that runs on this SQLite file now, if any; on PostgreSQL there is no single one."""
    path = settings.database_path
    return FileLock(path).holder() if path is not None else None


def in_dev(settings: Settings) -> bool:
    """Whether `ujumbe dev` runs on this SQLite file."""
    holder = service_on(settings)
    return holder is not None and holder.host == SIMULATOR_HOST


async def find_account(db: Database, settings: Settings) -> int:
    """The account to show: the running service's, else the one that the settings name, else the only one there is."""
    holder = service_on(settings)
    username, host = (holder.username, holder.host) if holder else (settings.at_username, "")
    known = await db.read(accounts.list_all)
    if username:
        named = Account(username, host or wire.bases(username, settings.at_api_url)[wire.Host.API])
        if named in known:
            return known[named]
    if len(known) == 1:
        return next(iter(known.values()))
    raise SettingsError("AT_USERNAME does not name one of the accounts in this database, and it holds not just one")


async def ensure_account(db: Database, settings: Settings) -> int:
    """The account to change: as `find_account`, but the one that the settings name is made where it is new.

    So opt-outs can be brought in before the service starts for the first time.
    """
    if service_on(settings) is None and settings.at_username:
        host = wire.bases(settings.at_username, settings.at_api_url)[wire.Host.API]
        return await db.write(accounts.ensure, settings.at_username, host)
    return await find_account(db, settings)


def read(work: Callable[[Tx, int], T]) -> T:
    """What `work(tx, account)` reads for the account to show."""
    return _run(work, writes=False)


def write(work: Callable[[Tx, int], T]) -> T:
    """What `work(tx, account)` gives, after its commit."""
    return _run(work, writes=True)


def _run(work: Callable[[Tx, int], T], *, writes: bool) -> T:
    settings = Settings.load()

    async def run() -> T:
        async with open_database(settings) as db:
            account = await find_account(db, settings)
            return await (db.write if writes else db.read)(work, account)

    return asyncio.run(run())
