"""Incoming texts: kept, stored once, answered once."""

from typing import Final, NamedTuple

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Incoming
from ujumbe.domain import phone, replies, text
from ujumbe.flows import sending
from ujumbe.store import callbacks, inbound
from ujumbe.store.batches import Batch, Source
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx

MODE: Final = "two_way"


class Heard(NamedTuple):
    """What came of an incoming text."""

    kept: New
    complete: bool
    """Whether the callback had everything that AT documents; else it is answered BAD."""
    replied: bool
    """Whether an automatic reply was queued."""

    @property
    def fate(self) -> Fate:
        """What became of it."""
        return self.kept.fate


def receive(tx: Tx, account: int, raw: Raw, reply_template: str) -> Heard:
    """Keep an incoming text and, once for each of AT's ids, store it and queue the auto-reply."""
    heard = apply(tx, account, raw, reply_template)
    callbacks.insert_all(tx, account, [heard.kept])
    return heard


def apply(tx: Tx, account: int, raw: Raw, reply_template: str) -> Heard:
    """Store an incoming text and answer it, both once.

    A callback with at least `from`, `to`, `id` and `text` is applied even if it lacks the rest.
    """
    incoming = forms.read_incoming(forms.fields(raw.body, raw.query, raw.content_type))
    complaint = f"missing or empty: {', '.join(incoming.missing)}" if incoming.missing else ""
    fate, note, replied = Fate.INCOMPLETE, complaint, False
    if incoming.complete:
        stored = inbound.insert(tx, account, _new_text(incoming))
        if stored is None:
            fate, note = Fate.DUPLICATE, "this id came before"
        else:
            fate = Fate.APPLIED
            replied = _reply(tx, account, stored, incoming, reply_template)
    return Heard(New(raw, incoming.number, incoming.id, fate, note), not incoming.missing, replied)


def _reply(tx: Tx, account: int, stored: int, incoming: Incoming, template: str) -> bool:
    if not template.strip():
        inbound.answered(tx, stored, None, "auto-replies are off")
        return False
    if not phone.is_number(incoming.number):
        inbound.answered(tx, stored, None, "the sender is a name, which takes no texts")
        return False
    since = tx.now - replies.MEMORY_SECONDS * 1000
    rounds = [
        replies.Round(each.heard, each.answered, (tx.now - each.at) / 1000)
        for each in inbound.exchanges(tx, account, incoming.number, incoming.to, since)
    ]
    reason = replies.loop_reason(incoming.text, rounds)
    if reason is not None:
        inbound.answered(tx, stored, None, reason)
        return False
    answer = replies.render(template, {"text": incoming.text, "from": incoming.number, "to": incoming.to})
    batch = Batch(account, Source.REPLY, MODE, incoming.to, answer[: text.LONGEST], link_id=incoming.link_id)
    [message_id] = sending.accept(tx, batch, [incoming.number])
    inbound.answered(tx, stored, message_id)
    return True


def _new_text(incoming: Incoming) -> inbound.NewText:
    return inbound.NewText(
        provider_id=incoming.id,
        number=incoming.number,
        recipient=incoming.to,
        text=incoming.text,
        date=incoming.date,
        date_raw=incoming.date_raw,
        link_id=incoming.link_id,
        network_code=incoming.network_code,
        cost=incoming.cost,
    )
