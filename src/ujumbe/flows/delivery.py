"""Delivery reports: kept raw, and applied in whatever order they come."""

from collections.abc import Sequence

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Report
from ujumbe.domain import consent, message
from ujumbe.domain.message import PROGRESS_ORDER, Event
from ujumbe.store import callbacks, calls, opt_outs, report_times, standings
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx
from ujumbe.store.standings import Facts, Move, Standing

OPTED_OUT_REASON = "userinblacklist"
"""AT's `failureReason` for a recipient who opted out, without case: it is `UserInBlackList` here, `…list` at send."""


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep a delivery report and apply it, or let it wait until we learn the id it names."""
    report = forms.read_report(forms.fields(raw.body, raw.query, raw.content_type))
    if not report.message_id or not report.status:
        missing = " and ".join(
            name for name, value in (("id", report.message_id), ("status", report.status)) if not value
        )
        return _keep(tx, account, raw, report, Fate.INCOMPLETE, f"no {missing}")
    message_id = calls.message_of(tx, account, report.message_id, report.number)
    if message_id is None:
        return _keep(tx, account, raw, report, Fate.WAITING, "no message is known by this id yet")
    fate, note = apply(tx, message_id, report)
    return _keep(tx, account, raw, report, fate, note)


def apply_waiting(tx: Tx, account: int, provider_ids: Sequence[str]) -> None:
    """Apply the reports that came before we knew these ids: AT's reports can overtake its reply."""
    if not provider_ids:
        return
    for callback, raw in callbacks.waiting(tx, account, provider_ids):
        report = forms.read_report(forms.fields(raw.body, raw.query, raw.content_type))
        message_id = calls.message_of(tx, account, report.message_id, report.number)
        if message_id is not None:
            callbacks.conclude(tx, callback, *apply(tx, message_id, report))


def match_again(tx: Tx, learnt: Sequence[tuple[int, Sequence[str]]]) -> list[None]:
    """Apply reports that were written while the record of their send was: `learnt` are accounts and AT's ids.

    After both commits one of the two sees the other.
    """
    by_account: dict[int, list[str]] = {}
    for account, provider_ids in learnt:
        by_account.setdefault(account, []).extend(provider_ids)
    for account, provider_ids in by_account.items():
        apply_waiting(tx, account, provider_ids)
    return [None] * len(learnt)


def apply(tx: Tx, message_id: int, report: Report) -> tuple[Fate, str]:
    """Move a message as a report says, guarded by the transition table; what became of the report, and why."""
    was = standings.one(tx, message_id)
    if report.failure_reason.casefold() == OPTED_OUT_REASON:
        sender = consent.named(was.sender)
        opt_outs.insert(tx, was.account, was.number, sender, opt_outs.Source.REPORT, report.failure_reason)
    event = message.report_event(report.status)
    if event is None:
        return Fate.IGNORED, f"the status {report.status[:40]} is not one we know"
    state = message.after(was.state, event, assumed=was.assumed)
    if state is None:
        if was.progress.casefold() == report.status.casefold():
            return Fate.DUPLICATE, "reported before"
        return Fate.IGNORED, f"the message is {was.state} already"
    facts = Facts(progress=report.status, network_code=report.network_code)
    if state is was.state and not _further(was, report):
        standings.move(tx, [Move(was, state, None, Facts(network_code=report.network_code), assumed=was.assumed)])
        return Fate.DUPLICATE, f"it was {was.progress or was.state} already"
    standings.move(tx, [Move(was, state, _reason(event, report), facts)])
    if state in message.FINAL and was.sent_at is not None:
        report_times.note(tx, was.account, report.network_code or was.network_code, tx.now - was.sent_at)
    return Fate.APPLIED, f"{was.state} → {state}" if state is not was.state else f"{state}: {report.status}"


def _further(was: Standing, report: Report) -> bool:
    """Whether a progress report says more than the last one did."""
    steps = {status: step for step, status in enumerate(PROGRESS_ORDER, start=1)}
    return steps.get(report.status.lower(), 0) > steps.get(was.progress.lower(), 0)


def _reason(event: Event, report: Report) -> str:
    if event is not Event.UNDELIVERED:
        return ""
    return (report.failure_reason or report.status)[:100]


def _keep(tx: Tx, account: int, raw: Raw, report: Report, fate: Fate, note: str) -> Fate:
    callbacks.insert(tx, account, raw, number=report.number, provider_id=report.message_id, fate=fate, note=note)
    return fate
