"""Callbacks as they came: raw, with what became of each and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ujumbe.store.database import Row, Tx

MOST_FORGOTTEN: Final = 5_000
"""Callbacks deleted in one transaction: bounds how long others wait behind it."""
WINDOW: Final = 10_000
"""Callbacks that a look by kind or fate goes through at most: an index would cost every callback that comes."""


class Fate(StrEnum):
    """What became of a callback."""

    APPLIED = "applied"
    WAITING = "waiting"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    INCOMPLETE = "incomplete"
    BROKEN = "broken"
    QUARANTINED = "quarantined"


MEANING: Final[Mapping[Fate, str]] = {
    Fate.APPLIED: "what it says was done",
    Fate.WAITING: "a report that came before its message is known here; it is applied as soon as it is",
    Fate.DUPLICATE: "it says again what was known",
    Fate.IGNORED: "it changes nothing",
    Fate.INCOMPLETE: "something is missing that Africa's Talking should have sent",
    Fate.BROKEN: "applying it failed on our side; it can be replayed once that is mended",
    Fate.QUARANTINED: "a report for which no message was found within a week",
}


_INDEXED: Final[Mapping[Fate | None, str]] = {
    Fate.WAITING: "callbacks.list_waiting",
    Fate.INCOMPLETE: "callbacks.list_incomplete",
    Fate.BROKEN: "callbacks.list_broken",
    Fate.QUARANTINED: "callbacks.list_quarantined",
}
"""The fates that are few enough for an index."""


class Raw(NamedTuple):
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
    number: str = ""
    message: int | None = None
    """The message that it belongs to, if any."""


class New(NamedTuple):
    """A callback to keep, with what became of it and why; `message` is the one that it belongs to, if any."""

    raw: Raw
    number: str
    provider_id: str
    fate: Fate
    note: str
    message: int | None = None


def insert_all(tx: Tx, account: int, new: Sequence[New]) -> list[int]:
    """Keep callbacks; their ids."""
    ids = tx.new_ids(len(new))
    rows = [
        (callback, each.raw.kind, each.raw.query, each.raw.content_type, each.raw.body, each.number, each.provider_id,
         each.message, each.fate, each.note)
        for callback, each in zip(ids, new, strict=True)
    ]  # fmt: skip
    names = ("id", "kind", "query", "content_type", "body", "number", "provider_id", "message", "state", "note")
    tx.many("callbacks.insert", dict(zip(names, zip(*rows, strict=True), strict=True)), account=account, now=tx.now)
    return ids


def conclude(tx: Tx, concluded: Sequence[tuple[int, Fate, str, int | None]]) -> None:
    """Say what became of callbacks that waited: (id, fate, note, the message it belongs to)."""
    if concluded:
        names = ("id", "state", "note", "message")
        tx.many("callbacks.conclude", dict(zip(names, zip(*concluded, strict=True), strict=True)))


def waiting(tx: Tx, account: int, provider_ids: Sequence[str]) -> list[tuple[int, Raw]]:
    """Delivery reports that came before we knew one of these ids, oldest first."""
    rows = tx.all("callbacks.waiting", account=account, provider_ids=list(provider_ids))
    return [(row["id"], _raw(row, "delivery-reports")) for row in rows]


class Waiting(NamedTuple):
    """A report whose id nobody knows. `received_at` is epoch milliseconds."""

    id: int
    provider_id: str
    raw: Raw
    received_at: int


def waiting_for_number(tx: Tx, account: int, number: str, since: int) -> list[Waiting]:
    """Reports for this number that wait for an id and came at or after `since` (epoch ms), oldest first."""
    rows = tx.all("callbacks.waiting_for_number", account=account, number=number, since=since)
    return [Waiting(row["id"], row["provider_id"], _raw(row, "delivery-reports"), row["received_at"]) for row in rows]


def waiting_since(tx: Tx, account: int, first: int, most: int) -> list[tuple[int, str, str]]:
    """The ids, AT's message ids and numbers of reports that wait, from the callback id `first` on, newest first."""
    return [
        (row[0], row[1], row[2])
        for row in tx.tuples("callbacks.waiting_since", account=account, first=first, most=most)
    ]


def adopt(tx: Tx, account: int, first: int) -> int:
    """Note the messages of reports with ids from `first` on that were applied by a version which did not; how many."""
    return tx.run("callbacks.adopt", account=account, first=first)


def forget(tx: Tx, before: int) -> int:
    """Delete up to `MOST_FORGOTTEN` callbacks with an id below `before`; how many there were."""
    return tx.run("callbacks.forget", before=before, most=MOST_FORGOTTEN)


def find(tx: Tx, account: int, callback: int) -> Kept | None:
    """One callback of this account."""
    row = tx.one("callbacks.find", account=account, id=callback)
    return None if row is None else _kept(row)


def list_page(
    tx: Tx, account: int, *, kind: str | None, fate: Fate | None, before: int | None, limit: int
) -> list[Kept]:
    """Callbacks, newest first; `before` is an id."""
    rows = tx.all(
        "callbacks.list",
        account=account,
        kind=kind or "",
        state=fate or "",
        before=before if before is not None else (1 << 63) - 1,
        edge=0,
        limit=limit,
    )
    return [_kept(row) for row in rows]


def look(
    tx: Tx, account: int, *, kind: str | None, fate: Fate | None, before: int | None, limit: int
) -> tuple[list[Kept], int | None]:
    """As `list_page`, among `WINDOW` callbacks where there is no index; and the `before` of the next look, if any."""
    if fate is None and kind is None:
        return list_page(tx, account, kind=None, fate=None, before=before, limit=limit), None
    values = {"account": account, "kind": kind or "", "limit": limit}
    end = before if before is not None else (1 << 63) - 1
    if fate in _INDEXED:
        return [_kept(row) for row in tx.all(_INDEXED[fate], before=end, **values)], None
    edge = tx.one("callbacks.edge", before=end, window=WINDOW)
    after = 0 if edge is None else int(edge["id"])
    rows = tx.all("callbacks.list", before=end, edge=after, state=fate or "", **values)
    return [_kept(row) for row in rows], None if edge is None else after + 1


def quarantine(tx: Tx, account: int, before: int, note: str) -> int:
    """Give up on reports that wait with an id below `before`: nothing was ever sent under theirs. How many."""
    return tx.run("callbacks.quarantine", account=account, before=before, note=note, most=MOST_FORGOTTEN)


def of_message(tx: Tx, account: int, message: int) -> list[Kept]:
    """Every delivery report for any attempt of this message, oldest first."""
    return [_kept(row) for row in tx.all("callbacks.of_message", account=account, message=message)]


def _kept(row: Row) -> Kept:
    raw, fate = _raw(row, row["kind"]), Fate(row["state"])
    return Kept(row["id"], raw, fate, row["note"], row["received_at"], row["number"], row["message_id"])


def _raw(row: Row, kind: str) -> Raw:
    return Raw(kind, row["query"], row["content_type"], row["body"])
