"""Our subscriptions against AT's list: what differs is told, and recorded as AT has it."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

import structlog

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import ProviderError
from ujumbe.africastalking.replies import Subscriber
from ujumbe.domain import phone
from ujumbe.domain.errors import UjumbeError
from ujumbe.store import drifts, subscriptions
from ujumbe.store.database import Database, Tx
from ujumbe.store.subscriptions import Product, Source

MOST_PAGES: Final = 100_000
"""A list that never ends must not keep us for ever."""

log = structlog.get_logger()


class ListError(UjumbeError):
    """AT's list could not be read to its end; nothing was started or ended by it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How one product differed: how many AT listed, how many ran here, and the numbers that only one of both had."""

    product: Product
    listed: int
    live: int
    started: list[str]
    ended: list[str]


async def sync(db: Database, client: AfricasTalking, account: int, product: Product, *, record: bool = True) -> Drift:
    """Compare a product's subscribers with AT's list, and make ours the same; with `record` off only tell.

    Raises `ListError`, or `StoreUnavailableError`.
    """
    began = await db.read(_now)  # before AT is asked: what callbacks tell from here on is newer than its list
    listed = {each async for each in _listed(client, product)}
    drift = await db.write(reconcile if record else _told, account, product, listed, began)
    counts = {"listed": drift.listed, "live": drift.live, "started": len(drift.started), "ended": len(drift.ended)}
    log.info("subscriptions were compared with AT's", **product._asdict(), **counts, recorded=record)
    return drift


async def chosen(db: Database, account: int, short_code: str, keyword: str) -> list[Product]:
    """The products to compare: the one that is named, else those that anybody was ever subscribed to.

    A keyword needs its short code. Keywords are spelled as AT told them last.
    """
    if keyword:
        given = Product(short_code, keyword)
        return [given._replace(keyword=await db.read(subscriptions.spelling, account, given))]
    known = [each.product for each in await db.read(subscriptions.products, account)]
    # AT lists by keyword: a product without one cannot be asked for.
    return [each for each in known if each.keyword and short_code in ("", each.short_code)]


def reconcile(tx: Tx, account: int, product: Product, listed: Collection[str], began: int) -> Drift:
    """Start and end here what differs from AT's list, which was read from `began` (epoch ms) on."""
    subscriptions.alone(tx, account)
    drift = compare(tx, account, product, listed, began)
    gone = set(drift.ended)
    ids = [each.id for each in subscriptions.live(tx, account, product) if each.number in gone]
    subscriptions.end_these(tx, account, ids, Source.SYNC)
    subscriptions.start_all(tx, account, product, drift.started, Source.SYNC)
    _note(tx, account, drift, recorded=True)
    return drift


def compare(tx: Tx, account: int, product: Product, listed: Collection[str], began: int) -> Drift:
    """What differs from AT's list. What changed here since `began` is no difference: it is newer than the list."""
    live = subscriptions.live(tx, account, product)
    ours = {each.number for each in live}
    left_since = subscriptions.ended_since(tx, account, product, began)
    return Drift(
        product,
        listed=len(listed),
        live=len(ours),
        started=sorted(set(listed) - ours - left_since),
        ended=[each.number for each in live if each.number not in listed and each.started_at < began],
    )


def _told(tx: Tx, account: int, product: Product, listed: Collection[str], began: int) -> Drift:
    """What differs; only that there was a comparison is recorded."""
    drift = compare(tx, account, product, listed, began)
    _note(tx, account, drift, recorded=False)
    return drift


def _note(tx: Tx, account: int, drift: Drift, *, recorded: bool) -> None:
    counts = {"listed": drift.listed, "live": drift.live, "started": len(drift.started), "ended": len(drift.ended)}
    drifts.put(tx, account, drift.product, recorded=recorded, **counts)


async def _listed(client: AfricasTalking, product: Product) -> AsyncIterator[str]:
    """The numbers that AT lists, page by page until none is new. Raises `ListError` for what is no whole list."""
    seen, numbers = 0, set[str]()
    for _ in range(MOST_PAGES):
        try:
            page = await client.fetch_subscriptions(*product, seen)
        except ProviderError as error:
            # What follows the semicolon is about requests that change something.
            why = str(error).partition("; it ")[0]
            raise ListError(f"AT's list of subscribers could not be read ({why}); nothing was changed") from None
        found = {_number(each) for each in page}
        latest = max((each.id for each in page), default=0)
        if latest <= seen:
            # Nothing, or the last ones again. Others without a higher id would be asked for for ever.
            if found - numbers:
                raise ListError("AT's list of subscribers has no ids to go on from; nothing was changed")
            return
        for each in found - numbers:
            yield each
        numbers |= found
        seen = latest
    raise ListError("AT's list of subscribers has no end; nothing was changed")


def _number(listed: Subscriber) -> str:
    number = phone.lenient(listed.number)
    if not phone.is_number(number):
        raise ListError("AT's list of subscribers names something that is no number; nothing was changed")
    return number


def _now(tx: Tx) -> int:
    return tx.now
