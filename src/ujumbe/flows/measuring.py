"""How an account's outbox stands, in numbers."""

from dataclasses import dataclass

from ujumbe.domain.message import State
from ujumbe.domain.pause import Pause
from ujumbe.store import accounts, calls, deliveries, events, messages, opt_outs, outbox, reviews, webhooks
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import Source


@dataclass(frozen=True, slots=True)
class Told:
    """How the webhooks stand."""

    failing: int
    disabled: int
    oldest_ms: int
    """How long ago the first event happened that one in use still waits for, in milliseconds; 0 for none."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits, what is under way, and what wants a person's attention."""

    waiting: dict[State, int]
    """Messages that are queued or scheduled."""
    oldest_ms: int
    """How long the first queued message has been due, in milliseconds."""
    uncertain: int
    overdue: int
    calls: int
    numbers: int
    """In calls without an outcome yet."""
    pause: Pause
    slow_ms: int
    """For how long yet AT asked for fewer requests, in milliseconds."""
    webhooks: Told
    opted_out: dict[Source, int]
    """Opt-outs in force, by who told us."""
    reviews: int
    """Texts that wait for a person's decision."""


def measure(tx: Tx, account: int) -> Outbox:
    """How the outbox stands now."""
    depth = outbox.depth(tx, account)
    waiting = {state: depth[state][0] if state in depth else 0 for state in (State.QUEUED, State.SCHEDULED)}
    oldest = max(tx.now - depth[State.QUEUED][1], 0) if State.QUEUED in depth else 0
    uncertain, overdue = messages.attention(tx, account)
    in_flight, numbers = calls.in_flight(tx, account)
    health = accounts.health(tx, account)
    slow = health.slow_until - tx.now if health.slow_until else 0
    consent = opt_outs.counts(tx, account), reviews.waiting(tx, account)
    told = _told(tx, account)
    return Outbox(waiting, oldest, uncertain, overdue, in_flight, numbers, health.pause, slow, told, *consent)


def _told(tx: Tx, account: int) -> Told:
    standing, oldest = webhooks.standing(tx, account), tx.now
    for each in webhooks.list_all(tx, account):
        if each.disabled_at is None:
            waiting = deliveries.oldest(tx, each.id)
            ahead = events.read(tx, account, each.position, 1, each.types).events
            oldest = min([oldest, *([] if waiting is None else [waiting]), *(event.made_at for event in ahead)])
    return Told(standing.failing, standing.disabled, tx.now - oldest)
