"""Senders and keywords that were used lately: what a form offers to choose from."""

from typing import Final

from ujumbe.store.database import Tx
from ujumbe.store.subscriptions import Product

LOOKED_AT: Final = 1_000
"""Rows that are looked back at, however many there are."""
OFFERED: Final = 20


def lately(tx: Tx, account: int) -> list[str]:
    """Senders of the latest batches, the latest first."""
    return [row[0] for row in tx.tuples("senders.lately", account=account, most=LOOKED_AT, limit=OFFERED)]


def keywords(tx: Tx, account: int) -> list[Product]:
    """Products of the latest subscriptions, the latest first."""
    rows = tx.tuples("senders.keywords", account=account, most=LOOKED_AT, limit=OFFERED)
    return [Product(row[0], row[1]) for row in rows]
