"""Taking callbacks in: whatever comes is kept as it came, and applied with all that came at the same time."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Kind, Report
from ujumbe.africastalking.form import fields
from ujumbe.flows import consent, delivery, inbound, inferring, subscriptions
from ujumbe.flows.answering import Answers
from ujumbe.flows.inbound import Heard
from ujumbe.store import callbacks, standings
from ujumbe.store.callbacks import Fate, Kept, New, Raw
from ujumbe.store.database import Tx

T = TypeVar("T")

LONGEST_NOTE: Final = 200
LATE: Final = "replayed too late: not answered by itself"


class Rules(NamedTuple):
    """What the settings say about callbacks."""

    account: int
    answers: Answers
    default_country: str
    """Of national numbers, e.g. KE."""


def incoming(rules: Rules) -> Callable[[Tx, Sequence[Raw]], list[Heard]]:
    """The flow for incoming texts."""
    return lambda tx, raws: inbound.receive_all(tx, rules.account, raws, rules.answers)


def reports(rules: Rules) -> Callable[[Tx, Sequence[delivery.Received]], list[Fate]]:
    """The flow for delivery reports."""
    return lambda tx, received: delivery.receive_all(tx, rules.account, received)


def strays(rules: Rules, *, infer: bool) -> Callable[[Tx, Sequence[Report]], list[None]]:
    """The flow for reports that wait, after their commit; `infer` lets one settle an uncertain text (inferring.py)."""
    return lambda tx, reports: inferring.after_reports(tx, rules.account, reports, infer=infer)


def notices(rules: Rules, kind: Kind) -> Callable[[Tx, Sequence[Raw]], list[Fate]]:
    """The flow for opt-outs, or for subscriptions."""
    if kind is Kind.OPT_OUT:
        return _each(lambda tx, raw: consent.receive(tx, rules.account, raw, rules.default_country))
    return _each(lambda tx, raw: subscriptions.receive(tx, rules.account, raw))


def keep_aside(tx: Tx, account: int, raw: Raw, error: str) -> Fate:
    """Keep a callback that could not be applied, with what went wrong: it can be replayed once that is mended."""
    form = fields(raw.body, raw.query, raw.content_type)
    number = form.get("phoneNumber", form.get("from", ""))[: forms.LONGEST_KEY]
    provider_id = form.get("id", "").strip()[: forms.LONGEST_KEY]
    known = standings.reported(tx, account, [provider_id]) if raw.kind == Kind.REPORT and provider_id else {}
    message = standings.choose(known[provider_id], number) if known else None
    note = f"could not be applied: {error}"[:LONGEST_NOTE]
    callbacks.insert_all(tx, account, [New(raw, number, provider_id, Fate.BROKEN, note, message)])
    return Fate.BROKEN


def answer(raw: Raw) -> bytes:
    """What AT is told of a callback that was kept aside: the same as if it had been applied."""
    if raw.kind != Kind.INCOMING:
        return b"OK"
    return b"BAD" if forms.read_incoming(fields(raw.body, raw.query, raw.content_type)).missing else b"GOOD"


def replay(tx: Tx, rules: Rules, callback: int) -> Kept | None:
    """Apply a kept callback once more; how it stands then, None where there is none.

    What was applied stays applied: everything that a callback does is done once, whatever comes twice.
    """
    kept = callbacks.find(tx, rules.account, callback)
    if kept is None:
        return None
    applied = _apply(tx, rules, kept)
    if kept.fate is not Fate.APPLIED:
        note = f"replayed: {applied.note or applied.fate}"[:LONGEST_NOTE]
        callbacks.conclude(tx, [(callback, applied.fate, note, applied.message)])
    return callbacks.find(tx, rules.account, callback)


def _apply(tx: Tx, rules: Rules, kept: Kept) -> New:
    raw = kept.raw
    if raw.kind == Kind.REPORT:
        return delivery.apply(tx, rules.account, raw)
    if raw.kind == Kind.INCOMING:
        late = LATE if tx.now - kept.received_at > inbound.FRESH_MS else ""
        return inbound.apply(tx, rules.account, raw, rules.answers, late=late).kept
    if raw.kind == Kind.OPT_OUT:
        return consent.apply(tx, rules.account, raw, rules.default_country)
    return subscriptions.apply(tx, rules.account, raw)


def _each(flow: Callable[[Tx, Raw], T]) -> Callable[[Tx, Sequence[Raw]], list[T]]:
    """A flow for many out of one for each: they share the transaction, and the one before is seen by the next."""
    return lambda tx, raws: [flow(tx, raw) for raw in raws]
