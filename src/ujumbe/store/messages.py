"""Messages as they are shown: found, filtered, listed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain import consent
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import ids
from ujumbe.store.database import Row, Tx
from ujumbe.store.sql import Dialect, statements

LARGEST_PAGE: Final = 1_000
INDEXED: Final = frozenset(
    {State.SENT, State.UNDELIVERED, State.FAILED, State.BLOCKED, State.EXPIRED, State.CANCELED, State.UNCERTAIN}
)
"""States that last and are rare have an index, by account. (docs/decisions/0012-indexes-that-are-not-there.md)"""
BORROWED_MS: Final = 60_000
"""An id may carry a moment slightly ahead of the row's own (see ids.py); ranges by time allow for it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is shown. Times are epoch milliseconds."""

    id: int
    batch: int
    number: str
    sender: str
    text: str
    mode: str
    source: str
    category: str
    link_id: str
    keyword: str
    state: State
    assumed: bool
    reason: str
    progress: str
    network_code: str
    segments: int
    tries: int
    provider_id: str | None
    cost: Money | None
    due_at: int
    expires_at: int
    created_at: int
    updated_at: int
    sent_at: int | None
    overdue: bool
    retry_hours: int | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which messages to list; None for any. `before` is an id: the page goes on below it. Times: epoch ms."""

    state: State | None = None
    number: str | None = None
    sender: str | None = None
    batch: int | None = None
    since: int | None = None
    until: int | None = None
    before: int | None = None
    limit: int = 100


def list_page(tx: Tx, account: int, filters: Filters) -> list[Message]:
    """Messages, newest first."""
    values = {
        "account": account,
        "number": filters.number,
        "scope": None if filters.sender is None else consent.scope(filters.sender),
        "batch": filters.batch,
        "since": filters.since,
        "since_id": None if filters.since is None else ids.floor(filters.since),
        "until": filters.until,
        "until_id": None if filters.until is None else ids.floor(filters.until + BORROWED_MS),
        "before": filters.before,
        "limit": filters.limit,
    }
    where = " AND ".join(sql for name, sql in _CONDITIONS.items() if values[name] is not None)
    if filters.state in INDEXED and filters.number is None and filters.batch is None:
        where = where.replace(_CONDITIONS["account"], "m.account_id = :account")  # the state's index begins with it
    if filters.state is not None:
        where += _OF_STATE.get(filters.state, f" AND m.state = '{filters.state}'")
    return [_message(row) for row in tx.select(f"{_SELECT} WHERE {where} ORDER BY m.id DESC LIMIT :limit", values)]


def find(tx: Tx, account: int, message_id: int) -> Message | None:
    """One message of this account."""
    rows = tx.select(f"{_SELECT} WHERE m.id = :id AND m.account_id = :account", {"id": message_id, "account": account})
    return _message(rows[0]) if rows else None


def among(tx: Tx, account: int, message_ids: Collection[int]) -> list[Message]:
    """These messages of this account, newest first."""
    return [_message(row) for row in tx.all("messages.among", account=account, ids=list(message_ids))]


class Unsettled(NamedTuple):
    """An attempt without an id of AT's: on its way, or uncertain. `started_at` (epoch ms) is when its call began."""

    message: int
    call: int
    attempt: str
    started_at: int


def unsettled(tx: Tx, account: int, number: str, since: int) -> list[Unsettled]:
    """Texts to a number of which nobody knows what became, among messages with an id above `since`."""
    rows = tx.tuples("messages.unsettled", account=account, number=number, since=since)
    return [Unsettled(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Quiet:
    """A message that was sent and has no final report. `sent_at` is epoch milliseconds."""

    id: int
    network_code: str
    sent_at: int


def quiet(tx: Tx, account: int, after: int, before: int, most: int) -> list[Quiet]:
    """Messages without a final report with ids between `after` and `before`, oldest first."""
    rows = tx.all("messages.quiet", account=account, after=after, before=before, most=most)
    return [Quiet(row["id"], row["network_code"], row["sent_at"]) for row in rows]


def mark_overdue(tx: Tx, message_ids: Sequence[int]) -> set[int]:
    """Note that these wait unusually long for their final report; those that still do."""
    if not message_ids:
        return set()
    return {row[0] for row in tx.tuples("messages.mark_overdue", ids=list(message_ids))}


def any_uncertain(tx: Tx, account: int) -> bool:
    """Whether there is a message of which nobody knows whether AT took it."""
    return tx.one("messages.any_uncertain", account=account) is not None


def attention(tx: Tx, account: int) -> tuple[int, int]:
    """How many messages are uncertain, and how many wait unusually long for their final report."""
    row = tx.all("messages.attention", account=account)[0]
    return row["uncertain"], row["overdue"]


class Told(NamedTuple):
    """What events tell of a message. `metadata` is a JSON object of the caller's own."""

    id: int
    batch: int
    number: str
    sender: str
    mode: str
    metadata: str
    segments: int
    state: State
    reason: str
    network_code: str
    cost: Money | None


def told(tx: Tx, account: int, ids: Collection[int]) -> dict[int, Told]:
    """What events tell of messages, by their ids; those that are gone are left out."""
    return {
        row["id"]: Told(
            row["id"],
            row["batch_id"],
            row["number"],
            row["sender"],
            row["mode"],
            row["metadata"],
            row["segments"],
            State(row["state"]),
            row["reason"],
            row["network_code"],
            money(row),
        )
        for row in tx.all("messages.told", account=account, ids=list(ids))
    }


_SELECT: Final = statements(Dialect.SQLITE)["messages.select"]
"""It stands as it was written for both: no list and no lock is in it."""
_OF_STATE: Final = {
    # Found through the open calls: there is no index to keep for a state that lasts a moment.
    State.SENDING: """ AND m.state = 'sending' AND m.id IN (
        SELECT a.message_id FROM attempts a JOIN calls c ON c.id = a.call_id WHERE c.verdict = 'open')""",
}
"""Other states stand in the statement as they are: a partial index is used only where its own words are seen."""
_CONDITIONS = {
    # The plus keeps SQLite from walking an account's index and sorting: newest first is the order of the table.
    "account": "+m.account_id = :account",
    "number": "m.number = :number",
    "scope": "m.scope = :scope",
    "batch": "m.batch_id = :batch",
    "since": "m.created_at >= :since",
    "since_id": "m.id >= :since_id",
    "until": "m.created_at < :until",
    "until_id": "m.id < :until_id",
    "before": "m.id < :before",
}


def money(row: Row) -> Money | None:
    """The cost in a row with `cost_micros` and `cost_currency`."""
    return None if row["cost_micros"] is None else Money(row["cost_micros"], row["cost_currency"])


def _message(row: Row) -> Message:
    return Message(
        id=row["id"],
        batch=row["batch_id"],
        number=row["number"],
        sender=row["sender"],
        text=row["text"],
        mode=row["mode"],
        source=row["source"],
        category=row["category"],
        link_id=row["link_id"],
        keyword=row["keyword"],
        state=State(row["state"]),
        assumed=bool(row["assumed"]),
        reason=row["reason"],
        progress=row["progress"],
        network_code=row["network_code"],
        segments=row["segments"],
        tries=row["tries"],
        provider_id=row["provider_id"],
        cost=money(row),
        due_at=row["due_at"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        sent_at=row["sent_at"],
        overdue=bool(row["overdue"]),
        retry_hours=row["retry_hours"],
    )
