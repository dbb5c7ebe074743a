"""Opt-outs: who said stop to which sender, with history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ujumbe.domain import consent
from ujumbe.domain.event import Type
from ujumbe.store import events
from ujumbe.store.database import Row, Tx

LONGEST_PROOF: Final = 2_000
"""Characters: the longest text, and any callback that AT is known to send."""


class Source(StrEnum):
    """Who told us."""

    CALLBACK = "callback"
    REFUSAL = "refusal"
    REPORT = "report"
    KEYWORD = "keyword"
    OPERATOR = "operator"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class OptOut:
    """One period of being opted out; still in force while `ended_at` is None. Times are epoch milliseconds."""

    id: int
    number: str
    sender: str
    """The sender it is about; empty for all of them."""
    source: Source
    reason: str
    proof: str
    """The words or the callback that said so, as they came."""
    started_at: int
    ended_at: int | None
    ended_by: str
    ended_proof: str


def hold_still(tx: Tx, account: int) -> None:
    """From here to the commit no opt-out is recorded: what is asked next holds for what is taken up with it."""
    tx.lock(f"consent {account}", shared=True)


def alone(tx: Tx, account: int) -> None:
    """Wait until nobody is taking up messages, and keep them from it until the commit."""
    tx.lock(f"consent {account}")


def insert(tx: Tx, account: int, number: str, sender: str, source: Source, reason: str = "", proof: str = "") -> bool:
    """Record that `number` wants nothing more from `sender` ('' for all); False where that is so already.

    Whatever is taken up after the commit knows of it.
    """
    alone(tx, account)
    opt_out = tx.new_id()
    added = tx.run(
        "opt_outs.insert",
        id=opt_out,
        account=account,
        number=number,
        sender=sender,
        scope=consent.scope(sender),
        source=source,
        reason=reason,
        proof=proof[:LONGEST_PROOF],
        now=tx.now,
    )
    events.add(tx, account, Type.OPTED_OUT, [opt_out] if added else [])
    return added > 0


def in_force(tx: Tx, account: int, number: str, sender: str) -> bool:
    """Whether `number` has opted out of `sender`, or of all."""
    row = tx.one("opt_outs.in_force", account=account, number=number, scope=consent.scope(sender))
    return row is not None


def in_force_among(tx: Tx, account: int, numbers: Sequence[str], sender: str) -> set[str]:
    """Those of `numbers` that have opted out of texts from `sender` (empty for AT's default), or of all."""
    rows = tx.all(
        "opt_outs.in_force_among",
        account=account,
        numbers=list(numbers),
        scope=consent.scope(consent.named(sender)),
    )
    return {row["number"] for row in rows}


def end(tx: Tx, account: int, number: str, sender: str | None, by: str, proof: str = "") -> int:
    """End the opt-out of `number` from `sender` ('' for the one from all), or every one (None); how many there were."""
    values = {"account": account, "number": number, "by": by, "proof": proof[:LONGEST_PROOF], "now": tx.now}
    if sender is None:
        rows = tx.tuples("opt_outs.end_all", **values)
    else:
        rows = tx.tuples("opt_outs.end", scope=consent.scope(sender), **values)
    events.add(tx, account, Type.OPTED_IN, [row[0] for row in rows])
    return len(rows)


def list_page(tx: Tx, account: int, *, before: int | None, limit: int) -> list[OptOut]:
    """The opt-outs in force, newest first; `before` is an id."""
    end = before if before is not None else (1 << 63) - 1
    return [_opt_out(row) for row in tx.all("opt_outs.list", account=account, before=end, limit=limit)]


def history(tx: Tx, account: int, number: str) -> list[OptOut]:
    """Everything this number ever said about it, newest first."""
    return [_opt_out(row) for row in tx.all("opt_outs.history", account=account, number=number)]


def among(tx: Tx, account: int, ids: Collection[int]) -> dict[int, OptOut]:
    """Opt-outs by their ids; those that are gone are left out."""
    return {row["id"]: _opt_out(row) for row in tx.all("opt_outs.among", account=account, ids=list(ids))}


def _opt_out(row: Row) -> OptOut:
    return OptOut(
        row["id"],
        row["number"],
        row["sender"],
        Source(row["source"]),
        row["reason"],
        row["proof"],
        row["started_at"],
        row["ended_at"],
        row["ended_by"],
        row["ended_proof"],
    )
