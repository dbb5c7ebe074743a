"""What becomes of a message after a call: decided here, written down by recording.py."""

import random
from dataclasses import dataclass
from typing import Final

from ujumbe.africastalking.replies import Recipient
from ujumbe.domain import message, pause, retry
from ujumbe.domain.message import Event, State
from ujumbe.domain.outcome import Outcome, Verdict
from ujumbe.store.batches import Source
from ujumbe.store.decisions import Decision, Rule
from ujumbe.store.standings import NOTHING, Facts, Move, Standing

REPEAT_AFTER_MS: Final = 90_000
"""Not before the old call's lease (at most 90 s) is over may a repeat leave: its late answer must find nothing new."""
RISK_HOLD: Final = 401
MOST_RESENT: Final = 5
"""Tries after which a text that stays uncertain is given up even where a repeat is harmless."""

_EVENTS: Final = {
    Verdict.TAKEN: Event.TAKEN,
    Verdict.REFUSED: Event.REFUSED,
    Verdict.OPTED_OUT: Event.OPTED_OUT,
    Verdict.NOT_TAKEN: Event.NOT_TAKEN,
    Verdict.UNCERTAIN: Event.LOST,
}


@dataclass(frozen=True, slots=True)
class End:
    """What came of one message in one call."""

    call: int
    outcome: Outcome
    line: Recipient | None = None
    waits: bool = False
    """Whether it waits for something other than its own next try: the balance, the credentials, a free moment."""
    retry_after: float | None = None
    """Seconds that AT asked us to wait, where it did."""

    @property
    def event(self) -> Event:
        """What it is to the message."""
        return _EVENTS[self.outcome.verdict]


def decide(now: int, was: Standing, fate: End, rule: Rule | None, *, stale: bool) -> tuple[Move, list[Decision]]:
    """Where a message goes from here, and what is exceptional about it. `now` is epoch milliseconds.

    `stale` says that another attempt is under way or in doubt: a word of "not taken" or "unknown" on this one says
    nothing about that.
    """
    facts = NOTHING if fate.line is None else Facts(cost=fate.line.cost)
    event = fate.event
    stays = Move(was, was.state, None, facts, assumed=was.assumed)
    if stale:
        return stays, []
    due = None
    if event is Event.NOT_TAKEN:
        due = _next_try(now, was, fate)
        # Who asked through an invoke route was told that it failed, and may have tried again: it is not queued.
        if was.source is Source.INVOKE or due >= was.expires_at:
            event, due = Event.GAVE_UP, None
    policy = None
    if event is Event.LOST and was.source is not Source.INVOKE:
        event, due = _policy(now, was, fate.outcome)
        policy = Rule.POLICY if event is not Event.LOST else None
    # What settles a doubt at once passes through it: the table knows no other way.
    start = State.UNCERTAIN if policy else was.state
    state = message.after(start, event, assumed=was.assumed)
    if state is None:
        return stays, []
    reason = "" if event is Event.TAKEN else fate.outcome.meaning
    move = Move(was, state, reason, facts, due, assumed=message.still_assumed(event, assumed=was.assumed))
    late = Rule.LATE if was.state is not State.SENDING and event is Event.TAKEN else None
    notes = [Decision(was.id, each, state, fate.outcome.meaning) for each in (rule, policy, late) if each]
    return move, notes


def _next_try(now: int, was: Standing, fate: End) -> int:
    if fate.waits:
        return now  # the account's own pause holds it back, not a schedule
    wait = retry.delay(max(was.tries, 1), random.random())
    # However long AT asks us to wait, no longer than the account does: else a day's `Retry-After` would fail them all.
    asked = 0.0 if fate.retry_after is None else pause.slow_for(fate.retry_after)
    return now + round(1000 * max(wait, asked))


def _policy(now: int, was: Standing, outcome: Outcome) -> tuple[Event, int | None]:
    """What its own `on_uncertain` makes of a message that may have been taken: by default it is held for a person.

    What AT holds for a risk check is never sent again, and nothing is without end.
    """
    if was.state is not State.SENDING or was.on_uncertain == "hold":
        return Event.LOST, None
    due = now + REPEAT_AFTER_MS
    if was.on_uncertain == "resend" and outcome.code == RISK_HOLD:
        return Event.LOST, None
    if was.on_uncertain == "resend" and due < was.expires_at and was.tries < MOST_RESENT:
        return Event.REPEATED, due
    return Event.WRITTEN_OFF, None
