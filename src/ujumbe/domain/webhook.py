"""Webhooks: when a delivery is tried again, and when an endpoint is given up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 3600.0
SCHEDULE_SECONDS: Final = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR, 24 * HOUR)
"""After each failure in turn; then daily, as long as the last try is within three days of the first."""
SPREAD: Final = 0.1
"""A tenth either way, so that what failed together does not come back together."""
HOPELESS_MS: Final = 5 * 24 * 3600 * 1000
"""An endpoint at which nothing has succeeded for so long is disabled: somebody has forgotten it."""
GONE: Final = 410
"""The status by which a receiver says that it wants nothing more."""


class DeliveryState(StrEnum):
    """How one event at one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


DELIVERY_MEANING: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.PENDING: "it waits for its first try, or for the next one",
    DeliveryState.DELIVERED: "the receiver answered with a 2xx",
    DeliveryState.FAILED: "every try failed, and there will be no other unless somebody asks for it",
}


class Outcome(StrEnum):
    """What one try came to, as it is counted."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"


def delay(tries: int, chance: float) -> float | None:
    """Seconds to wait after `tries` failures (1 or more); None where that was the last try.

    `chance` in [0, 1) spreads it.
    """
    if tries > len(SCHEDULE_SECONDS):
        return None
    return SCHEDULE_SECONDS[tries - 1] * (1 - SPREAD + 2 * SPREAD * chance)


def succeeded(status: int | None) -> bool:
    """Whether a receiver's status (None where there was no answer) says that it has the event."""
    return status is not None and 200 <= status < 300


def outcome(status: int | None, tries: int) -> Outcome:
    """What a try came to, the `tries`-th of its delivery. A redirect is a failure: it is not followed."""
    if succeeded(status):
        return Outcome.DELIVERED
    if status == GONE:
        return Outcome.GONE
    return Outcome.FAILED if delay(tries, 0) is None else Outcome.RETRY
