"""Premium subscriptions, with history: who is subscribed to which product now, and who told us."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ujumbe.domain.event import Type
from ujumbe.store import events
from ujumbe.store.database import Row, Tx
from ujumbe.store.sql import Dialect, statements

_EVER: Final = (1 << 63) - 1


class Source(StrEnum):
    """Who told us that a subscription began or ended."""

    CALLBACK = "callback"
    SYNC = "sync"
    REPORT = "report"
    API = "api"


class Product(NamedTuple):
    """What one can subscribe to. A keyword has no case."""

    short_code: str
    keyword: str


class Offered(NamedTuple):
    """A product that somebody is or was subscribed to, and how many are now."""

    product: Product
    live: int


class Live(NamedTuple):
    """A subscription that runs. `started_at` is epoch milliseconds."""

    id: int
    number: str
    keyword: str
    started_at: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """One period of a subscription; still running while `ended_at` is None. Times are epoch milliseconds."""

    id: int
    number: str
    short_code: str
    keyword: str
    source: Source
    started_at: int
    ended_by: Source | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which subscriptions to list; None for any."""

    short_code: str | None = None
    keyword: str | None = None
    number: str | None = None
    active: bool | None = None


ANY: Final = Filters()


def alone(tx: Tx, account: int) -> None:
    """From here to the commit nobody else starts or ends a subscription: what is read next still holds then."""
    tx.lock(f"subscriptions {account}")


def start(tx: Tx, account: int, number: str, short_code: str, keyword: str, source: Source = Source.CALLBACK) -> bool:
    """Record a subscription; False where it was running already."""
    return bool(start_all(tx, account, Product(short_code, keyword), [number], source))


def start_all(tx: Tx, account: int, product: Product, numbers: Sequence[str], source: Source) -> list[str]:
    """Record that these (each named once) are subscribed to a product; those who were not before."""
    alone(tx, account)
    values = {"account": account, **product._asdict()}
    running = {row[0] for row in tx.tuples("subscriptions.live_among", numbers=list(numbers), **values)}
    fresh = [each for each in numbers if each not in running]
    if fresh:
        ids = tx.new_ids(len(fresh))
        tx.many("subscriptions.start", {"id": ids, "number": fresh}, source=source, now=tx.now, **values)
        events.add(tx, account, Type.SUBSCRIBED, ids)
    return fresh


def end(
    tx: Tx,
    account: int,
    number: str,
    short_code: str,
    keyword: str,
    source: Source = Source.CALLBACK,
    *,
    before: int = _EVER,
) -> bool:
    """Record that a subscription ended, if it began before `before` (epoch ms); False where no such one was running."""
    alone(tx, account)
    values = {"account": account, "number": number, "short_code": short_code, "keyword": keyword}
    ended = [row[0] for row in tx.tuples("subscriptions.end", source=source, before=before, now=tx.now, **values)]
    events.add(tx, account, Type.UNSUBSCRIBED, ended)
    return bool(ended)


def end_these(tx: Tx, account: int, subscription_ids: Sequence[int], source: Source) -> int:
    """Record that these ended, where they still run; how many did."""
    alone(tx, account)
    rows = tx.tuples("subscriptions.end_these", ids=list(subscription_ids), account=account, source=source, now=tx.now)
    events.add(tx, account, Type.UNSUBSCRIBED, sorted(row[0] for row in rows))
    return len(rows)


def live(tx: Tx, account: int, product: Product, most: int = _EVER) -> list[Live]:
    """Who is subscribed to a product now, the earliest first."""
    rows = tx.tuples("subscriptions.live", account=account, most=most, **product._asdict())
    return [Live._make(row) for row in rows]


def spelling(tx: Tx, account: int, product: Product) -> str:
    """The product's keyword as we were told it last; as it is given where we never were."""
    row = tx.one("subscriptions.spelling", account=account, **product._asdict())
    return product.keyword if row is None else row["keyword"]


def ended_since(tx: Tx, account: int, product: Product, since: int) -> set[str]:
    """Whose subscription to a product ended at `since` (epoch ms) or later."""
    return {row[0] for row in tx.tuples("subscriptions.ended_since", account=account, since=since, **product._asdict())}


