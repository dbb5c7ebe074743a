"""Incoming texts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ujumbe.domain import erased
from ujumbe.domain.event import Type
from ujumbe.store import erasure_key, events
from ujumbe.store.database import Row, Tx

TWIN_MS: Final = 2_000
"""AT tells whole seconds in callbacks and milliseconds in its inbox."""


@dataclass(frozen=True, slots=True)
class NewText:
    """A text to store; `provider_id` is AT's id, by which a redelivery is known. `date` is epoch ms or None."""

    provider_id: str
    number: str
    recipient: str
    text: str
    date: int | None
    date_raw: str
    link_id: str
    network_code: str
    cost: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A stored text, with the answer it got (a message id) or why it got none. Times are epoch milliseconds."""

    id: int
    received_at: int
    reply: int | None
    reply_note: str
    rule: str
    """Which rule it came under, in words."""
    task: str
    """What is done about it outside of its transaction; empty for nothing."""
    task_state: str
    task_note: str
    content: NewText


@dataclass(frozen=True, slots=True)
class Exchange:
    """A text we answered by ourselves: what it said, what we said, when (epoch ms)."""

    heard: str
    answered: str
    at: int


def insert(tx: Tx, account: int, text: NewText) -> int | None:
    """Store a text; its id, or None where AT's id shows that we have it already."""
    inbound = tx.new_id()
    added = tx.run(
        "inbound.insert",
        id=inbound,
        account=account,
        provider_id=text.provider_id,
        number=text.number,
        recipient=text.recipient,
        text=text.text,
        date=text.date,
        date_raw=text.date_raw,
        link_id=text.link_id,
        network_code=text.network_code,
        cost=text.cost,
        now=tx.now,
    )
    events.add(tx, account, Type.RECEIVED, [inbound] if added else [])
    return inbound if added else None


def is_known(tx: Tx, account: int, provider_id: str) -> bool:
    """Whether the text that AT calls so is stored."""
    return tx.one("inbound.is_known", account=account, provider_id=provider_id) is not None


def twin(tx: Tx, account: int, text: NewText, *, pulled: bool) -> int | None:
    """The same text, stored as it came the other way: by callback, or (`pulled` says that `text` was) from AT's inbox.

    Its ids there and here are of different kinds, so it is known by sender, recipient, words and AT's own time, to two
    seconds; and each stored text is the twin of one other at most. Of somebody who was erased since, the mark and the
    time have to do.
    """
    if text.date is None:
        return None
    row = tx.one(
        "inbound.twin",
        account=account,
        number=text.number,
        numbers=list(erasure_key.with_marks(tx, [text.number])),
        recipient=text.recipient,
        text=text.text,
        first=text.date - TWIN_MS,
        last=text.date + TWIN_MS,
        pulled=int(pulled),
    )
    return None if row is None else row["id"]


def mark_of(tx: Tx, account: int, provider_id: str) -> str:
    """What stands for the number of a stored text whose sender was erased; empty where nobody was."""
    row = tx.one("inbound.sender", account=account, provider_id=provider_id)
    return str(row["number"]) if row is not None and erased.is_mark(row["number"]) else ""


def known_in_inbox(tx: Tx, account: int, inbox_id: int) -> bool:
    """Whether this text of AT's inbox is stored."""
    return tx.one("inbound.known_in_inbox", account=account, inbox_id=inbox_id) is not None


def name_in_inbox(tx: Tx, inbound: int, inbox_id: int) -> None:
    """Note the id that a text has in AT's inbox."""
    tx.run("inbound.name_in_inbox", id=inbound, inbox_id=inbox_id)


def name_by_callback(tx: Tx, inbound: int, text: NewText) -> None:
    """Note what the callback of a text adds to what the inbox told, its id first of all."""
    tx.run(
        "inbound.name_by_callback",
        id=inbound,
        provider_id=text.provider_id,
        link_id=text.link_id,
        network_code=text.network_code,
        cost=text.cost,
    )


def answered(tx: Tx, inbound: int, reply: int | None, note: str = "", *, rule: str = "", task: str = "") -> None:
    """Note the message that answers a text, or why none does; its rule, and what is still to be done about it."""
    tx.run("inbound.answered", id=inbound, reply=reply, note=note, rule=rule, task=task)


def has_tasks(tx: Tx, account: int) -> bool:
    """Whether something is to be done about a text."""
    return tx.one("inbound.has_tasks", account=account) is not None


def take_tasks(tx: Tx, account: int, most: int) -> list[Inbound]:
    """Texts about which something is to be done, oldest first: they are the caller's from the commit on."""
    found = [_inbound(row) for row in tx.all("inbound.tasks", account=account, most=most)]
    if found:
        tx.run("inbound.begin_task", ids=[each.id for each in found], now=tx.now)
    return found


def under_way(tx: Tx, inbound: int) -> bool:
    """Whether something is being done about a text; nobody changes that until the transaction ends."""
    return tx.one("inbound.under_way", id=inbound) is not None


def end_task(tx: Tx, inbound: int, *, done: bool, note: str, reply: int | None = None) -> None:
    """Note how what was to be done about a text ended, and the message that answers it."""
    tx.run("inbound.end_task", id=inbound, state="done" if done else "failed", note=note, reply=reply)


def give_up_tasks(tx: Tx, account: int, before: int, note: str) -> int:
    """Give up what was begun at or before `before` (epoch ms) and never ended: who began it is dead. How many."""
    return tx.run("inbound.give_up_tasks", account=account, before=before, note=note)


def exchanges(tx: Tx, account: int, number: str, recipient: str, since: int) -> list[Exchange]:
    """What we answered to `number` from `recipient` by ourselves after `since` (epoch ms), newest first."""
    rows = tx.all("inbound.rounds", account=account, number=number, recipient=recipient, since=since)
    return [Exchange(row["heard"], row["answered"], row["created_at"]) for row in rows]


def list_page(tx: Tx, account: int, *, number: str | None, before: int | None, limit: int) -> list[Inbound]:
    """Incoming texts, newest first; `before` is an id."""
    values = {"account": account, "before": before if before is not None else (1 << 63) - 1, "limit": limit}
    rows = tx.all("inbound.list", **values) if number is None else tx.all("inbound.list_of", number=number, **values)
    return [_inbound(row) for row in rows]


def among(tx: Tx, account: int, ids: Collection[int]) -> dict[int, Inbound]:
    """Texts by their ids; those that are gone are left out."""
    return {row["id"]: _inbound(row) for row in tx.all("inbound.among", account=account, ids=list(ids))}


def _inbound(row: Row) -> Inbound:
    return Inbound(
        id=row["id"],
        received_at=row["received_at"],
        reply=row["reply_id"],
        reply_note=row["reply_note"],
        rule=row["rule"],
        task=row["task"],
        task_state=row["task_state"],
        task_note=row["task_note"],
        content=NewText(
            row["provider_id"],
            row["number"],
            row["recipient"],
            row["text"],
            row["date"],
            row["date_raw"],
            row["link_id"],
            row["network_code"],
            row["cost"],
        ),
    )
