"""Subscription notices from AT."""

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Subscription
from ujumbe.store import callbacks, subscriptions
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep a subscription notice and apply it: `addition` starts one, `deletion` ends it."""
    notice = forms.read_subscription(forms.fields(raw.body, raw.query, raw.content_type))
    fate, note = _apply(tx, account, notice)
    callbacks.insert(tx, account, raw, number=notice.number, provider_id="", fate=fate, note=note)
    return fate


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
