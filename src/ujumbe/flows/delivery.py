"""Delivery reports: kept raw, and applied in whatever order they come, many in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Report
from ujumbe.africastalking.form import fields
from ujumbe.domain import consent, erased, message
from ujumbe.domain.message import PROGRESS_ORDER, Event
from ujumbe.flows import erasing
from ujumbe.store import callbacks, erasure, opt_outs, report_times, standings, subscriptions
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.standings import Facts, Move, Standing

OPTED_OUT_REASON = "userinblacklist"
"""AT's `failureReason` for a recipient who opted out, without case: it is `UserInBlackList` here, `…list` at send."""

NOT_SUBSCRIBED_REASON = "usernotsubscribedtoproduct"
"""AT's `failureReason`, without case, for a premium text to a number that is not subscribed to its keyword."""

STEPS = {status: step for step, status in enumerate(PROGRESS_ORDER, start=1)}


class Received(NamedTuple):
    """A report as it came, and as it reads."""

    raw: Raw
    report: Report


class About(NamedTuple):
    """A report, and the message that it is about."""

    message: int
    report: Report


class Applied(NamedTuple):
    """What became of a report, why, and the message that it is about, where one is known."""

    fate: Fate
    note: str
    message: int | None = None
    mark: str = ""
    """What stands for the number of its message, where that person was erased: the report is kept without it too."""


UNKNOWN = Applied(Fate.WAITING, "no message is known by this id yet")


def read(raw: Raw, default_country: str = "") -> Received:
    """Read a report; never raises. A national number is of `default_country`."""
    return Received(raw, forms.read_report(fields(raw.body, raw.query, raw.content_type), default_country))


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep one delivery report and apply it, or let it wait until we learn the id it names."""
    return receive_all(tx, account, [read(raw)])[0]


def receive_all(tx: Tx, account: int, received: Sequence[Received]) -> list[Fate]:
    """Keep delivery reports and apply them, in the order in which they came."""
    applied = _apply_reports(tx, account, [each.report for each in received])
    new = [_kept(each, outcome) for each, outcome in zip(received, applied, strict=True)]
    callbacks.insert_all(tx, account, new)
    return [each.fate for each in applied]


def apply(tx: Tx, account: int, raw: Raw) -> New:
    """Apply one report; what became of it."""
    received = read(raw)
    return _kept(received, _apply_reports(tx, account, [received.report])[0])


def _kept(received: Received, applied: Applied) -> New:
    raw, report = received
    fate, note, message_id, mark = applied
    if mark:
        raw = erasing.hide(raw, mark)
    return New(raw, mark or report.number, report.message_id, fate, note, message_id)


def apply_waiting(tx: Tx, account: int, provider_ids: Sequence[str]) -> None:
    """Apply the reports that came before we knew these ids: AT's reports can overtake its reply."""
    waiting = callbacks.waiting(tx, account, provider_ids) if provider_ids else []
    if waiting:
        applied = _apply_reports(tx, account, [read(raw).report for _, raw in waiting])
        known = [(one, each) for one, each in zip(waiting, applied, strict=True) if each is not UNKNOWN]
        callbacks.conclude(tx, [(callback, each.fate, each.note, each.message) for (callback, _), each in known])
        hidden = [(callback, erasing.hide(raw, each.mark), each.mark) for (callback, raw), each in known if each.mark]
        erasure.hide_callbacks(tx, hidden)


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


def apply_all(tx: Tx, account: int, abouts: Sequence[About]) -> list[Applied]:
    """Move messages of this account as reports say, in their order, guarded by the transition table."""
    if any(_opts_out(each.report) for each in abouts):
        opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    return _carry_out(tx, account, standings.read(tx, {each.message for each in abouts}), abouts)


def _apply_reports(tx: Tx, account: int, reports: Sequence[Report]) -> list[Applied]:
    """Apply reports to the messages that they name; one whose id nobody knows is `UNKNOWN`."""
    if any(map(_opts_out, reports)):
        opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    known = standings.reported(tx, account, {each.message_id for each in reports if each.message_id})
    abouts = [
        About(standings.choose(known[each.message_id], each.number), each)
        for each in reports
        if each.message_id in known
    ]
    found = {each.standing.id: each.standing for matches in known.values() for each in matches}
    applied = iter(_carry_out(tx, account, found, abouts))
    return [next(applied) if each.message_id in known else _unmatched(each) for each in reports]


