"""What can happen, as the user's own application is told: the types of events, in one table."""

from enum import StrEnum
from typing import Final

from ujumbe.domain.message import State


class Type(StrEnum):
    """The type of an event. What comes before the dot says what its id names."""

    ACCEPTED = "message.accepted"
    SENT = "message.sent"
    DELIVERED = "message.delivered"
    UNDELIVERED = "message.undelivered"
    FAILED = "message.failed"
    BLOCKED = "message.blocked"
    EXPIRED = "message.expired"
    CANCELED = "message.canceled"
    UNCERTAIN = "message.uncertain"
    RECEIVED = "message.received"
    OPTED_OUT = "optout.created"
    OPTED_IN = "optout.removed"
    SUBSCRIBED = "subscription.created"
    UNSUBSCRIBED = "subscription.deleted"
    BALANCE_LOW = "balance.low"


MEANING: Final = {
    Type.ACCEPTED: "a message was stored and will be sent",
    Type.SENT: "Africa's Talking took the message",
    Type.DELIVERED: "the message is on the handset",
    Type.UNDELIVERED: "the network could not deliver the message",
    Type.FAILED: "Africa's Talking refused the message, or no try is left",
    Type.BLOCKED: "the message was not sent: its recipient opted out",
    Type.EXPIRED: "the message waited too long and was not sent",
    Type.CANCELED: "the message was canceled before it left",
    Type.UNCERTAIN: "nobody knows whether Africa's Talking took the message; it waits for a report or a person",
    Type.RECEIVED: "somebody sent us a text",
    Type.OPTED_OUT: "somebody opted out of one sender, or of all",
    Type.OPTED_IN: "an opt-out ended",
    Type.SUBSCRIBED: "somebody subscribed to a premium product",
    Type.UNSUBSCRIBED: "a subscription ended",
    Type.BALANCE_LOW: "sending is paused because the balance is used up",
}

OF_STATE: Final = {
    State.SENT: Type.SENT,
    State.DELIVERED: Type.DELIVERED,
    State.UNDELIVERED: Type.UNDELIVERED,
    State.FAILED: Type.FAILED,
    State.BLOCKED: Type.BLOCKED,
    State.EXPIRED: Type.EXPIRED,
    State.CANCELED: Type.CANCELED,
    State.UNCERTAIN: Type.UNCERTAIN,
}
"""What is told when a message comes to a state; of the others (it waits, it is on its way) nobody is told."""
