"""How premium products differed from AT's lists when they were compared last: counts, one row a product."""

from dataclasses import dataclass

from ujumbe.store.database import Tx
from ujumbe.store.subscriptions import Product


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: how many AT listed, how many ran here, and how many only one of both had."""

    listed: int
    live: int
    started: int
    """Those that AT has and we had not."""
    ended: int
    """Those that we had and AT has not."""
    recorded: bool
    """Whether ours were made the same; otherwise it was only told."""
    at: int
    """Epoch milliseconds."""


def put(
    tx: Tx, account: int, product: Product, *, listed: int, live: int, started: int, ended: int, recorded: bool
) -> None:
    """Note what a comparison found, in place of the one before."""
    counts = {"listed": listed, "live": live, "started": started, "ended": ended, "recorded": int(recorded)}
    tx.run("drifts.put", account=account, now=tx.now, **product._asdict(), **counts)


def find(tx: Tx, account: int, product: Product) -> Compared | None:
    """What the latest comparison of a product found."""
    row = tx.one("drifts.find", account=account, **product._asdict())
    if row is None:
        return None
    return Compared(row["listed"], row["live"], row["started"], row["ended"], bool(row["recorded"]), row["compared_at"])
