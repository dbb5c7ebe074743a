"""Callbacks as they came: raw, with what became of each and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

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
    BROKEN = "broken"
    QUARANTINED = "quarantined"


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


class New(NamedTuple):
    """A callback to keep, with what became of it and why."""

    raw: Raw
    number: str
    provider_id: str
    fate: Fate
    note: str


def insert_all(tx: Tx, account: int, new: Sequence[New]) -> list[int]:
    """Keep callbacks; their ids."""
    ids = tx.new_ids(len(new))
    rows = [
        (callback, each.raw.kind, each.raw.query, each.raw.content_type, each.raw.body, each.number, each.provider_id,
         each.fate, each.note)
        for callback, each in zip(ids, new, strict=True)
    ]  # fmt: skip
    names = ("id", "kind", "query", "content_type", "body", "number", "provider_id", "state", "note")
    tx.many("callbacks.insert", dict(zip(names, zip(*rows, strict=True), strict=True)), account=account, now=tx.now)
    return ids


def insert(tx: Tx, account: int, raw: Raw, *, number: str, provider_id: str, fate: Fate, note: str) -> int:
    """Keep a callback; its id."""
    return insert_all(tx, account, [New(raw, number, provider_id, fate, note)])[0]


def conclude(tx: Tx, concluded: Sequence[tuple[int, Fate, str]]) -> None:
    """Say what became of callbacks that waited: (id, fate, note)."""
    if concluded:
        names = ("id", "state", "note")
        tx.many("callbacks.conclude", dict(zip(names, zip(*concluded, strict=True), strict=True)))


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
