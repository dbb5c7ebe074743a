"""How an account stands: now, in reads that cost the same however much waits, and by what was counted before."""

from typing import Final, NamedTuple

from ujumbe.domain import delivery_time
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import calls, events, ids, outbox, tallies
from ujumbe.store.database import Tx

MOST: Final = 10_001
"""As far as is counted: from there on a page says 10,000+."""
RECENT_MS: Final = 7 * 24 * 3_600_000
"""What is older than a week and was not looked at will not be."""
DAY_MS: Final = 24 * 3_600_000
MOST_REFUSED: Final = 1_001
"""Failed texts whose reasons are looked at."""


class Queue(NamedTuple):
    """What waits and what is under way, each count up to `MOST`."""

    queued: int
    scheduled: int
    in_flight: int
    """Numbers in calls to AT that have no outcome yet."""
    oldest_due: int | None
    """Since when (epoch ms) the first of those that are queued has been due."""


class Trouble(NamedTuple):
    """What went strangely within the last week, each up to `MOST`."""

    overdue: int
    """Texts that wait unusually long for their final report."""
    broken: int
    """Callbacks that could not be applied."""
    quarantined: int
    """Reports about messages that nobody knows."""
    refused: tuple[tuple[str, int], ...] = ()
    """Why texts of the last day failed, and how many, of up to `MOST_REFUSED`; the most frequent reason first."""


class Network(NamedTuple):
    """How texts to one network fared."""

    code: str
    delivered: int
    undelivered: int
    median: delivery_time.Median | None

    @property
    def reported(self) -> int:
        """How many have a final report."""
        return self.delivered + self.undelivered


class Counted(NamedTuple):
    """How far the tallies are."""

    at: int | None
    """What happened up to this moment (epoch ms) is in them: None before they were first made."""
    back_to: int | None
    """The moment from which on they are complete, where a past is still being counted."""


def queue(tx: Tx, account: int) -> Queue:
    """What waits and what is under way."""
    row = tx.all("overview.queue", account=account, most=MOST)[0]
    _, numbers = calls.in_flight(tx, account)
    oldest = outbox.oldest_due(tx, account) if row["queued"] else None
    return Queue(row["queued"], row["scheduled"], numbers, oldest)


def trouble(tx: Tx, account: int) -> Trouble:
    """What went strangely lately."""
    row = tx.all("overview.trouble", account=account, since=ids.floor(tx.now - RECENT_MS), most=MOST)[0]
    refused = tx.tuples("overview.refused", account=account, since=ids.floor(tx.now - DAY_MS), most=MOST_REFUSED)
    return Trouble(row["overdue"], row["broken"], row["quarantined"], tuple((reason, n) for reason, n in refused))


def counted(tx: Tx, account: int) -> Counted:
    """How far the tallies are; up to this very moment where nothing has happened since they were made."""
    standing = tallies.standing(tx, account)
    if standing is None:
        return Counted(None, None)
    settled = events.last(tx) == standing.position and not events.unnumbered(tx)
    at = tx.now if settled and standing.counted_at is not None else standing.counted_at
    behind = standing.back_to > tallies.oldest(tx)
    return Counted(at, standing.back_to * tallies.HOUR_MS if behind else None)


def by_hour(tx: Tx, account: int, first: int, following: int) -> list[tuple[int, State, int]]:
    """How many messages were made in each hour from `first` up to `following`, by state."""
    rows = tx.tuples("tallies.by_hour", account=account, first=first, following=following)
    return [(hour, State(state), number) for hour, state, number in rows]


def networks(tx: Tx, account: int, first: int, following: int) -> list[Network]:
    """How texts made in these hours fared, by the network that reported them; the largest first."""
    span = {"account": account, "first": first, "following": following}
    reported = tx.tuples("tallies.by_network", **span)
    times: dict[str, dict[int, int]] = {row[0]: {} for row in reported}
    steps = [*delivery_time.STEPS, delivery_time.BEYOND]
    for code, seconds, number in tx.tuples("tallies.times", networks=list(times), steps=steps, **span):
        if number:
            times[code][seconds] = number
    found = [
        Network(code, delivered, undelivered, delivery_time.median(times[code]))
        for code, delivered, undelivered in reported
    ]
    return sorted(found, key=lambda each: (-each.reported, each.code))


def spent(tx: Tx, account: int, first: int, following: int) -> list[Money]:
    """What AT said that texts made in these hours cost, by currency: never added across them."""
    rows = tx.tuples("tallies.spent", account=account, first=first, following=following)
    return [Money(micros, currency) for currency, micros in rows]


def anything(tx: Tx, account: int) -> bool:
    """Whether there ever was a message, as far as is counted; one that was only just accepted waits in the queue."""
    return tx.one("overview.anything", account=account) is not None
