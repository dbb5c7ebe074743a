"""The log of what happened: written with the change that caused it, numbered after the commit, read by number.

A transaction writes a row for each kind of change, however many messages it changed: an event costs its id.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from ujumbe.domain.event import OF_STATE, Type
from ujumbe.domain.message import State
from ujumbe.store.database import Tx

MOST_NUMBERED: Final = 5_000
"""Rows numbered in one transaction: bounds how long others wait for it."""
MOST_FORGOTTEN: Final = 5_000
MOST_READ: Final = 2_000
"""Rows of the log that one look goes through."""
LARGEST_ROW: Final = 1_000
"""Events in one row: bounds what is read for a few of them."""
LOCK: Final = "events"
EVER: Final = (1 << 62) - 1
OF_MESSAGES: Final = frozenset({Type.ACCEPTED, *OF_STATE.values()})


class Event(NamedTuple):
    """Something that happened. `subject` is the id of what its type is about; `made_at` is epoch milliseconds."""

    seq: int
    type: Type
    subject: int
    made_at: int


def add(tx: Tx, account: int, type_: Type, subjects: Sequence[int]) -> None:
    """Tell that this happened to each of `subjects` (ids), in the transaction that made it happen."""
    for start in range(0, len(subjects), LARGEST_ROW):
        part = list(subjects[start : start + LARGEST_ROW])
        listed = json.dumps(part, separators=(",", ":"))
        values = {"id": tx.new_id(), "subjects": listed, "number": len(part), "now": tx.now}
        tx.run("events.insert", account=account, type=type_, **values)


def moved(tx: Tx, account: int, moves: Iterable[tuple[int, State]]) -> None:
    """Tell of messages (ids) that came to these states."""
    by_state: dict[State, list[int]] = {}
    for message, state in moves:
        by_state.setdefault(state, []).append(message)
    for state, messages in by_state.items():
        if state in OF_STATE:
            add(tx, account, OF_STATE[state], messages)


def unnumbered(tx: Tx) -> bool:
    """Whether something was committed that has no number yet."""
    return tx.one("events.any_unnumbered") is not None


def number(tx: Tx) -> int:
    """Number what was committed since the last time, in the order of ids; how many rows that was.

    Whoever reads does this first. Under a lock, so that what gets a later number was numbered later: a reader who has
    seen a number will see no new one below it.
    """
    tx.lock(LOCK)
    rows = tx.tuples("events.unnumbered", most=MOST_NUMBERED)
    if rows:
        [[first]] = tx.tuples("events.next")
        *seqs, following = accumulate((number for _, number in rows), initial=first)
        tx.many("events.number", {"id": [row[0] for row in rows], "seq": seqs})
        tx.run("events.advance", next=following)
    return len(rows)


def after(tx: Tx, account: int, seq: int, limit: int, types: Collection[str] = ()) -> list[Event]:
    """Events with a number above `seq`, in order, at most `limit`; of these types only, where some are named."""
    found: list[Event] = []
    while len(found) < limit:
        page = read(tx, account, seq, limit - len(found), types)
        if page.seen == seq:
            break
        found, seq = found + page.events, page.seen
    return found


class Page(NamedTuple):
    """Some of the log, in order. Up to the number `seen` there are no others."""

    events: list[Event]
    seen: int


def read(tx: Tx, account: int, seq: int, limit: int, types: Collection[str] = ()) -> Page:
    """Read on after the number `seq`: at most `limit` events, of these types only, where some are named.

    It looks at `MOST_READ` rows at most, however few are of these types: read on from `seen`, until that is `seq`.
    """
    end = last(tx)  # asked first: what is numbered by now will be found below
    most = MOST_READ if types else min(limit, MOST_READ)
    rows = tx.tuples("events.after", account=account, seq=seq, most=most)
    found: list[Event] = []
    seen = seq
    for first, type_, listed, made_at in rows:
        subjects = json.loads(listed)
        if not types or type_ in types:
            found += [Event(n, Type(type_), each, made_at) for n, each in enumerate(subjects, first) if n > seq]
        if len(found) >= limit:
            return Page(found[:limit], found[limit - 1].seq)
        seen = first + len(subjects) - 1
    return Page(found, seen if len(rows) == most else max(seen, end))


def last(tx: Tx) -> int:
    """The highest number that was given out; 0 before the first."""
    [[following]] = tx.tuples("events.next")
    return int(following) - 1


def forget(tx: Tx, before: int, told: int) -> int:
    """Delete up to `MOST_FORGOTTEN` rows with an id below `before`, none with a number above `told`; how many."""
    return tx.run("events.forget", before=before, told=told, most=MOST_FORGOTTEN)
