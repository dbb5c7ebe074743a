"""Incoming texts: kept, stored once, answered once."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Incoming
from ujumbe.africastalking.form import fields
from ujumbe.africastalking.replies import InboxMessage
from ujumbe.domain import phone
from ujumbe.domain.rule import Rule
from ujumbe.flows import answering, erasing
from ujumbe.flows.answering import Answers
from ujumbe.store import accounts, callbacks, inbound, opt_outs, rules
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.inbound import NewText

FRESH_MS: Final = 3_600_000
"""A text that was fetched an hour late gets no automatic reply: its sender no longer waits for one."""
LATE: Final = "fetched from AT's inbox, too late or for the first time: not answered by itself"


class Heard(NamedTuple):
    """What came of an incoming text."""

    kept: New
    complete: bool
    """Whether the callback had everything that AT documents; else it is answered BAD."""
    replied: bool
    """Whether an automatic reply was queued."""
    rule: str = ""
    """The kind of rule that it came under; empty for one that was not stored anew."""

    @property
    def fate(self) -> Fate:
        """What became of it."""
        return self.kept.fate


def receive_all(tx: Tx, account: int, raws: Sequence[Raw], answers: Answers) -> list[Heard]:
    """Keep incoming texts and, once for each of AT's ids, store them and do what follows."""
    read = [(raw, _read(raw, answers.country)) for raw in raws]
    kept = _rules(tx, account)
    if any(answering.may_stop(_new_text(incoming), kept) for _, incoming in read):
        opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    # Among those who take in callbacks the id tells twice from once; a fetch has other ids, and waits.
    tx.lock(f"inbound {account}", shared=True)
    heard = [_apply(tx, account, raw, incoming, answers, kept) for raw, incoming in read]
    callbacks.insert_all(tx, account, [each.kept for each in heard])
    return heard


def receive(tx: Tx, account: int, raw: Raw, answers: Answers) -> Heard:
    """Keep one incoming text and do what follows."""
    return receive_all(tx, account, [raw], answers)[0]


def apply(tx: Tx, account: int, raw: Raw, answers: Answers, *, late: str = "") -> Heard:
    """Store an incoming text and do what follows from it, both once; a `late` one (why it is) is not answered."""
    return _apply(tx, account, raw, _read(raw, answers.country), answers, _rules(tx, account), late)


def _rules(tx: Tx, account: int) -> list[Rule]:
    return [each.rule for each in rules.list_all(tx, account)]


def _read(raw: Raw, country: str) -> Incoming:
    return forms.read_incoming(fields(raw.body, raw.query, raw.content_type), country)


def _apply(
    tx: Tx, account: int, raw: Raw, incoming: Incoming, answers: Answers, kept: Sequence[Rule], late: str = ""
) -> Heard:
    """A callback with at least `from`, `to`, `id` and `text` is applied even if it lacks the rest."""
    complaint = f"missing or empty: {', '.join(incoming.missing)}" if incoming.missing else ""
    fate, note, replied, rule = Fate.INCOMPLETE, complaint, False, ""
    if incoming.complete:
        text = _new_text(incoming)
        known = inbound.is_known(tx, account, text.provider_id) or _from_inbox(tx, account, text) is not None
        stored = None if known else inbound.insert(tx, account, text)
        if stored is None:
            fate, note = Fate.DUPLICATE, "this id came before, or the text was fetched from AT's inbox"
            mark = inbound.mark_of(tx, account, incoming.id)
            if mark:  # AT repeats what its sender has been erased from since
                return Heard(New(erasing.hide(raw, mark), mark, incoming.id, fate, note), not incoming.missing, replied)
        else:
            fate = Fate.APPLIED
            rule, replied = answering.answer(tx, account, stored, text, answers, kept, late=late)
    return Heard(New(raw, incoming.number, incoming.id, fate, note), not incoming.missing, replied, rule)


def fetched(tx: Tx, account: int, page: Sequence[InboxMessage], answers: Answers, *, first: bool) -> int:
    """Store texts of AT's inbox that no callback brought; how many there were.

    An old one is not answered by itself, and none is at our `first` look: what the inbox held before may have been
    answered by whoever looked before us.
    """
    new = 0
    tx.lock(f"inbound {account}")
    kept = _rules(tx, account)
    for each in page:
        if inbound.known_in_inbox(tx, account, each.id):
            continue
        text = _of_inbox(each, answers.country)
        twin = inbound.twin(tx, account, text, pulled=True)
        stored = inbound.insert(tx, account, text) if twin is None else None
        if twin is not None or stored is not None:
            inbound.name_in_inbox(tx, twin if twin is not None else stored or 0, each.id)
        if stored is not None:
            new += 1
            fresh = not first and text.date is not None and tx.now - text.date <= FRESH_MS
            answering.answer(tx, account, stored, text, answers, kept, late="" if fresh else LATE)
    accounts.see_inbox(tx, account, max((each.id for each in page), default=0))
    return new


def _from_inbox(tx: Tx, account: int, text: NewText) -> int | None:
    """The stored text that was fetched before its callback came; it takes the callback's id."""
    twin = inbound.twin(tx, account, text, pulled=False)
    if twin is not None:
        inbound.name_by_callback(tx, twin, text)
    return twin


def _of_inbox(message: InboxMessage, country: str) -> NewText:
    return NewText(
        provider_id=f"inbox-{message.id}",
        number=phone.lenient(message.number, country),
        recipient=message.to,
        text=message.text,
        date=forms.read_date(message.date),
        date_raw=message.date,
        link_id=message.link_id,
        network_code="",
        cost="",
    )


def _new_text(incoming: Incoming) -> NewText:
    return NewText(
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
