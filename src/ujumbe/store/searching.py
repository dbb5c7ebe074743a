"""Messages as somebody looks for them: by anything, newest first, at a cost that does not grow with their number.

A number, a batch, an id and most states have an index. A text, a network, a price, a sender, part of a number have
none, since every message sent would pay for it: for these the newest rows are walked up to a bound, and who asks is
told how far that went. (docs/decisions/0019-searching.md)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ujumbe.domain import consent
from ujumbe.domain.message import State
from ujumbe.store import ids
from ujumbe.store.database import Tx
from ujumbe.store.messages import BORROWED_MS, INDEXED
from ujumbe.store.sql import Dialect, statements

WALKED: Final = 50_000
"""Rows that lie next to each other, and are looked at one by one: some 10 ms on SQLite, 20 on PostgreSQL."""
READ: Final = 15_000
"""The same where each one's text is read in its batch: some 25 ms on either."""
SCATTERED: Final = 4_000
"""Rows that an index leads to, each in a place of its own, with or without the text: 20 to 50 ms."""
FIRST: Final = 2_000
"""Looked at first: where much fits, a page is full after these."""
SHORT: Final = 5_000
"""Up to here a queue is sorted, however little of it is newest; a longer one is met soon on the way back in time."""
BEYOND: Final = (1 << 63) - 1

_SELECT: Final = statements(Dialect.SQLITE)["searching.select"]
"""It stands as it was written for both."""
_RANGE: Final = "m.id < :end AND m.id >= :start"
_ANY_ORDER: Final = "+m.id < :end AND +m.id >= :start"
_SENDING: Final = """m.state = 'sending' AND m.account_id = :account AND m.id IN (
    SELECT a.message_id FROM attempts a JOIN calls c ON c.id = a.call_id
     WHERE c.account_id = :account AND c.verdict = 'open')"""
