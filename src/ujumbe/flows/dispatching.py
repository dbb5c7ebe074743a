"""From the log to the receivers: deliveries are made, taken up, and what came of them is recorded."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ujumbe.domain import webhook as rules
from ujumbe.domain.webhook import DeliveryState, Outcome
from ujumbe.flows import telling
from ujumbe.store import deliveries, events, webhooks
from ujumbe.store.database import Database, Tx
from ujumbe.store.deliveries import Attempt, Leased
from ujumbe.store.webhooks import Webhook

LEASE_MS: Final = 30_000
"""A request takes 15 s at most, and recording usually a moment."""
MADE_AHEAD: Final = 500
"""Deliveries made in one transaction."""
ENOUGH: Final = 100
"""Where so many are due no more are made: the log holds the rest in less space."""
PAGE: Final = 1_000
MOST_REDELIVERED: Final = 10_000
"""Events in one request to redeliver."""
HOPELESS_DAYS: Final = rules.HOPELESS_MS // (24 * 3600 * 1000)


class Endpoint(NamedTuple):
    """An endpoint in use. `behind` says whether events have come that it has no deliveries of."""

    webhook: Webhook
    behind: bool
    due: int
    """At most `ENOUGH`."""


class Look(NamedTuple):
    """What there is to do. `unnumbered` says whether the log has to be numbered first."""

    endpoints: list[Endpoint]
    unnumbered: bool


@dataclass(frozen=True, slots=True)
class Job:
    """One request to make: where, what, and signed with what."""

    leased: Leased
    url: str
    secrets: tuple[str, ...]
    document: dict[str, Any]

    def __repr__(self) -> str:
        return f"Job({self.leased!r})"  # no secret and no text in a traceback


class Answer(NamedTuple):
    """What a receiver said: `status` is None where it gave no answer, and `error` says what went wrong."""

    status: int | None
    body: str
    error: str
    took_ms: int

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return rules.succeeded(self.status)


def look(tx: Tx, account: int) -> Look:
    """What there is to do for the endpoints in use."""
    used = [each for each in webhooks.list_all(tx, account) if each.disabled_at is None]
    if not used:
        return Look([], unnumbered=False)
    end = events.last(tx)
    endpoints = [Endpoint(each, each.position < end, deliveries.waiting(tx, each.id, ENOUGH)) for each in used]
    return Look(endpoints, events.unnumbered(tx))


async def make(db: Database, account: int, webhook: Webhook) -> None:
    """Make deliveries of the next events for an endpoint. The log is read first, by a reader who holds nobody up."""
    page = await db.read(events.read, account, webhook.position, MADE_AHEAD, webhook.types)
    if page.seen > webhook.position:
        await db.write(_make, webhook, page)


def _make(tx: Tx, webhook: Webhook, page: events.Page) -> None:
    if webhooks.advance(tx, webhook, page.seen):
        deliveries.insert(tx, webhook.id, page.events)


def claim(tx: Tx, account: int, webhook: int, most: int) -> list[Job]:
    """Take up to `most` deliveries of an endpoint that are due, with what is to be sent."""
    found = webhooks.find(tx, account, webhook)
    if found is None or found.disabled_at is not None:
        return []
    leased = deliveries.lease(tx, webhook, most, LEASE_MS)
    documents = telling.compose(tx, account, [each.event for each in leased])
    secrets = found.secrets(tx.now)
    return [Job(each, found.url, secrets, document) for each, document in zip(leased, documents, strict=True)]


def record(tx: Tx, account: int, leased: Leased, answer: Answer, chance: float) -> Outcome | None:
    """Record what came of a try, and what follows; None where its lease ran out before, and another one counts.

    `chance` as in `webhook.delay`.
    """
    outcome = rules.outcome(answer.status, leased.tries)
    wait = rules.delay(leased.tries, chance)
    state, due = DeliveryState.PENDING, None
    if outcome is Outcome.DELIVERED:
        state = DeliveryState.DELIVERED
    elif wait is None:
        state = DeliveryState.FAILED
    else:
        due = tx.now + round(1000 * wait)
    attempt = Attempt(tx.now - answer.took_ms, answer.took_ms, answer.status, answer.body, answer.error)
    if not deliveries.record(tx, leased, attempt, state, due):
        return None
    if outcome is Outcome.DELIVERED:
        webhooks.succeeded(tx, leased.webhook)
    elif outcome is Outcome.GONE:
        webhooks.failed(tx, leased.webhook)
        webhooks.disable(tx, account, leased.webhook, f"it answered {rules.GONE}: it wants nothing more")
    elif tx.now - webhooks.failed(tx, leased.webhook) >= rules.HOPELESS_MS:
        reason = f"nothing was delivered for {HOPELESS_DAYS} days; last: {answer.error}"
        webhooks.disable(tx, account, leased.webhook, reason)
    return outcome


async def redeliver(db: Database, account: int, webhook: Webhook, after: int, until: int) -> tuple[int, int]:
    """Deliver the events above the number `after`, up to and including `until`, again; only of the endpoint's types.

    Returns how many there are, and the number up to which that is: below `until` where `MOST_REDELIVERED` is reached.
    """
    return await _again(db, account, webhook.id, webhook.types, after, until)


async def redeliver_one(db: Database, account: int, webhook: Webhook, seq: int) -> bool:
    """Deliver one event again, of whatever type; False where it is not in the log (any more), or is under way now."""
    done, _ = await _again(db, account, webhook.id, (), seq - 1, seq)
    return done > 0


async def retry_failed(db: Database, webhook: Webhook, since: int) -> tuple[int, bool]:
    """Let the deliveries that failed be tried again, of events from `since` (epoch ms) on; the log is not needed.

    Returns how many there are, and whether `MOST_REDELIVERED` left some for another time.
    """
    done, before = 0, events.EVER
    while done < MOST_REDELIVERED:
        more, following = await db.write(deliveries.retry, webhook.id, since, before, PAGE)
        done += more
        if following is None:
            return done, False
        before = following
    return done, True


async def _again(
    db: Database, account: int, webhook: int, types: tuple[str, ...], after: int, until: int
) -> tuple[int, int]:
    done = 0
    while after < until and done < MOST_REDELIVERED:
        page = await db.read(events.read, account, after, min(PAGE, until - after), types)
        if page.seen == after:
            break
        wanted = [each for each in page.events if each.seq <= until]
        done += await db.write(deliveries.again, webhook, wanted)
        after = page.seen
    return done, min(after, until) if done >= MOST_REDELIVERED else until
