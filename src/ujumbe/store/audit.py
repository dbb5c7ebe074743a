"""Who did what, for people. It is written with what was done, in the same transaction."""

from dataclasses import dataclass
from typing import Final

from ujumbe.store.database import Row, Tx

MOST_OF_SUBJECT: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did. `made_at` is epoch milliseconds."""

    id: int
    user: int | None
    """None for the command line, and in `ujumbe dev`."""
    actor: str
    action: str
    subject: str
    """The id of what it was done to, as people see it, or a name; empty where there is none."""
    detail: str
    made_at: int


def add(tx: Tx, account: int, user: int | None, actor: str, action: str, subject: str = "", detail: str = "") -> None:
    """Note that `actor` did `action` to `subject`. No number and no text of a message goes into `detail`."""
    tx.run(
        "audit.insert",
        id=tx.new_id(),
        account=account,
        user=user,
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        now=tx.now,
    )


def list_page(tx: Tx, account: int, before: int | None, limit: int) -> list[Entry]:
    """What was done, newest first; `before` is the id of an entry."""
    end = before if before is not None else (1 << 63) - 1
    return [_entry(row) for row in tx.all("audit.list", account=account, before=end, limit=limit)]


def of_subject(tx: Tx, account: int, subject: str) -> list[Entry]:
    """What was done to one thing, oldest first: the latest hundred."""
    rows = tx.all("audit.of_subject", account=account, subject=subject, limit=MOST_OF_SUBJECT) if subject else []
    return [_entry(row) for row in reversed(rows)]


def _entry(row: Row) -> Entry:
    return Entry(row["id"], row["user_id"], row["actor"], row["action"], row["subject"], row["detail"], row["made_at"])
