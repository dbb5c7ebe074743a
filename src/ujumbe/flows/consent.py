"""Opt-out notices from AT, and what people decide about texts that may ask to stop."""

from typing import Final

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.form import fields
from ujumbe.domain import phone
from ujumbe.flows import erasing
from ujumbe.store import callbacks, opt_outs, reviews
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import Source
from ujumbe.store.reviews import Decision, Review

OPERATOR: Final = "operator"
"""Who ended an opt-out that no word of the person ended."""


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
        mark = opt_outs.mark_in_force(tx, account, notice.number, notice.sender)
        if mark:  # AT repeats what its sender has been erased from since
            return New(erasing.hide(raw, mark), mark, "", fate, note)
    return New(raw, notice.number, "", fate, note)


def lift(tx: Tx, account: int, opt_out: int, proof: str) -> bool:
    """End one opt-out on an operator's word, kept as `proof`; False where it has ended before."""
    opt_outs.alone(tx, account)
    found = opt_outs.among(tx, account, [opt_out]).get(opt_out)
    if found is None or found.ended_at is not None:
        return False
    return opt_outs.end(tx, account, found.number, found.sender, OPERATOR, proof) > 0


def decide(tx: Tx, account: int, review: int, decision: Decision, by: str) -> Review | None:
    """Carry out a person's decision about a text on the review list; None where it does not wait for one (any more).

    Opting out records the text as the proof. `by` says who decided.
    """
    opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    found = reviews.find(tx, account, review)
    if found is None or not reviews.decide(tx, account, review, decision, by):
        return None
    if decision is Decision.OPT_OUT:
        opt_outs.insert(tx, account, found.number, "", Source.OPERATOR, f"on the review list, by {by}", found.text)
    return found
