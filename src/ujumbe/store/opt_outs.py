"""Opt-outs: who said stop to which sender, with history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ujumbe.domain import consent
from ujumbe.domain.event import Type
from ujumbe.store import erasure_key, events
from ujumbe.store.database import Row, Tx

EVER: Final = (1 << 63) - 1
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


class New(NamedTuple):
    """An opt-out to record: `number` wants nothing more from `sender` ('' for all)."""

    number: str
    sender: str
    reason: str = ""
    proof: str = ""


def insert(tx: Tx, account: int, number: str, sender: str, source: Source, reason: str = "", proof: str = "") -> bool:
    """Record that `number` wants nothing more from `sender` ('' for all); False where that is so already.

    Whatever is taken up after the commit knows of it.
    """
    return insert_all(tx, account, source, [New(number, sender, reason, proof)]) > 0


def insert_all(tx: Tx, account: int, source: Source, new: Sequence[New]) -> int:
    """Record opt-outs; how many are new. What an erased person said before counts as said."""
    alone(tx, account)
    said = _said_before_erasure(tx, account, new)
    rows = [
        (opt_out, each.number, each.sender, consent.scope(each.sender), each.reason, each.proof[:LONGEST_PROOF])
        for opt_out, each in zip(tx.new_ids(len(new)), new, strict=True)
        if (each.number, consent.scope(each.sender)) not in said
    ]
    if not rows:
        return 0
    names = ("id", "number", "sender", "scope", "reason", "proof")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    tx.many("opt_outs.insert", columns, account=account, source=source, now=tx.now)
    added = [row[0] for row in tx.tuples("opt_outs.inserted", ids=list(columns["id"]))]
    events.add(tx, account, Type.OPTED_OUT, added)
    return len(added)


def _said_before_erasure(tx: Tx, account: int, new: Sequence[New]) -> set[tuple[str, str]]:
    """The numbers and scopes among these that are in force under marks."""
    marks = erasure_key.marks(tx, {each.number for each in new})
    rows = tx.tuples("opt_outs.scopes", account=account, numbers=list(marks)) if marks else []
    return {(marks[mark], scope) for mark, scope in rows}


def in_force(tx: Tx, account: int, number: str, sender: str) -> bool:
    """Whether `number` has opted out of `sender`, or of all; before it was erased counts too."""
    names = list(erasure_key.with_marks(tx, [number]))
    return tx.one("opt_outs.in_force", account=account, numbers=names, scope=consent.scope(sender)) is not None


def scopes(tx: Tx, account: int, names: Collection[str]) -> set[tuple[str, str]]:
    """What is in force under these names (numbers or marks), each with its scope."""
    return set(tx.tuples("opt_outs.scopes", account=account, numbers=list(names))) if names else set()


def against(tx: Tx, account: int, number: str, sender: str) -> list[OptOut]:
    """The opt-outs in force that forbid texts from `sender` (empty for AT's own) to `number`."""
    scopes = ("", consent.scope(consent.named(sender)))
    said = history(tx, account, number)
    return [each for each in said if each.ended_at is None and consent.scope(each.sender) in scopes]


def mark_in_force(tx: Tx, account: int, number: str, sender: str) -> str:
    """The mark under which an erased `number` has opted out of `sender`; empty where there is none."""
    marks = erasure_key.marks(tx, [number])
    rows = tx.tuples("opt_outs.scopes", account=account, numbers=list(marks)) if marks else []
    return next((mark for mark, scope in rows if scope == consent.scope(sender)), "")


def any_in_force(tx: Tx, account: int, number: str) -> bool:
    """Whether `number` has opted out of anything, under a mark too."""
    names = list(erasure_key.with_marks(tx, [number]))
    return bool(tx.tuples("opt_outs.scopes", account=account, numbers=names))


def in_force_among(tx: Tx, account: int, numbers: Sequence[str], sender: str) -> set[str]:
    """Those of `numbers` that have opted out of texts from `sender` (empty for AT's default), or of all."""
    return _among(tx, account, erasure_key.with_marks(tx, numbers), consent.scope(consent.named(sender)))


def erased_among(tx: Tx, account: int, numbers: Sequence[str], scope: str) -> set[str]:
    """Those of `numbers` that opted out of `scope`, or of all, before they were erased."""
    return _among(tx, account, erasure_key.marks(tx, numbers) if numbers else {}, scope)


def _among(tx: Tx, account: int, names: dict[str, str], scope: str) -> set[str]:
    if not names:
        return set()
    rows = tx.all("opt_outs.in_force_among", account=account, numbers=list(names), scope=scope)
    return {names[row["number"]] for row in rows}


def end(tx: Tx, account: int, number: str, sender: str | None, by: str, proof: str = "", *, until: int = EVER) -> int:
    """End the opt-out of `number` from `sender` ('' for the one from all), or every one (None); how many there were.

    One that began after `until` (epoch ms) goes on.
    """
    names = list(erasure_key.with_marks(tx, [number]))
    values = {"account": account, "numbers": names, "by": by, "proof": proof[:LONGEST_PROOF], "now": tx.now}
    if sender is None:
        rows = tx.tuples("opt_outs.end_all", until=until, **values)
    else:
        rows = tx.tuples("opt_outs.end", scope=consent.scope(sender), **values)
    events.add(tx, account, Type.OPTED_IN, [row[0] for row in rows])
    return len(rows)


def counts(tx: Tx, account: int) -> dict[Source, int]:
    """How many are in force, by who told us."""
    found = dict(tx.tuples("opt_outs.counts", account=account))
    return {each: found.get(each, 0) for each in Source}


def list_page(tx: Tx, account: int, *, before: int | None, limit: int) -> list[OptOut]:
    """The opt-outs in force, newest first; `before` is an id."""
    end = before if before is not None else (1 << 63) - 1
    return [from_row(row) for row in tx.all("opt_outs.list", account=account, before=end, limit=limit)]


def history(tx: Tx, account: int, number: str) -> list[OptOut]:
    """Everything this number ever said about it, newest first."""
    names = list(erasure_key.with_marks(tx, [number]))
    return [from_row(row) for row in tx.all("opt_outs.history", account=account, numbers=names)]


def export_page(tx: Tx, account: int, *, after: int, limit: int, every: bool) -> list[OptOut]:
    """Opt-outs with ids above `after`, oldest first: those in force, or `every` one there ever was."""
    rows = tx.all("opt_outs.export", account=account, after=after, limit=limit, every=int(every))
    return [from_row(row) for row in rows]


def among(tx: Tx, account: int, ids: Collection[int]) -> dict[int, OptOut]:
    """Opt-outs by their ids; those that are gone are left out."""
    return {row["id"]: from_row(row) for row in tx.all("opt_outs.among", account=account, ids=list(ids))}


def from_row(row: Row) -> OptOut:
    """An opt-out as its row has it."""
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
