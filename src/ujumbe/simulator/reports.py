"""Delivery reports: which are due for a line, when, and as which form body."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote_plus

from ujumbe.simulator.faults import Dice, Faults
from ujumbe.simulator.magic import DELIVERED, Report
from ujumbe.simulator.networks import network_of

Due = tuple[int, str]
"""When a callback is due, in epoch milliseconds, and its form body."""


def body(report: Report, number: str, message_id: str) -> str:
    """Write a report as AT does: the order and `retryCount=0` are recorded, `failureReason` is there if it is given."""
    if report.bare:
        return f"id={message_id}&status={report.status}"
    reason = f"&failureReason={report.reason}" if report.reason else ""
    return (
        f"phoneNumber={quote_plus(number)}{reason}&retryCount=0&id={message_id}"
        f"&status={report.status}&networkCode={network_of(number)}"
    )


def due(lines: Sequence[tuple[str, str, tuple[Report, ...]]], now_ms: int, faults: Faults, dice: Dice) -> list[Due]:
    """List the reports due for `(number, message id, reports)` lines under the present knobs.

    The first comes one delay after the send, the next one delay later each, in order unless shuffled.
    """
    if faults.reports == "none":
        return []
    delay = int(faults.report_delay_ms)
    final_only = faults.reports == "final"
    delivered = tuple(report for report in DELIVERED if report.final or not final_only)
    found: list[Due] = []
    for number, message_id, planned in lines:
        reports = delivered
        if planned is not DELIVERED:
            reports = tuple(report for report in planned if report.final or not final_only)
        bodies = [body(report, number, message_id) for report in reports]
        if faults.tampers_with_reports:
            bodies = _tampered(bodies, faults, dice)
        found.extend((now_ms + delay * step, text) for step, text in enumerate(bodies, 1))
    return found


def _tampered(bodies: list[str], faults: Faults, dice: Dice) -> list[str]:
    kept: list[str] = []
    for text in bodies:
        if dice.hits(faults.report_drop_rate):
            continue
        kept.append(text)
        if dice.hits(faults.report_duplicate_rate):
            kept.append(text)
    if faults.report_shuffle:
        dice.shuffle(kept)
    return kept
