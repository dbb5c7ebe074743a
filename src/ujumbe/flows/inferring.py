"""Reports whose id we never learnt: one may settle a text of which nobody knows whether AT took it.

AT's reports name its own id, and an answer that was lost took the id along. A report with an unknown id is taken for
ours only where nothing else explains it: it came after the call began, exactly one attempt to that number is unsettled,
and exactly one unknown id is reported for it. What is settled so is marked `inferred`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ujumbe.africastalking.callbacks import Report
from ujumbe.domain import moment, phone
from ujumbe.flows import delivery
from ujumbe.flows.delivery import About
from ujumbe.store import callbacks, calls, decisions, ids, messages, standings
from ujumbe.store.callbacks import Fate, Waiting
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Decision, Rule
from ujumbe.store.messages import Unsettled

LOOK_BACK_MS: Final = 8 * 24 * 3600 * 1000
"""How old a text may be: none waits longer than a day in our queue, and no report is known to come a week late."""

WHY: Final = "the report's id was never learnt; no other text to this number can be meant"


def for_numbers(tx: Tx, account: int, numbers: Iterable[str]) -> int:
    """Settle what can be inferred about texts to `numbers`; how many that was."""
    return sum(_for_number(tx, account, number) for number in sorted(numbers) if phone.is_number(number))


def after_reports(tx: Tx, account: int, waiting: Sequence[Report], *, infer: bool) -> list[None]:
    """Look once more for the messages of reports that wait, now that they are committed."""
    delivery.apply_waiting(tx, account, sorted({each.message_id for each in waiting}))
    if infer:
        for_numbers(tx, account, {each.number for each in waiting})
    return [None] * len(waiting)


def _for_number(tx: Tx, account: int, number: str) -> bool:
    since = ids.floor(tx.now - LOOK_BACK_MS)
    found = _only(messages.unsettled(tx, account, number, since))
    if found is None:
        return False
    standings.one(tx, found.message)  # locks it: nobody else settles it meanwhile
    # Each a statement of its own, in this order: a text that is claimed and reported meanwhile is seen either as under
    # way, or by its id.
    waiting = callbacks.waiting_for_number(tx, account, number, found.started_at)
    unknown = {each.provider_id for each in waiting}
    if len(unknown) != 1 or _only(messages.unsettled(tx, account, number, since)) != found:
        return False
    if calls.known(tx, account, unknown) or not calls.infer(tx, found.message, found.call, *unknown):
        return False
    _settle(tx, account, found.message, waiting)
    return True


def _only(unsettled: Sequence[Unsettled]) -> Unsettled | None:
    """The one text of which nobody knows; None where there are others, or it is still under way."""
    return unsettled[0] if len(unsettled) == 1 and unsettled[0].attempt == "uncertain" else None


def _settle(tx: Tx, account: int, message: int, waiting: Sequence[Waiting]) -> None:
    applied = delivery.apply_all(tx, account, [About(message, delivery.read(each.raw).report) for each in waiting])
    state = standings.one(tx, message).state
    settled = list(zip(waiting, applied, strict=True))
    callbacks.conclude(tx, [(w.id, each.fate, f"{each.note} (inferred: {WHY})", message) for w, each in settled])
    moved = [each.received_at for each, outcome in settled if outcome.fate is Fate.APPLIED]
    if moved:
        told = f"a report of {moment.show(moved[-1])} settled it: {WHY}"
        decisions.insert(tx, [Decision(message, Rule.INFERRED, state, told)])
