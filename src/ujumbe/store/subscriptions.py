"""Premium subscriptions, with history."""

from collections.abc import Collection
from dataclasses import dataclass

from ujumbe.domain.event import Type
from ujumbe.store import events
from ujumbe.store.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Subscription:
    """One period of a subscription; still running while `ended_at` is None. Times are epoch milliseconds."""

    id: int
    number: str
    short_code: str
    keyword: str
    started_at: int
    ended_at: int | None


def start(tx: Tx, account: int, number: str, short_code: str, keyword: str) -> bool:
    """Record a subscription; False where it was running already."""
    subscription, values = tx.new_id(), {"number": number, "short_code": short_code, "keyword": keyword}
    added = tx.run("subscriptions.start", id=subscription, account=account, now=tx.now, **values) > 0
    events.add(tx, account, Type.SUBSCRIBED, [subscription] if added else [])
    return added


def end(tx: Tx, account: int, number: str, short_code: str, keyword: str) -> bool:
    """Record that a subscription ended; False where none was running."""
    values = {"account": account, "number": number, "short_code": short_code, "keyword": keyword}
    ended = [row[0] for row in tx.tuples("subscriptions.end", now=tx.now, **values)]
    events.add(tx, account, Type.UNSUBSCRIBED, ended)
    return bool(ended)


def list_page(tx: Tx, account: int, *, before: int | None, limit: int) -> list[Subscription]:
    """Subscriptions, ended ones too, newest first; `before` is an id."""
    rows = tx.all(
        "subscriptions.list", account=account, before=before if before is not None else (1 << 63) - 1, limit=limit
    )
    return [_subscription(row) for row in rows]


def among(tx: Tx, account: int, ids: Collection[int]) -> dict[int, Subscription]:
    """Subscriptions by their ids; those that are gone are left out."""
    return {row["id"]: _subscription(row) for row in tx.all("subscriptions.among", account=account, ids=list(ids))}


def _subscription(row: Row) -> Subscription:
    return Subscription(row["id"], row["number"], row["short_code"], row["keyword"], row["started_at"], row["ended_at"])