def _carry_out(tx: Tx, account: int, found: Mapping[int, Standing], abouts: Sequence[About]) -> list[Applied]:
    now, reasons = dict(found), dict[int, str]()
    took: Counter[tuple[str, int]] = Counter()
    outcomes: list[Applied] = []
    for message_id, report in abouts:
        was = now[message_id]
        if _opts_out(report):
            sender = consent.named(was.sender)
            opt_outs.insert(
                tx,
                account,
                was.number,
                sender,
                opt_outs.Source.REPORT,
                report.failure_reason,
                f"delivery report of {report.message_id}: {report.status}, {report.failure_reason}",
            )
        after, fate, note = _follow(was, report)
        outcomes.append(Applied(fate, note, message_id, was.number if erased.is_mark(was.number) else ""))
        now[message_id] = after
        if fate is Fate.APPLIED:
            reasons[message_id] = _reason(report)
            _unsubscribe(tx, account, was, report)
            if after.state in message.FINAL and after.sent_at is not None:
                took[after.network_code, report_times.bucket(tx.now - after.sent_at)] += 1
    standings.move(tx, [_move(was, now[key], reasons.get(key)) for key, was in found.items() if now[key] is not was])
    report_times.note(tx, account, took)
    return outcomes


def _unsubscribe(tx: Tx, account: int, was: Standing, report: Report) -> None:
    """End the subscription that AT says is none; one that began after the text had left is another."""
    undelivered = message.report_event(report.status) is Event.UNDELIVERED
    if undelivered and was.keyword and report.failure_reason.casefold() == NOT_SUBSCRIBED_REASON:
        began_before = tx.now if was.sent_at is None else was.sent_at
        product = (was.sender, was.keyword)
        subscriptions.end(tx, account, was.number, *product, subscriptions.Source.REPORT, before=began_before)


def _follow(was: Standing, report: Report) -> tuple[Standing, Fate, str]:
    """Where a message stands after a report, what became of the report, and why."""
    if complaint := _complaint(report):
        return was, Fate.INCOMPLETE, complaint
    event = message.report_event(report.status)
    if event is None:
        return was, Fate.IGNORED, f"the status {report.status[:40]} is not one we know"
    state = message.after(was.state, event, assumed=was.assumed)
    if state is None:
        if was.progress.casefold() == report.status.casefold():
            return was, Fate.DUPLICATE, "reported before"
        return was, Fate.IGNORED, f"the message is {was.state} already"
    network = report.network_code or was.network_code
    if state is was.state and not _further(was, report):
        same = was if network == was.network_code else was._replace(network_code=network)
        return same, Fate.DUPLICATE, f"it was {was.progress or was.state} already"
    note = f"{was.state} → {state}" if state is not was.state else f"{state}: {report.status}"
    after = was._replace(state=state, progress=report.status, network_code=network, assumed=False)
    return after, Fate.APPLIED, note


def _move(was: Standing, after: Standing, reason: str | None) -> Move:
    facts = Facts(progress=after.progress, network_code=after.network_code)
    return Move(was, after.state, reason, facts, assumed=after.assumed)


def _further(was: Standing, report: Report) -> bool:
    """Whether a progress report says more than the last one did."""
    return STEPS.get(report.status.lower(), 0) > STEPS.get(was.progress.lower(), 0)


def _reason(report: Report) -> str:
    if message.report_event(report.status) is not Event.UNDELIVERED:
        return ""
    return (report.failure_reason or report.status)[:100]


def _opts_out(report: Report) -> bool:
    return bool(report.failure_reason) and report.failure_reason.casefold() == OPTED_OUT_REASON


def _unmatched(report: Report) -> Applied:
    complaint = _complaint(report)
    return Applied(Fate.INCOMPLETE, complaint) if complaint else UNKNOWN


def _complaint(report: Report) -> str:
    if report.message_id and report.status:
        return ""
    missing = [name for name, value in (("id", report.message_id), ("status", report.status)) if not value]
    return f"no {' and '.join(missing)}"
