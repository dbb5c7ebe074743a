"""Callbacks as they came: raw, with what became of each and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ujumbe.store.database import Row, Tx

MOST_FORGOTTEN: Final = 5_000
"""Callbacks deleted in one transaction: bounds how long others wait behind it."""


class Fate(StrEnum):
    """What became of a callback."""

    APPLIED = "applied"
    WAITING = "waiting"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Raw:
    """A callback as it came over the wire. `query` is without the callback token."""

    kind: str
    query: bytes
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored callback. `received_at` is epoch milliseconds."""

    id: int
    raw: Raw
    fate: Fate
    note: str
    received_at: int


def insert(tx: Tx, account: int, raw: Raw, *, number: str, provider_id: str, fate: Fate, note: str) -> int:
    """Keep a callback; its id."""
    callback = tx.new_id()
    tx.run(
        "callbacks.insert",
        id=callback,
        account=account,
        kind=raw.kind,
        query=raw.query,
        content_type=raw.content_type,
        body=raw.body,
        number=number,
        provider_id=provider_id,
        state=fate,
        note=note,
        now=tx.now,
    )
    return callback


def conclude(tx: Tx, callback: int, fate: Fate, note: str) -> None:
    """Say what became of a callback that waited."""
    tx.run("callbacks.conclude", id=callback, state=fate, note=note)


def waiting(tx: Tx, account: int, provider_ids: Sequence[str]) -> list[tuple[int, Raw]]:
    """Delivery reports that came before we knew one of these ids, oldest first."""
    rows = tx.all("callbacks.waiting", account=account, provider_ids=list(provider_ids))
    return [(row["id"], _raw(row, "delivery-reports")) for row in rows]


def waiting_for_number(tx: Tx, account: int, number: str, since: int) -> list[tuple[int, str, Raw, int]]:
    """Reports for this number that wait for an id and came at or after `since` (epoch ms), oldest first.

    Each as (id, AT's id of the message, the raw report, epoch ms of reception).
    """
    rows = tx.all("callbacks.waiting_for_number", account=account, number=number, since=since)
    return [(row["id"], row["provider_id"], _raw(row, "delivery-reports"), row["received_at"]) for row in rows]


def waiting_since(tx: Tx, account: int, first: int, most: int) -> list[tuple[int, str, str]]:
    """The ids, AT's message ids and numbers of reports that wait, from the callback id `first` on, newest first."""
    return [
        (row[0], row[1], row[2])
        for row in tx.tuples("callbacks.waiting_since", account=account, first=first, most=most)
    ]


def forget(tx: Tx, before: int) -> int:
    """Delete up to `MOST_FORGOTTEN` callbacks with an id below `before`; how many there were."""
    return tx.run("callbacks.forget", before=before, most=MOST_FORGOTTEN)


def of_message(tx: Tx, account: int, message: int) -> list[Kept]:
    """Every delivery report for any attempt of this message, oldest first."""
    return [
        Kept(row["id"], _raw(row, row["kind"]), Fate(row["state"]), row["note"], row["received_at"])
        for row in tx.all("callbacks.of_message", account=account, message=message)
    ]


def _raw(row: Row, kind: str) -> Raw:
    return Raw(kind, row["query"], row["content_type"], row["body"])
