"""Batches: what one request asked for, the text once however many numbers it goes to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ujumbe.domain import consent
from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.segments import measure
from ujumbe.store import events
from ujumbe.store.database import Tx

MOST_REASONS: Final = 50
"""Different reasons of one batch that are told; AT has about as many words."""


class Source(StrEnum):
    """Which door a batch came in by."""

    API = "api"
    INVOKE = "invoke"
    REPLY = "reply"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request asked for, apart from the numbers."""

    account: int
    source: Source
    mode: str
    sender: str
    text: str
    link_id: str = ""
    keyword: str = ""
    category: str = "transactional"
    on_uncertain: str = "hold"
    metadata: str = "{}"
    """A JSON object of the caller's own."""
    api_key: int | None = None
    retry_hours: int | None = None
    """How long AT goes on trying to deliver a premium text; None for its own default."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stored batch. `created_at` is epoch milliseconds."""

    id: int
    content: Batch
    segments: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Content:
    """What every message of a batch says, to AT."""

    mode: str
    sender: str
    text: str
    link_id: str
    keyword: str
    retry_hours: int | None = None


class Reason(NamedTuple):
    """Why messages are where they are, and how many."""

    state: State
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the messages of some batches stand."""

    counts: dict[State, int]
    """Only of states that some are in; together they are all messages."""
    costs: list[Money]
    """What AT has charged so far, by currency."""
    reasons: list[Reason]
    """The most frequent first, at most `MOST_REASONS`."""


def insert(tx: Tx, batch: Batch) -> int:
    """Store a batch; its id."""
    return insert_all(tx, [batch])[0]


def insert_all(tx: Tx, new: Sequence[Batch]) -> list[int]:
    """Store batches of one account; their ids."""
    batch_ids = tx.new_ids(len(new))
    rows = [
        (batch_id, each.api_key, each.source, each.mode, each.sender, scope_of(each), each.text,
         measure(each.text).segments, each.link_id, each.keyword, each.category, each.on_uncertain, each.metadata,
         each.retry_hours)
        for batch_id, each in zip(batch_ids, new, strict=True)
    ]  # fmt: skip
    names = ("id", "api_key", "source", "mode", "sender", "scope", "text", "segments", "link_id", "keyword",
             "category", "on_uncertain", "metadata", "retry_hours")  # fmt: skip
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    tx.many("batches.insert", columns, account=new[0].account, now=tx.now)
    return batch_ids


def scope_of(content: Batch | Content) -> str:
    """The sender of a batch as opt-outs compare it."""
    return consent.scope(consent.named(content.sender))


def key_name(tx: Tx, batch_id: int) -> str:
    """The name of the API key that a batch came in with; empty where there was none."""
    row = tx.one("batches.key_name", id=batch_id)
    return "" if row is None else str(row["name"])


def contents(tx: Tx, batch_ids: Iterable[int]) -> dict[int, Content]:
    """What these batches say, by their ids."""
    return {row[0]: Content(*row[1:]) for row in tx.tuples("batches.contents", ids=list(batch_ids))}


def find(tx: Tx, account: int, batch_id: int) -> Found | None:
    """One batch of this account."""
    row = tx.one("batches.find", id=batch_id, account=account)
    if row is None:
        return None
    content = Batch(
        account=account,
        source=Source(row["source"]),
        mode=row["mode"],
        sender=row["sender"],
        text=row["text"],
        link_id=row["link_id"],
        keyword=row["keyword"],
        category=row["category"],
        on_uncertain=row["on_uncertain"],
        metadata=row["metadata"],
        retry_hours=row["retry_hours"],
    )
    return Found(row["id"], content, row["segments"], row["created_at"])


def counts(tx: Tx, batch_id: int) -> dict[State, int]:
    """How many messages of a batch are in each state."""
    return {State(row["state"]): int(row["number"]) for row in tx.all("batches.counts", batch=batch_id)}


def standing(tx: Tx, batch_ids: Sequence[int]) -> Standing:
    """How these batches stand together, in one snapshot. It looks at each of their messages: 0.5 ms a thousand."""
    ids = list(batch_ids)
    [row] = tx.all("batches.standing", ids=ids)
    counted = {state: int(row[state]) for state in State if row[state]}
    costs: list[Money] = []
    if row["currency"] is not None and row["currency"] == row["other_currency"]:
        costs = [Money(int(row["micros"]), row["currency"])]
    elif row["currency"] is not None:
        costs = [Money(int(each["micros"]), each["cost_currency"]) for each in tx.all("batches.costs", ids=ids)]
    reasons = [
        Reason(State(each["state"]), each["reason"], int(each["number"]))
        for each in tx.all("batches.reasons", ids=ids, limit=MOST_REASONS)
    ]
    return Standing(counted, [each for each in costs if each.micros], reasons)


def cancel(tx: Tx, account: int, batch_id: int, reason: str) -> int:
    """Cancel what has not left yet; how many messages that was."""
    canceled = tx.tuples("batches.cancel", batch=batch_id, reason=reason, now=tx.now)
    events.add(tx, account, Type.CANCELED, sorted(row[0] for row in canceled))
    return len(canceled)
