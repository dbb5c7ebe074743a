"""Reports whose id we never learnt: one may settle a text of which nobody knows whether AT took it.

AT's reports name its own id, and an answer that was lost took the id along. A report with an unknown id is taken for
ours only where nothing else explains it: it came after the call began, exactly one attempt to that number is unsettled,
and exactly one unknown id is reported for it. What is settled so is marked `inferred`.
"""

from collections.abc import Iterable
from typing import Final

from ujumbe.domain import moment, phone
from ujumbe.flows import delivery
from ujumbe.flows.delivery import About
from ujumbe.store import callbacks, calls, decisions, ids, standings
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Decision, Rule

LOOK_BACK_MS: Final = 8 * 24 * 3600 * 1000
"""How old a text may be: none waits longer than a day in our queue, and no report is known to come a week late."""

WHY: Final = "the report's id was never learnt; no other text to this number can be meant"


def for_numbers(tx: Tx, account: int, numbers: Iterable[str]) -> int:
    """Settle what can be inferred about texts to `numbers`; how many that was."""
    return sum(_for_number(tx, account, number) for number in sorted(numbers) if phone.is_number(number))


def after_report(tx: Tx, account: int, raw: Raw, *, infer: bool) -> None:
    """Look once more for the message of a report that waits, now that it is committed."""
    report = delivery.read(raw).report
    delivery.apply_waiting(tx, account, [report.message_id])
    if infer:
        for_numbers(tx, account, [report.number])


def _for_number(tx: Tx, account: int, number: str) -> bool:
    unsettled = tx.all("messages.unsettled", account=account, number=number, since=ids.floor(tx.now - LOOK_BACK_MS))
    if len(unsettled) != 1 or unsettled[0]["attempt"] != "uncertain":
        return False
    attempt = unsettled[0]
    waiting = callbacks.waiting_for_number(tx, account, number, attempt["started_at"])
    if len({each[1] for each in waiting}) != 1:
        return False
    standings.one(tx, attempt["id"])  # locks it: nobody else settles it meanwhile
    if not calls.infer(tx, attempt["id"], attempt["call_id"], waiting[0][1]):
        return False
    abouts = [About(attempt["id"], delivery.read(raw).report) for _, _, raw, _ in waiting]
    outcomes = delivery.apply_all(tx, account, abouts)
    state = standings.one(tx, attempt["id"]).state
    concluded, settled = [], []
    for (callback, _, _, received_at), (fate, note) in zip(waiting, outcomes, strict=True):
        concluded.append((callback, fate, f"{note} (inferred: {WHY})"))
        if fate is Fate.APPLIED:
            told = f"a report of {moment.show(received_at)} settled it: {WHY}"
            settled.append(Decision(attempt["id"], Rule.INFERRED, state, told))
    callbacks.conclude(tx, concluded)
    decisions.insert(tx, settled)
    return True
