"""Messages: the outbox."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain import consent
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import ids
from ujumbe.store.batches import Source
from ujumbe.store.sql import statements
from ujumbe.store.sqlite import Row, Tx

LARGEST_PAGE: Final = 1_000
_BORROWED_MS: Final = 60_000
"""An id may carry a moment slightly ahead of the row's own (see ids.py); ranges by time allow for it."""


class New(NamedTuple):
    """A message to store: where it goes, in which state it begins, and why."""

    number: str
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """When messages may leave (epoch ms), and which go first: the higher priority."""

    due: int
    expires: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time has come, with what its batch says."""

    id: int
    number: str
    expires_at: int
    opted_out: bool
    mode: str
    sender: str
    text: str
    link_id: str
    keyword: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision about a message needs to know of it."""

    id: int
    account: int
    number: str
    state: State
    assumed: bool
    progress: str
    tries: int
    expires_at: int
    sender: str
    source: Source
    on_uncertain: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What evidence adds to a message; None leaves what is known."""

    provider_id: str | None = None
    progress: str | None = None
    network_code: str | None = None
    cost: Money | None = None


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


def insert(tx: Tx, account: int, batch: int, new: Sequence[New], times: Times) -> list[int]:
    """Store one message for each of `new`; their ids. One that is `sending` has its first try behind it."""
    message_ids = [tx.new_id() for _ in new]
    rows = [[message, *each] for message, each in zip(message_ids, new, strict=True)]
    tx.run(
        "messages.insert",
        account=account,
        batch=batch,
        rows=json.dumps(rows),
        priority=times.priority,
        due=times.due,
        expires=times.expires,
        tries=int(any(each.state is State.SENDING for each in new)),
        now=tx.now,
    )
    return message_ids


def fall_due(tx: Tx, account: int) -> int:
    """Queue what was scheduled and whose time has come; how many messages that was."""
    return tx.run("messages.fall_due", account=account, now=tx.now)


def due(tx: Tx, account: int, most: int) -> list[Due]:
    """The first `most` queued messages whose time has come, by priority and age."""
    return [
        Due(
            id=row["id"],
            number=row["number"],
            expires_at=row["expires_at"],
            opted_out=bool(row["opted_out"]),
            mode=row["mode"],
            sender=row["sender"],
            text=row["text"],
            link_id=row["link_id"],
            keyword=row["keyword"],
        )
        for row in tx.all("messages.due", account=account, now=tx.now, most=most)
    ]


def set_aside(tx: Tx, message_ids: Sequence[int], state: State, reason: str) -> None:
    """Bring those of `message_ids` that are still queued into `state`: they are not sent."""
    if message_ids:
        tx.run("messages.set_aside", ids=json.dumps(message_ids), state=state, reason=reason, now=tx.now)


def expire(tx: Tx, account: int, reason: str) -> int:
    """Expire what waited too long; how many messages that was."""
    return tx.run("messages.expire", account=account, reason=reason, now=tx.now)


def take(tx: Tx, message_ids: Sequence[int]) -> set[int]:
    """Bring those of `message_ids` that are still queued into `sending`; which they were."""
    return {row["id"] for row in tx.all("messages.take", ids=json.dumps(message_ids), now=tx.now)}


def next_due(tx: Tx, account: int) -> int | None:
    """When the next queued message is due (epoch ms), or None where nothing is queued."""
    due: int | None = tx.all("messages.next_due", account=account)[0]["due"]
    return due


def standing(tx: Tx, message_id: int) -> Standing:
    """What a decision about this message needs to know."""
    return _standing(tx.all("messages.standing", id=message_id)[0])


def standings_of_call(tx: Tx, call: int) -> dict[int, Standing]:
    """The same for every message of a call, by message id."""
    return {row["id"]: _standing(row) for row in tx.all("messages.standings_of_call", call=call)}


def move(
    tx: Tx,
    was: Standing,
    state: State,
    reason: str,
    facts: Facts = Facts(),
    *,
    due: int | None = None,
    assumed: bool = False,
) -> bool:
    """Bring a message into `state`; False where it is no longer in the state that was decided on.

    `assumed` marks an end that nobody has evidence for.
    """
    moved = tx.run(
        "messages.move",
        id=was.id,
        was=was.state,
        state=state,
        assumed=int(assumed),
        reason=reason,
        due=due,
        now=tx.now,
        **_values(facts),
    )
    return moved > 0


def annotate(tx: Tx, message_id: int, facts: Facts) -> None:
    """Add what is known about a message without moving it."""
    tx.run("messages.annotate", id=message_id, now=tx.now, **_values(facts))


def list_page(tx: Tx, account: int, filters: Filters) -> list[Message]:
    """Messages, newest first."""
    values = {
        "account": account,
        "state": filters.state,
        "number": filters.number,
        "scope": None if filters.sender is None else consent.scope(filters.sender),
        "batch": filters.batch,
        "since": filters.since,
        "since_id": None if filters.since is None else ids.floor(filters.since),
        "until": filters.until,
        "until_id": None if filters.until is None else ids.floor(filters.until + _BORROWED_MS),
        "before": filters.before,
        "limit": filters.limit,
    }
    where = " AND ".join(sql for name, sql in _CONDITIONS.items() if values[name] is not None)
    select = statements()["messages.select"]
    return [_message(row) for row in tx.select(f"{select} WHERE {where} ORDER BY m.id DESC LIMIT :limit", values)]


def find(tx: Tx, account: int, message_id: int) -> Message | None:
    """One message of this account."""
    select = statements()["messages.select"]
    rows = tx.select(f"{select} WHERE m.id = :id AND m.account_id = :account", {"id": message_id, "account": account})
    return _message(rows[0]) if rows else None


_CONDITIONS = {
    # The plus keeps SQLite from walking an account's index and sorting: newest first is the order of the table.
    "account": "+m.account_id = :account",
    "state": "m.state = :state",
    "number": "m.number = :number",
    "scope": "b.scope = :scope",
    "batch": "m.batch_id = :batch",
    "since": "m.created_at >= :since",
    "since_id": "m.id >= :since_id",
    "until": "m.created_at < :until",
    "until_id": "m.id < :until_id",
    "before": "m.id < :before",
}


def _standing(row: Row) -> Standing:
    return Standing(
        id=row["id"],
        account=row["account_id"],
        number=row["number"],
        state=State(row["state"]),
        assumed=bool(row["assumed"]),
        progress=row["progress"],
        tries=row["tries"],
        expires_at=row["expires_at"],
        sender=row["sender"],
        source=Source(row["source"]),
        on_uncertain=row["on_uncertain"],
    )


def _values(facts: Facts) -> dict[str, object]:
    return {
        "provider_id": facts.provider_id or None,
        "progress": facts.progress,
        "network_code": facts.network_code or None,
        "cost_micros": None if facts.cost is None else facts.cost.micros,
        "cost_currency": None if facts.cost is None else facts.cost.currency,
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
    )
