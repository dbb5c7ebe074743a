"""Batches: what one request asked for, the text once however many numbers it goes to."""

from dataclasses import dataclass
from enum import StrEnum

from ujumbe.domain import consent
from ujumbe.domain.message import State
from ujumbe.domain.segments import measure
from ujumbe.store.sqlite import Tx


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


@dataclass(frozen=True, slots=True)
class Found:
    """A stored batch. `created_at` is epoch milliseconds."""

    id: int
    content: Batch
    segments: int
    created_at: int


def insert(tx: Tx, batch: Batch) -> int:
    """Store a batch; its id."""
    batch_id = tx.new_id()
    tx.run(
        "batches.insert",
        id=batch_id,
        account=batch.account,
        api_key=batch.api_key,
        source=batch.source,
        mode=batch.mode,
        sender=batch.sender,
        scope=consent.scope(consent.named(batch.sender)),
        text=batch.text,
        segments=measure(batch.text).segments,
        link_id=batch.link_id,
        keyword=batch.keyword,
        category=batch.category,
        on_uncertain=batch.on_uncertain,
        metadata=batch.metadata,
        now=tx.now,
    )
    return batch_id


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
    )
    return Found(row["id"], content, row["segments"], row["created_at"])


def counts(tx: Tx, batch_id: int) -> dict[State, int]:
    """How many messages of a batch are in each state."""
    return {State(row["state"]): row["number"] for row in tx.all("batches.counts", batch=batch_id)}


def cancel(tx: Tx, batch_id: int, reason: str) -> int:
    """Cancel what has not left yet; how many messages that was."""
    return tx.run("batches.cancel", batch=batch_id, reason=reason, now=tx.now)
