"""Opt-out notices from AT."""

from ujumbe.africastalking import callbacks as forms
from ujumbe.store import callbacks, opt_outs
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.sqlite import Tx


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep an opt-out notice and put it in force; one that names no sender is about all of them."""
    notice = forms.read_opt_out(forms.fields(raw.body, raw.query, raw.content_type))
    if not notice.number:
        fate, note = Fate.INCOMPLETE, "no phoneNumber"
    elif opt_outs.insert(tx, account, notice.number, notice.sender, opt_outs.Source.CALLBACK):
        fate, note = Fate.APPLIED, f"opted out of {notice.sender or 'all senders'}"
    else:
        fate, note = Fate.DUPLICATE, "opted out before"
    callbacks.insert(tx, account, raw, number=notice.number, provider_id="", fate=fate, note=note)
    return fate
