"""Opt-out notices from AT."""

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.form import fields
from ujumbe.domain import phone
from ujumbe.store import callbacks, opt_outs
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx


def receive(tx: Tx, account: int, raw: Raw, default_country: str = "") -> Fate:
    """Keep an opt-out notice and put it in force; one that names no sender is about all of them."""
    applied = apply(tx, account, raw, default_country)
    callbacks.insert_all(tx, account, [applied])
    return applied.fate


def apply(tx: Tx, account: int, raw: Raw, default_country: str = "") -> New:
    """Put an opt-out notice in force; what became of it."""
    notice = forms.read_opt_out(fields(raw.body, raw.query, raw.content_type), default_country)
    if not notice.number:
        fate, note = Fate.INCOMPLETE, "no phoneNumber"
    elif opt_outs.insert(
        tx, account, notice.number, notice.sender, opt_outs.Source.CALLBACK, proof=raw.body.decode("utf-8", "replace")
    ):
        strange = (
            "" if phone.is_number(notice.number) else "; phoneNumber is not E.164 and stops only what is spelled so"
        )
        fate, note = Fate.APPLIED, f"opted out of {notice.sender or 'all senders'}{strange}"
    else:
        fate, note = Fate.DUPLICATE, "opted out before"
    return New(raw, notice.number, "", fate, note)
