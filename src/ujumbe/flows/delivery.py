"""Delivery reports: kept raw, and applied in whatever order they come, many in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ujumbe.africastalking import callbacks as forms
from ujumbe.africastalking.callbacks import Report
from ujumbe.domain import consent, message
from ujumbe.domain.message import PROGRESS_ORDER, Event
from ujumbe.store import callbacks, calls, opt_outs, report_times, standings
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.standings import Facts, Move, Standing

OPTED_OUT_REASON = "userinblacklist"
"""AT's `failureReason` for a recipient who opted out, without case: it is `UserInBlackList` here, `…list` at send."""
UNKNOWN = (Fate.WAITING, "no message is known by this id yet")


@dataclass(frozen=True, slots=True)
class Received:
    """A report as it came, and as it reads."""

    raw: Raw
    report: Report


class About(NamedTuple):
    """A report, and the message that it is about."""

    message: int
    report: Report


Outcome = tuple[Fate, str]
"""What became of a report, and why."""


def read(raw: Raw) -> Received:
    """Read a report; never raises."""
    return Received(raw, forms.read_report(forms.fields(raw.body, raw.query, raw.content_type)))


def receive(tx: Tx, account: int, raw: Raw) -> Fate:
    """Keep one delivery report and apply it, or let it wait until we learn the id it names."""
    return receive_all(tx, account, [read(raw)])[0]


def receive_all(tx: Tx, account: int, received: Sequence[Received]) -> list[Fate]:
    """Keep delivery reports and apply them, in the order in which they came."""
    complaints = [_complaint(each.report) for each in received]
    sound = [each.report for each, complaint in zip(received, complaints, strict=True) if not complaint]
    messages = _messages_of(tx, account, sound)
    abouts = {id(each): About(messages[key], each) for each in sound if (key := _key(each)) in messages}
    outcomes = dict(zip(abouts, apply_all(tx, account, list(abouts.values())), strict=True))
    new = []
    for each, complaint in zip(received, complaints, strict=True):
        outcome = (Fate.INCOMPLETE, complaint) if complaint else outcomes.get(id(each.report)) or UNKNOWN
        new.append(New(each.raw, each.report.number, each.report.message_id, *outcome))
    callbacks.insert_all(tx, account, new)
    return [each.fate for each in new]


def apply(tx: Tx, account: int, raw: Raw) -> New:
    """Apply one report; what became of it."""
    report = read(raw).report
    if complaint := _complaint(report):
        return New(raw, report.number, report.message_id, Fate.INCOMPLETE, complaint)
    found = _messages_of(tx, account, [report])
    outcome = apply_all(tx, account, [About(found[_key(report)], report)])[0] if found else UNKNOWN
    return New(raw, report.number, report.message_id, *outcome)


def apply_waiting(tx: Tx, account: int, provider_ids: Sequence[str]) -> None:
    """Apply the reports that came before we knew these ids: AT's reports can overtake its reply."""
    waiting = callbacks.waiting(tx, account, provider_ids) if provider_ids else []
    if not waiting:
        return
    reports = {callback: read(raw).report for callback, raw in waiting}
    messages = _messages_of(tx, account, list(reports.values()))
    abouts = {
        callback: About(messages[_key(report)], report)
        for callback, report in reports.items()
        if _key(report) in messages
    }
    outcomes = apply_all(tx, account, list(abouts.values()))
    callbacks.conclude(tx, [(each, *outcome) for each, outcome in zip(abouts, outcomes, strict=True)])


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


def apply_all(tx: Tx, account: int, abouts: Sequence[About]) -> list[Outcome]:
    """Move messages of this account as reports say, in their order, guarded by the transition table."""
    if not abouts:
        return []
    if any(_opts_out(each.report) for each in abouts):
        opt_outs.alone(tx, account)  # before any row is locked, so that nobody waits in a ring
    found = standings.read(tx, {each.message for each in abouts})
    now, reasons = dict(found), dict[int, str]()
    took: Counter[tuple[str, int]] = Counter()
    outcomes: list[Outcome] = []
    for message_id, report in abouts:
        was = now[message_id]
        if _opts_out(report):
            sender = consent.named(was.sender)
            opt_outs.insert(tx, account, was.number, sender, opt_outs.Source.REPORT, report.failure_reason)
        after, outcome = _follow(was, report)
        outcomes.append(outcome)
        now[message_id] = after
        if outcome[0] is Fate.APPLIED:
            reasons[message_id] = _reason(report)
            if after.state in message.FINAL and after.sent_at is not None:
                took[after.network_code, report_times.bucket(tx.now - after.sent_at)] += 1
    standings.move(tx, [_move(was, now[key], reasons.get(key)) for key, was in found.items() if now[key] is not was])
    report_times.note(tx, account, took)
    return outcomes


def _follow(was: Standing, report: Report) -> tuple[Standing, Outcome]:
    """Where a message stands after a report, and what became of the report."""
    event = message.report_event(report.status)
    if event is None:
        return was, (Fate.IGNORED, f"the status {report.status[:40]} is not one we know")
    state = message.after(was.state, event, assumed=was.assumed)
    if state is None:
        if was.progress.casefold() == report.status.casefold():
            return was, (Fate.DUPLICATE, "reported before")
        return was, (Fate.IGNORED, f"the message is {was.state} already")
    network = report.network_code or was.network_code
    if state is was.state and not _further(was, report):
        same = was if network == was.network_code else was._replace(network_code=network)
        return same, (Fate.DUPLICATE, f"it was {was.progress or was.state} already")
    note = f"{was.state} → {state}" if state is not was.state else f"{state}: {report.status}"
    after = was._replace(state=state, progress=report.status, network_code=network, assumed=False)
    return after, (Fate.APPLIED, note)


def _move(was: Standing, after: Standing, reason: str | None) -> Move:
    facts = Facts(progress=after.progress, network_code=after.network_code)
    return Move(was, after.state, reason, facts, assumed=after.assumed)


def _further(was: Standing, report: Report) -> bool:
    """Whether a progress report says more than the last one did."""
    steps = {status: step for step, status in enumerate(PROGRESS_ORDER, start=1)}
    return steps.get(report.status.lower(), 0) > steps.get(was.progress.lower(), 0)


def _reason(report: Report) -> str:
    if message.report_event(report.status) is not Event.UNDELIVERED:
        return ""
    return (report.failure_reason or report.status)[:100]


def _opts_out(report: Report) -> bool:
    return report.failure_reason.casefold() == OPTED_OUT_REASON


def _complaint(report: Report) -> str:
    missing = [name for name, value in (("id", report.message_id), ("status", report.status)) if not value]
    return f"no {' and '.join(missing)}" if missing else ""


def _key(report: Report) -> tuple[str, str]:
    return report.message_id, report.number


def _messages_of(tx: Tx, account: int, reports: Sequence[Report]) -> dict[tuple[str, str], int]:
    """The message that each report is about, by its id and number, where we know its id."""
    found = calls.messages_of(tx, account, {each.message_id for each in reports})
    known = [each for each in reports if each.message_id in found]
    return {_key(each): calls.choose(found[each.message_id], each.number) for each in known}
