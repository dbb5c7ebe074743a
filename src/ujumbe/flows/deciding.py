"""What a person decides about messages: to cancel them, and what became of the uncertain ones."""

from typing import Final

from ujumbe.domain import message
from ujumbe.domain.errors import UjumbeError
from ujumbe.domain.message import Event, State
from ujumbe.store import decisions, standings
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Decision, Rule
from ujumbe.store.standings import Move

CANCELED: Final = "canceled on request"


class StateError(UjumbeError):
    """The message is in a state in which that cannot be done."""


def cancel(tx: Tx, account: int, message_id: int) -> bool:
    """Cancel a message that has not left; False where it is unknown. Raises `StateError` where it has left."""
    return _decide(tx, account, message_id, Event.CANCELED, CANCELED)


def resolve(tx: Tx, account: int, message_id: int, *, sent: bool, resend: bool) -> bool:
    """Settle an uncertain message on a person's word; False where it is unknown.

    `sent` brings it to `sent`; otherwise it failed, or with `resend` goes out again. What is assumed so gives way to
    evidence. Raises `StateError` where it is not uncertain.
    """
    if sent:
        return _decide(tx, account, message_id, Event.VOUCHED_FOR, "resolved by hand: it was sent")
    if resend:
        return _decide(tx, account, message_id, Event.REPEATED, "resolved by hand: it was not sent, and goes out again")
    return _decide(tx, account, message_id, Event.WRITTEN_OFF, "resolved by hand: it was not sent")


def _decide(tx: Tx, account: int, message_id: int, event: Event, reason: str) -> bool:
    found = standings.read(tx, [message_id])
    if message_id not in found or found[message_id].account != account:
        return False
    was = found[message_id]
    if event is not Event.CANCELED and was.state is not State.UNCERTAIN:
        raise StateError(f"the message is {was.state}; only an uncertain one can be resolved")
    state = message.after(was.state, event)
    if state is None:
        raise StateError(f"the message is {was.state}; only one that waits can be canceled")
    assumed = message.still_assumed(event, assumed=was.assumed)
    due = tx.now if state is State.QUEUED else None
    standings.move(tx, [Move(was, state, reason, due=due, assumed=assumed)])
    rule = Rule.CANCELED if event is Event.CANCELED else Rule.PERSON
    decisions.insert(tx, [Decision(message_id, rule, state, reason)])
    return True
