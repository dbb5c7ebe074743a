"""Texts that may ask to stop in words of their own: a person decides about each."""

from dataclasses import dataclass
from enum import StrEnum

from ujumbe.store.database import Row, Tx


class Decision(StrEnum):
    """What a person made of it."""

    OPT_OUT = "opt_out"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Review:
    """A text on the list. Times are epoch milliseconds."""

    id: int
    inbound: int
    number: str
    text: str
    why: str
    made_at: int


def add(tx: Tx, account: int, inbound: int, number: str, why: str) -> None:
    """Put an incoming text on the list."""
    tx.run("reviews.insert", id=tx.new_id(), account=account, inbound=inbound, number=number, why=why, now=tx.now)


def open_page(tx: Tx, account: int, *, before: int | None, limit: int) -> list[Review]:
    """What waits for a decision, newest first; `before` is an id."""
    end = before if before is not None else (1 << 63) - 1
    return [_review(row) for row in tx.all("reviews.open", account=account, before=end, limit=limit)]


def waiting(tx: Tx, account: int) -> int:
    """How many wait for a decision."""
    [[number]] = tx.tuples("reviews.waiting", account=account)
    return int(number)


def find(tx: Tx, account: int, review: int) -> Review | None:
    """One that waits for a decision."""
    row = tx.one("reviews.find", account=account, id=review)
    return None if row is None else _review(row)


def decide(tx: Tx, account: int, review: int, decision: Decision, by: str) -> bool:
    """Take it off the list; False where it was decided before."""
    return tx.run("reviews.decide", account=account, id=review, decision=decision, by=by, now=tx.now) > 0


def _review(row: Row) -> Review:
    return Review(row["id"], row["inbound_id"], row["number"], row["text"], row["why"], row["made_at"])
