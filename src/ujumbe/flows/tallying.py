"""When hours have to be counted anew, and whose turn it is."""

from ujumbe.store import events, tallies
from ujumbe.store.database import Tx
from ujumbe.store.tallies import Turn


def due(tx: Tx, account: int) -> bool:
    """Whether something has happened, or a part of the past is not counted yet."""
    standing = tallies.standing(tx, account)
    if standing is None or events.unnumbered(tx) or events.last(tx) > standing.position:
        return True
    return standing.back_to > tallies.oldest(tx)


def begin(tx: Tx, account: int, *, alone: bool) -> Turn | None:
    """Take the turn to count, see `tallies.begin`; what happened is numbered first, to be read in order."""
    events.number(tx)
    last = events.last(tx)
    turn = tallies.begin(tx, account, last, alone=alone)
    if turn is not None and tallies.lost(tx, turn.position, last):
        return turn._replace(position=last, back_to=tallies.hour_of(tx.now) + 1)
    return turn
