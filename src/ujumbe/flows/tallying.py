"""Which hours have to be counted anew: those that the event log names, and those that may change without an event."""

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


def changed(tx: Tx, account: int, position: int) -> tuple[set[int], int]:
    """Hours with messages that something happened to after the event `position`, and where to read on from."""
    rows, seen = events.messages_after(tx, account, position)
    hours: set[int] = set()
    for row in rows:
        ends = {tallies.hour_of_id(min(row)), tallies.hour_of_id(max(row))}
        hours |= ends if len(ends) == 1 else {tallies.hour_of_id(each) for each in row}
    return hours, seen
