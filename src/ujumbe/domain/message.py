"""The states of a message and every way from one to the next: the one table that all flows obey."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message is. The order is the usual way through."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNCERTAIN = "uncertain"


class Event(StrEnum):
    """What can happen to a message."""

    DUE = "its time has come"
    CLAIMED = "a worker took it up"
    TAKEN = "AT took it"
    NOT_TAKEN = "AT did not take it; another try is left"
    GAVE_UP = "AT did not take it and no try is left"
    REFUSED = "AT refused it"
    OPTED_OUT = "the recipient has opted out"
    LOST = "nobody knows whether AT took it"
    PROGRESS = "a report says it is on its way"
    DELIVERED = "a report says it arrived"
    UNDELIVERED = "a report says it will not arrive"
    EXPIRED = "it would have gone out too late"
    CANCELED = "it was canceled before it left"
    REPEATED = "nobody knows whether AT took it, and a repeat is harmless or was asked for"
    WRITTEN_OFF = "it counts as not sent, by its own policy or a person's word"
    VOUCHED_FOR = "a person says that it was sent"


MEANING: Final[dict[State, str]] = {
    State.SCHEDULED: "waits for its time",
    State.QUEUED: "waits to be sent",
    State.SENDING: "is being handed to Africa's Talking",
    State.SENT: "taken by Africa's Talking, no final report yet",
    State.DELIVERED: "on the handset",
    State.UNDELIVERED: "the network could not deliver it",
    State.FAILED: "refused, or no try is left; never taken",
    State.BLOCKED: "not sent: the recipient opted out, or a rule forbade it",
    State.EXPIRED: "not sent: it would have been late",
    State.CANCELED: "canceled before it left",
    State.UNCERTAIN: "may or may not have been taken; never sent again by itself",
}

FINAL: Final = frozenset(
    {State.DELIVERED, State.UNDELIVERED, State.FAILED, State.BLOCKED, State.EXPIRED, State.CANCELED}
)

TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    State.SCHEDULED: {
        Event.DUE: State.QUEUED,
        Event.OPTED_OUT: State.BLOCKED,
        Event.EXPIRED: State.EXPIRED,
        Event.CANCELED: State.CANCELED,
    },
    State.QUEUED: {
        Event.CLAIMED: State.SENDING,
        Event.OPTED_OUT: State.BLOCKED,
        Event.EXPIRED: State.EXPIRED,
        Event.CANCELED: State.CANCELED,
        # A provider that lied about "not taken": what it now reports must stop the next try.
        Event.PROGRESS: State.SENT,
        Event.DELIVERED: State.DELIVERED,
        Event.UNDELIVERED: State.UNDELIVERED,
    },
    State.SENDING: {
        Event.TAKEN: State.SENT,
        Event.NOT_TAKEN: State.QUEUED,
        Event.GAVE_UP: State.FAILED,
        Event.REFUSED: State.FAILED,
        Event.OPTED_OUT: State.BLOCKED,
        Event.LOST: State.UNCERTAIN,
        # Reports may overtake our own record of the send.
        Event.PROGRESS: State.SENT,
        Event.DELIVERED: State.DELIVERED,
        Event.UNDELIVERED: State.UNDELIVERED,
    },
    State.SENT: {
        Event.PROGRESS: State.SENT,
        Event.DELIVERED: State.DELIVERED,
        Event.UNDELIVERED: State.UNDELIVERED,
    },
    State.UNCERTAIN: {
        # A result that comes late is still recorded, and settles the doubt.
        Event.TAKEN: State.SENT,
        Event.NOT_TAKEN: State.QUEUED,
        Event.GAVE_UP: State.FAILED,
        Event.REFUSED: State.FAILED,
        Event.OPTED_OUT: State.BLOCKED,
        Event.PROGRESS: State.SENT,
        Event.DELIVERED: State.DELIVERED,
        Event.UNDELIVERED: State.UNDELIVERED,
        Event.REPEATED: State.QUEUED,
        Event.WRITTEN_OFF: State.FAILED,
        Event.VOUCHED_FOR: State.SENT,
    },
    **{state: {} for state in FINAL},
}

REPORTS: Final[dict[str, Event]] = {
    "sent": Event.PROGRESS,
    "submitted": Event.PROGRESS,
    "buffered": Event.PROGRESS,
    "success": Event.DELIVERED,
    "failed": Event.UNDELIVERED,
    "rejected": Event.UNDELIVERED,
    "absentsubscriber": Event.UNDELIVERED,
    "expired": Event.UNDELIVERED,
}
"""AT's report statuses, compared without case. The last two are not called final in AT's docs; no report
has been seen to follow them."""

PROGRESS_ORDER: Final = ("sent", "submitted", "buffered")
"""How far a report says the text has come: a lower one never replaces a higher."""

ASSUMPTIONS: Final = frozenset({Event.WRITTEN_OFF, Event.VOUCHED_FOR, Event.REPEATED})
"""Events after which something is only assumed: what comes of the message then gives way to evidence."""

_PROOF = frozenset({Event.TAKEN, Event.PROGRESS, Event.DELIVERED, Event.UNDELIVERED})
"""What tells the fate of the message, whichever of its attempts it is about."""
_ANSWERS = _PROOF | {Event.REFUSED}
"""What replaces an assumption. A refusal does, but tells nothing about an attempt before it."""


def still_assumed(event: Event, *, assumed: bool) -> bool:
    """Whether the state that `event` leads to is (still) only assumed: until evidence has come."""
    return event in ASSUMPTIONS or (assumed and event not in _PROOF)


def after(state: State, event: Event, *, assumed: bool = False) -> State | None:
    """The state that follows, or None where `event` changes nothing (a late or repeated one).

    `assumed` says that the state was a guess or a person's word: then evidence counts as if the message
    were still uncertain. A final state that evidence gave is never left.
    """
    if assumed and event in _ANSWERS:
        return TRANSITIONS[State.UNCERTAIN].get(event)
    return TRANSITIONS[state].get(event)


def report_event(status: str) -> Event | None:
    """What a delivery report's `status` says; None for one that AT has added since (kept raw, changes nothing)."""
    return REPORTS.get(status.strip().lower())
