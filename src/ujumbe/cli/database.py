"""Commands beside a running service: short units of work on the same database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ujumbe.africastalking import wire
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import Settings
from ujumbe.store import accounts
from ujumbe.store.lock import FileLock, Holder
from ujumbe.store.sqlite import Database


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database as the settings name it, up to date. Raises `MigrationError` with what to run."""
    db = await Database.open(settings.database_path)
    try:
        yield db
    finally:
        await db.close()


def service_on(settings: Settings) -> Holder | None:
    """The service that runs on this database now, if any."""
    return FileLock(settings.database_path).holder()


async def find_account(db: Database, settings: Settings) -> int:
    """The account to show: the running service's, else the one that the settings name, else the only one there is."""
    holder = service_on(settings)
    if holder is not None:
        return await db.write(accounts.ensure, holder.username, holder.host)
    if settings.at_username:
        host = wire.bases(settings.at_username, settings.at_api_url)[wire.Host.API]
        return await db.write(accounts.ensure, settings.at_username, host)
    known = await db.read(accounts.list_all)
    if len(known) == 1:
        return known[0]
    raise SettingsError("AT_USERNAME is not set, and the database does not hold exactly one account to choose")
