"""Opt-outs that come as a list: a few hundred a transaction, each with the line that says so as its proof."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ujumbe.domain.opt_out_sheet import Wanted
from ujumbe.store import opt_outs
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import New, Source

AT_A_TIME: Final = 500
"""Rows in one transaction: claims wait behind it for some milliseconds."""


class Row(NamedTuple):
    """What a line of a file asks for; `place` is the file and the line."""

    wanted: Wanted
    place: str


def take(tx: Tx, account: int, rows: Sequence[Row]) -> int:
    """Record opt-outs; how many were not in force before."""
    new = [New(each.wanted.number, each.wanted.sender, each.wanted.reason, each.place) for each in rows]
    return opt_outs.insert_all(tx, account, Source.IMPORT, new)