"""Found through the open calls: there is no index to keep for a state that lasts a moment."""
_QUEUES: Final = {State.QUEUED: "searching.queued", State.SCHEDULED: "searching.scheduled"}
"""How long a queue is, as far as it matters. Their indexes are in the order in which they are sent."""
_TEXT: Final = (
    "(SELECT lower(b.text) LIKE :text_a ESCAPE '\\' FROM batches b WHERE b.id = m.batch_id)",
    """(SELECT lower(b.text) LIKE :text_a ESCAPE '\\' OR lower(b.text) LIKE :text_b ESCAPE '\\'
          FROM batches b WHERE b.id = m.batch_id)""",
    """(SELECT lower(b.text) LIKE :text_a ESCAPE '\\' OR lower(b.text) LIKE :text_b ESCAPE '\\'
            OR lower(b.text) LIKE :text_c ESCAPE '\\' FROM batches b WHERE b.id = m.batch_id)""",
)
"""By how many spellings there are. Asked row by row, so that no plan begins with all batches there are."""
_WILD: Final = re.compile(r"[\\%_]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages to find; None and '' are for any. Times are epoch milliseconds, `cost` is in millionths."""

    state: State | None = None
    number: str = ""
    """A whole number, in E.164."""
    part: str = ""
    """Digits within a number; with a `+` in front, its beginning. Together with `text`: either of them."""
    text: str = ""
    message: int | None = None
    provider_id: str = ""
    network: str = ""
    sender: str | None = None
    """As people name it; '' is AT's default."""
    batch: int | None = None
    since: int | None = None
    until: int | None = None
    cost: int | None = None
    """At least so much, in whatever currency it was, or in `currency` alone."""
    currency: str = ""


class Found(NamedTuple):
    """Ids of messages, newest first, and where a further look begins."""

    ids: list[int]
    next: int | None
    """What is `before` for the page after; None where nothing is left."""
    looked: int
    """How many messages were passed where the bound was met before the page was full; 0 where it was not."""


class _Way(NamedTuple):
    """How rows are come by, those of other accounts among them. `most` is the bound; None where they are few."""

    where: str
    most: int | None


def search(tx: Tx, account: int, wanted: Wanted, *, before: int | None, limit: int) -> Found:
    """The newest messages that fit, below the id `before`: at most `limit`, and fewer where the bound is met."""
    way = _way(tx, account, wanted)
    values = _values(account, wanted)
    fits = " AND ".join([way.where, *_conditions(wanted)])
    end = before if before is not None else BEYOND
    if wanted.until is not None:
        end = min(end, ids.floor(wanted.until + BORROWED_MS))
    values |= {"end": end, "start": 0 if wanted.since is None else ids.floor(wanted.since)}
    if way.most is None:
        sql = f"{_SELECT} WHERE {fits} AND {_ANY_ORDER} ORDER BY +m.id DESC LIMIT :limit"
        return _page([row["id"] for row in tx.select(sql, {**values, "limit": limit + 1})], limit)
    found: list[int] = []
    looked = 0
    for size in (FIRST, way.most - FIRST):
        edge = _edge(tx, way.where, values, size)
        within = values if edge is None else {**values, "start": edge}
        found += _ids(tx, fits, within, limit + 1 - len(found))
        if len(found) > limit or edge is None:
            return _page(found, limit)
        looked += size
        values["end"] = edge
    return Found(found, values["end"], looked)


def _page(found: list[int], limit: int) -> Found:
    return Found(found[:limit], found[limit - 1] if len(found) > limit else None, 0)


def _edge(tx: Tx, where: str, values: dict[str, Any], size: int) -> int | None:
    """The id of the `size`th row on the way back; None where the way ends before."""
    sql = f"{_SELECT} WHERE {where} AND {_RANGE} ORDER BY m.id DESC LIMIT 1 OFFSET :skip"
    rows = tx.select(sql, {**values, "skip": size - 1})
    return rows[0]["id"] if rows else None


def _ids(tx: Tx, where: str, values: dict[str, Any], limit: int) -> list[int]:
    sql = f"{_SELECT} WHERE {where} AND {_RANGE} ORDER BY m.id DESC LIMIT :limit"
    return [row["id"] for row in tx.select(sql, {**values, "limit": limit})]


def _way(tx: Tx, account: int, wanted: Wanted) -> _Way:
    """The narrowest way to the rows."""
    if wanted.message is not None:
        return _Way("m.id = :message", None)
    if wanted.provider_id:
        return _Way("m.id IN (SELECT message_id FROM attempts WHERE provider_id = :provider_id)", None)
    if wanted.number:
        return _Way("m.number = :number", SCATTERED)
    if wanted.batch is not None:
        return _Way("m.batch_id = :batch", SCATTERED)
    if wanted.state is State.SENDING:
        return _Way(_SENDING, None)
    if wanted.state in INDEXED:
        return _Way(f"m.account_id = :account AND m.state = '{wanted.state}'", SCATTERED)
    length = _QUEUES.get(wanted.state) if wanted.state is not None else None
    if length is not None and tx.all(length, account=account, most=SHORT + 1)[0]["n"] <= SHORT:
        return _Way(f"m.account_id = :account AND m.state = '{wanted.state}'", None)
    return _Way("1 = 1", READ if wanted.text else WALKED)


def _conditions(wanted: Wanted) -> Iterator[str]:
    """What each row is asked, the text last: it stands elsewhere."""
    # A plus keeps SQLite from an account's index: what leads to the rows is said by the way.
    yield "+m.account_id = :account"
    if wanted.state is not None:
        # Behind an operator, so that neither database takes it for a reason to use an index of queues.
        yield f"m.state || '' = '{wanted.state}'"
    if wanted.batch is not None:
        yield "+m.batch_id = :batch"
    if wanted.network:
        yield "m.network_code = :network"
    if wanted.sender is not None:
        yield "m.scope = :scope"
    if wanted.since is not None:
        yield "m.created_at >= :since"
    if wanted.until is not None:
        yield "m.created_at < :until"
    if wanted.cost is not None:
        yield "m.cost_micros >= :cost"
    if wanted.currency:
        yield "m.cost_currency = :currency"
    if wanted.text:
        text = _TEXT[len(_spellings(wanted.text)) - 1]
        yield f"(m.number LIKE :part OR {text})" if wanted.part else text
    elif wanted.part:
        yield "m.number LIKE :part"


def _values(account: int, wanted: Wanted) -> dict[str, Any]:
    return {
        "account": account,
        "message": wanted.message,
        "provider_id": wanted.provider_id,
        "number": wanted.number,
        "batch": wanted.batch,
        "network": wanted.network,
        "scope": None if wanted.sender is None else consent.scope(consent.named(wanted.sender)),
        "since": wanted.since,
        "until": wanted.until,
        "cost": wanted.cost,
        "currency": wanted.currency,
        "part": f"{wanted.part}%" if wanted.part.startswith("+") else f"%{wanted.part}%",
        **_spellings(wanted.text),
    }


def _spellings(text: str) -> dict[str, str]:
    """Patterns for a text in lower case. Some databases fold only ASCII: other letters are tried small and large."""
    cases = [text, text.lower(), text.upper()] if text else []
    folded = dict.fromkeys("".join(each.lower() if each.isascii() else each for each in case) for case in cases)
    patterns = (_WILD.sub(r"\\\g<0>", each) for each in folded)
    return {f"text_{place}": f"%{pattern}%" for place, pattern in zip("abc", patterns, strict=False)}
