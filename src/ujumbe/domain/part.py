"""The parts that all texts are told in where they are many: what people ask first, in a few words."""

from enum import StrEnum
from typing import Final

from ujumbe.domain.message import State


class Part(StrEnum):
    """A part of all texts. The order is the one they are stacked in, from below."""

    DELIVERED = "delivered"
    ON_THE_WAY = "on the way"
    UNCERTAIN = "uncertain"
    NOT_DELIVERED = "not delivered"
    HELD_BACK = "held back"


OF_STATE: Final[dict[State, Part]] = {
    State.SCHEDULED: Part.ON_THE_WAY,
    State.QUEUED: Part.ON_THE_WAY,
    State.SENDING: Part.ON_THE_WAY,
    State.SENT: Part.ON_THE_WAY,
    State.DELIVERED: Part.DELIVERED,
    State.UNDELIVERED: Part.NOT_DELIVERED,
    State.FAILED: Part.NOT_DELIVERED,
    State.EXPIRED: Part.NOT_DELIVERED,
    State.BLOCKED: Part.HELD_BACK,
    State.CANCELED: Part.HELD_BACK,
    State.UNCERTAIN: Part.UNCERTAIN,
}

MEANING: Final[dict[Part, str]] = {
    Part.DELIVERED: "on the handset",
    Part.ON_THE_WAY: "waits, is being sent, or has no final report yet",
    Part.UNCERTAIN: "may or may not have been taken: somebody has to decide",
    Part.NOT_DELIVERED: "the network could not deliver it, it was refused, or it was too late",
    Part.HELD_BACK: "not sent on purpose: opted out, against a rule, or canceled",
}
