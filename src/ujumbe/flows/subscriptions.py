"""Subscription notices from AT."""

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Subscription
from ujumbe.africastalking.form import fields
from ujumbe.flows import erasing
from ujumbe.store import callbacks, erasure, erasure_key, subscriptions
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep a subscription notice and apply it: `addition` starts one, `deletion` ends it."""
    applied = apply(tx, account, raw)
    callbacks.insert_all(tx, account, [applied])
    return applied.fate


def apply(tx: Tx, account: int, raw: Raw) -> New:
    """Start or end a subscription; what became of the notice."""
    notice = forms.read_subscription(fields(raw.body, raw.query, raw.content_type))
    for mark in erasure_key.marks(tx, [notice.number]):
        if erasure.ended_lately(tx, account, mark, notice.short_code, notice.keyword):
            note = "the person was erased since; AT repeats it"
            return New(erasing.hide(raw, mark), mark, "", Fate.DUPLICATE, note)
    return New(raw, notice.number, "", *_apply(tx, account, notice))


def _apply(tx: Tx, account: int, notice: Subscription) -> tuple[Fate, str]:
    named = {"phoneNumber": notice.number, "shortCode": notice.short_code, "updateType": notice.change}
    missing = [name for name, value in named.items() if not value]
    if missing:
        return Fate.INCOMPLETE, f"no {' and '.join(missing)}"
    product = (notice.number, notice.short_code, notice.keyword)
    if notice.change == "addition":
        started = subscriptions.start(tx, account, *product)
        return (Fate.APPLIED, "subscribed") if started else (Fate.DUPLICATE, "subscribed before")
    if notice.change == "deletion":
        ended = subscriptions.end(tx, account, *product)
        return (Fate.APPLIED, "unsubscribed") if ended else (Fate.DUPLICATE, "was not subscribed")
    return Fate.IGNORED, f"the updateType {notice.change[:40]} is not one we know"
