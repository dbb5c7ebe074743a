"""Why an account sends nothing for a while, and when to look whether it may go on."""

from enum import StrEnum
from typing import Final


class Pause(StrEnum):
    """What holds an account up. A later one replaces an earlier one, never the other way round."""

    NONE = ""
    UNANSWERED = "unanswered"
    BALANCE = "balance"
    CREDENTIALS = "credentials"
    OPERATOR = "operator"


MEANING: Final[dict[Pause, str]] = {
    Pause.UNANSWERED: "Africa's Talking leaves calls without an answer; it is asked for the balance until it replies",
    Pause.BALANCE: "the balance does not cover a text (405); sending goes on once it is above zero",
    Pause.CREDENTIALS: "Africa's Talking refuses the username or API key (401); it is asked now and then",
    Pause.OPERATOR: "somebody paused it; only somebody lets it go on",
}

_RANK: Final = {pause: rank for rank, pause in enumerate(Pause)}

STRIKES: Final = 3
"""Calls in a row without an answer after which nothing more is risked: an outage that accepts connections would
otherwise take the whole queue with it, one uncertain message after the other."""
PROBE_SECONDS: Final = 5.0
LONGEST_PROBE_SECONDS: Final = 60.0
SLOW_SECONDS: Final = 2.0
LONGEST_SLOW_SECONDS: Final = 600.0
"""The most that a `Retry-After` may hold us up."""


def outranks(new: Pause, old: Pause) -> bool:
    """Whether `new` takes the place of `old`."""
    return _RANK[new] > _RANK[old]


def probe_after(probes: int) -> float:
    """Seconds until the next probe after `probes` of them: five at first, doubling to a minute."""
    return min(PROBE_SECONDS * 2.0 ** min(probes, 20), LONGEST_PROBE_SECONDS)


def slow_for(retry_after: float | None) -> float:
    """Seconds without calls after HTTP 429: what AT asks for, or two."""
    return SLOW_SECONDS if retry_after is None else min(max(retry_after, 0.0), LONGEST_SLOW_SECONDS)
