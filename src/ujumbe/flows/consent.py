"""Opt-out notices from AT."""

from ujumbe.africastalking import callbacks as forms
from ujumbe.domain import phone
from ujumbe.store import callbacks, opt_outs
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx


def receive(tx: Tx, account: int, raw: Raw, default_country: str = "") -> Fate:
    """Keep an opt-out notice and put it in force; one that names no sender is about all of them."""
    notice = forms.read_opt_out(forms.fields(raw.body, raw.query, raw.content_type), default_country)
    if not notice.number:
        fate, note = Fate.INCOMPLETE, "no phoneNumber"
    elif opt_outs.insert(tx, account, notice.number, notice.sender, opt_outs.Source.CALLBACK):
        strange = (
            "" if phone.is_number(notice.number) else "; phoneNumber is not E.164 and stops only what is spelled so"
        )
        fate, note = Fate.APPLIED, f"opted out of {notice.sender or 'all senders'}{strange}"
    else:
        fate, note = Fate.DUPLICATE, "opted out before"
    callbacks.insert(tx, account, raw, number=notice.number, provider_id="", fate=fate, note=note)
    return fate
