"""Looking through opt-outs: by number, by who told us, by sender. How far one look goes is bounded, and told."""

from dataclasses import dataclass
from typing import Final

from ujumbe.domain import consent
from ujumbe.store import opt_outs
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import EVER, OptOut, Source

REACH: Final = 50_000
"""Opt-outs that one look goes through where only some are wanted: no index has them, and this many are milliseconds."""
LATEST: Final = 2_000
"""Opt-outs among which senders are looked for, to be chosen from."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which opt-outs are wanted; None for any."""

    ended: bool = False
    """Those that have ended, too."""
    number: str = ""
    """A whole number, E.164."""
    ending: str = ""
    """Its last digits."""
    source: Source | None = None
    sender: str | None = None
    """As it is compared; empty for those from all senders."""

    @property
    def some(self) -> bool:
        """Whether it leaves any out by what no index knows."""
        return bool(self.ending or self.source is not None or self.sender is not None)


@dataclass(frozen=True, slots=True)
class Found:
    """A page, newest first. `next` is the `before` of the following one; None on the last."""

    items: list[OptOut]
    next: int | None
    looked_to: int | None
    """Epoch ms: what began before it was not looked at, where the reach ended the page. None where it did not."""


def look(tx: Tx, account: int, wanted: Filters, *, before: int | None, limit: int) -> Found:
    """A page of what is wanted, newest first; `before` is an id."""
    end = EVER if before is None else before
    if wanted.number:
        return _of_number(tx, account, wanted, end, limit)
    floor = tx.all("opt_outs.floor", before=end, reach=REACH) if wanted.some else []
    rows = tx.all(
        "opt_outs.look",
        account=account,
        before=end,
        floor=floor[0]["id"] if floor else 0,
        ended=int(wanted.ended),
        ending=f"%{wanted.ending}" if wanted.ending else "",
        source=wanted.source or "",
        scoped=int(wanted.sender is not None),
        scope=wanted.sender or "",
        limit=limit + 1,
    )
    items = [opt_outs.from_row(row) for row in rows]
    if len(items) > limit:
        return Found(items[:limit], items[limit - 1].id, None)
    return Found(items, floor[0]["id"], floor[0]["started_at"]) if floor else Found(items, None, None)


def in_force(tx: Tx, account: int, most: int) -> int:
    """How many are in force, counted up to `most`."""
    [[number]] = tx.tuples("opt_outs.count", account=account, most=most)
    return int(number)


def senders(tx: Tx, account: int) -> list[str]:
    """Senders that the latest opt-outs are about, as they were named; each once, without the empty one."""
    found = [row[0] for row in tx.tuples("opt_outs.senders", account=account, latest=LATEST)]
    return sorted({consent.scope(each): each for each in found if each.strip()}.values(), key=str.casefold)


def _of_number(tx: Tx, account: int, wanted: Filters, before: int, limit: int) -> Found:
    """Whatever one number ever said is little, and an index has it, under the mark of an erased person too."""
    items = [
        each
        for each in opt_outs.history(tx, account, wanted.number)
        if each.id < before
        and (wanted.ended or each.ended_at is None)
        and wanted.source in (None, each.source)
        and wanted.sender in (None, consent.scope(each.sender))
    ]
    return Found(items[:limit], items[limit - 1].id if len(items) > limit else None, None)