def products(tx: Tx, account: int) -> list[Offered]:
    """Every product that somebody is or was subscribed to."""
    rows = tx.all("subscriptions.products", account=account)
    return [Offered(Product(row["short_code"], row["keyword"]), int(row["live"])) for row in rows]


def product_names(tx: Tx, account: int, most: int) -> list[Product]:
    """The first `most` products by short code and keyword, each as it was spelled last: a step of an index for each."""
    found: list[Product] = []
    code, folded = "", ""
    while len(found) < most:
        values = {"account": account, "short_code": code, "folded": folded}
        rows = (found and tx.all("subscriptions.next_keyword", **values)) or tx.all("subscriptions.next_code", **values)
        if not rows:
            break
        code, folded = rows[0]["short_code"], rows[0]["folded"]
        found.append(Product(code, spelling(tx, account, Product(code, folded))))
    return found


def count_live(tx: Tx, account: int, product: Product, most: int) -> int:
    """How many are subscribed to a product now, counted up to `most`."""
    [[number]] = tx.tuples("subscriptions.count_live", account=account, most=most, **product._asdict())
    return int(number)


def find(tx: Tx, account: int, subscription_id: int) -> Subscription | None:
    """One subscription of this account."""
    values = {"id": subscription_id, "account": account}
    rows = tx.select(f"{_SELECT} WHERE id = :id AND account_id = :account", values)
    return _subscription(rows[0]) if rows else None


def list_page(tx: Tx, account: int, filters: Filters = ANY, *, before: int | None, limit: int) -> list[Subscription]:
    """Subscriptions, ended ones too, newest first; `before` is an id."""
    code, keyword, number, active = filters.short_code, filters.keyword, filters.number, filters.active
    if code is not None and keyword is not None and number is None and active is not False:
        return product_page(tx, account, Product(code, keyword), ever=active is None, before=before, limit=limit)
    values = {
        "account": account,
        "short_code": code,
        "keyword": keyword,
        "number": number,
        "before": before,
        "limit": limit,
    }
    # Only with a short code does an index of products help; else that of numbers does, or the order of the table.
    by_product = code is not None and number is None
    conditions = ["account_id = :account" if by_product else "+account_id = :account"]
    conditions += [sql for name, sql in _CONDITIONS.items() if values[name] is not None]
    if active is not None:
        conditions.append("ended_at IS NULL" if active else "ended_at IS NOT NULL")
    where = " AND ".join(conditions)
    return [_subscription(row) for row in tx.select(f"{_SELECT} WHERE {where} ORDER BY id DESC LIMIT :limit", values)]


def product_page(
    tx: Tx, account: int, product: Product, *, ever: bool, before: int | None, limit: int
) -> list[Subscription]:
    """Who is subscribed to a product now, or `ever` was, newest first; `before` is an id. Quick however deep."""
    name = "subscriptions.ever_page" if ever else "subscriptions.live_page"
    end_id = _EVER if before is None else before
    rows = tx.all(name, account=account, before=end_id, limit=limit, **product._asdict())
    return [_subscription(row) for row in rows]


def among(tx: Tx, account: int, ids: Collection[int]) -> dict[int, Subscription]:
    """Subscriptions by their ids; those that are gone are left out."""
    return {row["id"]: _subscription(row) for row in tx.all("subscriptions.among", account=account, ids=list(ids))}


_SELECT: Final = statements(Dialect.SQLITE)["subscriptions.select"]
"""It stands as it was written for both: no list and no lock is in it."""
_CONDITIONS: Final = {
    "short_code": "short_code = :short_code",
    "keyword": "lower(keyword) = lower(:keyword)",
    "number": "number = :number",
    "before": "id < :before",
}


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row["id"],
        number=row["number"],
        short_code=row["short_code"],
        keyword=row["keyword"],
        source=Source(row["source"]),
        started_at=row["started_at"],
        ended_by=Source(row["ended_source"]) if row["ended_source"] else None,
        ended_at=row["ended_at"],
    )
