"""What must be put right from time to time: each step is one short transaction, and safe to run in any process."""

from typing import Final

from ujumbe.domain import overdue
from ujumbe.domain.message import State
from ujumbe.domain.outcome import Actor, Outcome, Verdict
from ujumbe.flows import claiming, delivery, inferring, recording, signing_in
from ujumbe.store import (
    answers,
    callbacks,
    calls,
    decisions,
    deliveries,
    events,
    ids,
    inbound,
    messages,
    outbox,
    report_times,
    webhooks,
)
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Decision, Rule

ABANDONED: Final = Outcome(
    None,
    "",
    Verdict.UNCERTAIN,
    Actor.NOBODY,
    "the process that sent it ended before the answer was recorded; it may have been taken",
)
RECENT_MS: Final = 15 * 60 * 1000
"""Reports that wait are looked at again for so long; later, only when their id is learnt."""
MOST_REPORTS: Final = 1_000
MOST_QUIET: Final = 1_000
TASK_MS: Final = 5 * 60 * 1000
"""Longer than a handler may take (a minute) or a call to AT can."""
TASK_DIED: Final = "the process ended while it was at it; it is not done again"
DAY_MS: Final = 24 * 3600 * 1000
UNTOLD_FACTOR: Final = 3
"""How much longer the log is kept for an endpoint that was not told."""
TRIED_DAYS: Final = 4
"""A delivery is tried for three days, so it is kept for longer, however short the log is kept."""
QUARANTINE_MS: Final = 7 * DAY_MS
"""A message waits a day at most (a year where asked), and its id is learnt within seconds of its call."""


def expire(tx: Tx, account: int) -> int:
    """Expire what waited too long in the outbox; how many messages that was. A claim never takes one of them."""
    outbox.fall_due(tx, account)
    return outbox.expire(tx, account, claiming.EXPIRED)


def settle_abandoned(tx: Tx, account: int, *, all_owners_dead: bool) -> int:
    """Settle open calls as uncertain: those whose lease ran out, or all where a lock proves every owner dead.

    Returns how many calls there were (at most a hundred at a time). Should a result still come, it is recorded all the
    same.
    """
    abandoned = calls.abandon(tx, account, (1 << 62) if all_owners_dead else tx.now, ABANDONED.meaning)
    recording.settle(tx, account, abandoned, ABANDONED, Rule.LEASE)
    return len(abandoned)


def give_up_tasks(tx: Tx, account: int, *, all_owners_dead: bool) -> int:
    """Give up tasks about incoming texts whose process died; how many there were. They may have been done."""
    return inbound.give_up_tasks(tx, account, tx.now - (0 if all_owners_dead else TASK_MS), TASK_DIED)


def adopt_reports(tx: Tx, account: int) -> int:
    """Give reports to their messages that a process of an older version took in while the database was upgraded."""
    return callbacks.adopt(tx, account, ids.floor(tx.now - DAY_MS))


def join_reports(tx: Tx, account: int, *, infer: bool) -> None:
    """Give reports that wait to the messages they are about.

    A report and the record of its send may have been written at the same time, each without seeing the other.
    """
    waiting = callbacks.waiting_since(tx, account, ids.floor(tx.now - RECENT_MS), MOST_REPORTS)
    known = calls.known(tx, account, {each[1] for each in waiting})
    delivery.apply_waiting(tx, account, sorted(known))
    if infer and messages.any_uncertain(tx, account):
        inferring.for_numbers(tx, account, {number for _, provider_id, number in waiting if provider_id not in known})


def note_overdue(tx: Tx, account: int, after: int) -> int:
    """Mark texts that wait unusually long for their final report; where the next look begins (0 for the start)."""
    counts = report_times.counts(tx, account)
    usual = {code: overdue.usual_seconds(buckets) for code, buckets in counts.items()}
    everywhere: dict[int, int] = {}
    for buckets in counts.values():
        for bucket, number in buckets.items():
            everywhere[bucket] = everywhere.get(bucket, 0) + number
    overall = overdue.usual_seconds(everywhere)
    newest = ids.floor(tx.now - 1000 * overdue.SHORTEST_SECONDS)
    quiet = messages.quiet(tx, account, after, newest, MOST_QUIET)
    late = []
    for each in quiet:
        known = usual.get(each.network_code) or overall
        waited = (tx.now - each.sent_at) // 1000
        if waited > overdue.patience_seconds(known):
            told = f"99 in 100 come within {known} s" if known else "too few have come to say what is usual"
            late.append(Decision(each.id, Rule.OVERDUE, State.SENT, f"no final report for {waited} s; {told}"))
    marked = messages.mark_overdue(tx, [each.message for each in late])
    decisions.insert(tx, [each for each in late if each.message in marked])
    return quiet[-1].id if len(quiet) == MOST_QUIET else 0


def quarantine(tx: Tx, account: int) -> int:
    """Give up on reports whose message never appeared; how many that was. They are kept, and change nothing."""
    note = f"no message was ever known by this id within {QUARANTINE_MS // DAY_MS} days"
    return callbacks.quarantine(tx, account, ids.floor(tx.now - QUARANTINE_MS), note)


def forget(tx: Tx, keep_callbacks_days: int, keep_events_days: int) -> int:
    """Delete what has been kept long enough: answers to repeat, sign-ins, raw callbacks, events, deliveries.

    Of webhooks that were deleted everything goes. Returns how many rows that was.
    """
    forgotten = answers.forget(tx) + deliveries.forget_orphans(tx) + webhooks.forget(tx) + signing_in.forget(tx)
    if keep_events_days:
        events.number(tx)
        before = ids.floor(tx.now - keep_events_days * DAY_MS)
        tried = ids.floor(tx.now - max(keep_events_days, TRIED_DAYS) * DAY_MS)
        # What an endpoint has not been told yet is kept longer: it may be away, or disabled by mistake.
        untold = ids.floor(tx.now - UNTOLD_FACTOR * keep_events_days * DAY_MS)
        forgotten += events.forget(tx, before, webhooks.lowest_position(tx)) + events.forget(tx, untold, events.EVER)
        forgotten += deliveries.forget(tx, tried)
    if keep_callbacks_days:
        forgotten += callbacks.forget(tx, ids.floor(tx.now - keep_callbacks_days * DAY_MS))
    return forgotten
