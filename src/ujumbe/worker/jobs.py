"""Work that is done now and then, beside the queue."""

from typing import Final

import structlog

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.flows import inbound
from ujumbe.flows.answering import Answers
from ujumbe.store import accounts
from ujumbe.store.database import Database

MOST_PAGES: Final = 1_000
"""Of up to a hundred texts each: an inbox that never ends must not keep us for ever."""

log = structlog.get_logger()


async def fetch_inbox(db: Database, client: AfricasTalking, account: int, answers: Answers) -> int:
    """Fetch the texts that AT has and no callback brought, from where the last fetch ended; how many were new.

    Raises `ProviderError` or `StoreUnavailableError`; what was fetched before is stored.
    """
    new = 0
    seen = await db.read(accounts.inbox_seen, account)
    first = seen == 0
    for _ in range(MOST_PAGES):
        page = await client.fetch_inbox(seen)
        latest = max((each.id for each in page), default=0)
        if latest <= seen:
            break
        new += await db.write(inbound.fetched, account, page, answers, first=first)
        seen = latest
    return new


async def catch_up(db: Database, client: AfricasTalking, account: int, answers: Answers) -> None:
    """Fetch at start what came while we were down. Where that fails, `ujumbe callbacks fetch` can do it later."""
    try:
        new = await fetch_inbox(db, client, account, answers)
    except (ProviderError, StoreUnavailableError) as error:
        log.warning("AT's inbox could not be read", why=str(error))
    else:
        if new:
            log.info("texts were fetched that no callback brought", texts=new)
