"""Counting, as a tallier does it but at once; and the same by a plain walk over everything, to compare with."""

from collections import Counter
from typing import Any

from tests.flows.desk import Desk
from ujumbe.domain import delivery_time
from ujumbe.flows import tallying
from ujumbe.store import tallies
from ujumbe.store.database import Tx
from ujumbe.store.tallies import Hour

Counts = tuple[Counter[Any], Counter[Any], Counter[Any]]


def tally(desk: Desk) -> None:
    """Count whatever has to be counted."""
    store, ours = desk.store, desk.account
    turn = store.write(tallying.begin, ours, alone=True)
    assert turn is not None
    hours, position = set(store.read(tallies.unsettled, ours)), turn.position
    while True:
        more, seen = store.read(tallies.changed, ours, position)
        hours |= more
        if seen == position:
            break
        position = seen
    oldest = store.read(tallies.oldest)
    for hour in hours | set(range(oldest, turn.back_to)):
        assert store.write(tallies.keep, ours, turn, whole(desk, hour))
    done = turn._replace(position=position, back_to=min(oldest, turn.back_to))
    assert store.write(tallies.finish, ours, done)
    assert not store.read(tallying.due, ours)


def whole(desk: Desk, hour: int) -> Hour:
    """An hour, counted piece by piece."""
    made, first = Hour(hour), None
    while True:
        piece, first = desk.store.read(tallies.count, desk.account, hour, first)
        made.add(piece)
        if first is None:
            return made


def tallied(desk: Desk) -> Counts:
    """What the tallies hold: messages by state and network, those that arrived by step, money by currency."""
    store, ours = desk.store, desk.account

    def read(tx: Tx) -> Counts:
        messages: Counter[Any] = Counter()
        for row in tx.select("SELECT hour, state, network_code, messages FROM tallies", {}):
            messages[row["hour"], row["state"], row["network_code"]] += row["messages"]
        times: Counter[Any] = Counter()
        for row in tx.select("SELECT hour, network_code, seconds, messages FROM delivery_times", {}):
            times[row["hour"], row["network_code"], row["seconds"]] += row["messages"]
        spent = Counter(dict(tx.tuples("tallies.spent", account=ours, first=0, following=1 << 40)))
        return messages, times, spent

    return store.read(read)


def counted(desk: Desk) -> Counts:
    """The same from the messages themselves."""

    def read(tx: Tx) -> Counts:
        messages: Counter[Any] = Counter()
        times: Counter[Any] = Counter()
        spent: Counter[Any] = Counter()
        for row in tx.select("SELECT id, state, network_code, updated_at, sent_at FROM messages", {}):
            hour = tallies.hour_of_id(row["id"])
            messages[hour, row["state"], row["network_code"]] += 1
            if row["state"] == "delivered" and row["sent_at"] is not None:
                seconds = -((row["sent_at"] - row["updated_at"]) // 1000)
                times[hour, row["network_code"], delivery_time.step(seconds)] += 1
        for row in tx.select("SELECT cost_currency, cost_micros FROM attempts WHERE cost_micros <> 0", {}):
            spent[row["cost_currency"]] += row["cost_micros"]
        return messages, times, spent

    return desk.store.read(read)
