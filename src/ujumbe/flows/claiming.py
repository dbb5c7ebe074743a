"""Taking messages up for sending: what is due, permitted and in time becomes calls, whose intent is written first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ujumbe.africastalking import wire
from ujumbe.domain import erased, pace
from ujumbe.domain.errors import UjumbeError
from ujumbe.domain.message import State
from ujumbe.domain.outcome import OUTCOMES
from ujumbe.domain.pause import Pause
from ujumbe.store import accounts, batches, calls, erasure, opt_outs, outbox, paces
from ujumbe.store.accounts import Health
from ujumbe.store.batches import Content
from ujumbe.store.clock import steady
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Due

LOOK_AHEAD: Final = 1_000
"""Due messages looked at in one claim, to find those that can share a call."""
FIRST_LOOK: Final = 4
"""Messages a free call that are looked at first: where each is a call of its own, more would be read in vain."""

EXPIRED: Final = "its time to live ran out in our queue"
OPTED_OUT: Final = OUTCOMES[406].meaning
EVERY_SENDER: Final = "*"


class NotOursError(UjumbeError):
    """A claim lost what it had locked: cannot be, and nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be taken up at once, and how fast.

    `paces` are texts a second by sender, in the form that opt-outs compare; `*` is for those that are not named.
    """

    calls: int = 16
    numbers: int = LOOK_AHEAD
    recipients: int = wire.MOST_RECIPIENTS
    lease_ms: int = 90_000
    paces: Mapping[str, float] = field(default_factory=dict)

    def pace_of(self, scope: str) -> float | None:
        """How many texts a second this sender may send; None for as many as there are."""
        return self.paces.get(scope, self.paces.get(EVERY_SENDER))


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose intent is committed. `messages` are the ids, in the order of `outgoing.to`."""

    id: int
    account: int
    outgoing: wire.Outgoing
    messages: tuple[int, ...]
    claimed_at: float
    """By our own steady clock (seconds), from just before the commit."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim brought: calls to make, or what holds the account up, or when a paced sender may go on."""

    calls: list[Call]
    health: Health
    again_ms: int | None = None
    """Milliseconds until more is allowed: by a sender's pace, or by AT, which asked for fewer requests."""
    more: bool = False
    """Whether there may be more behind what was set aside: then it is worth asking again at once."""


def claim(tx: Tx, account: int, limits: Limits) -> Claimed:
    """Take up what is due, as calls of equal text, sender and options, and write the intent.

    What is late or opted out by now is set aside instead.
    """
    opt_outs.hold_still(tx, account)
    health = accounts.health(tx, account)
    if health.pause is not Pause.NONE:
        return Claimed([], health)
    if health.slow_until:
        return Claimed([], health, health.slow_until - tx.now)
    moved = outbox.fall_due(tx, account), outbox.expire(tx, account, EXPIRED)
    look = min(FIRST_LOOK * limits.calls, limits.numbers, LOOK_AHEAD)
    found = _due(tx, account, limits, look)
    groups = _groups(tx, found.rows)
    # One free call and four rows of one text are no reason to stop: the call may have room for a thousand.
    roomy = len(groups) < limits.calls or len(found.rows) > 2 * len(groups)
    if len(found.rows) == look < min(limits.numbers, LOOK_AHEAD) and roomy:
        found = _due(tx, account, limits, min(limits.numbers, LOOK_AHEAD))
        groups = _groups(tx, found.rows)
    chosen = [
        (content, rows[start : start + limits.recipients])
        for content, rows in groups
        for start in range(0, len(rows), limits.recipients)
    ][: limits.calls]
    ids = [each.id for _, rows in chosen for each in rows]
    if outbox.take(tx, ids) != len(ids):
        raise NotOursError("messages that this claim had locked were taken by another")
    made = _begin(tx, account, chosen, limits.lease_ms)
    _keep_pace(tx, account, limits, chosen)
    more = not made and bool(found.forbidden or max(moved) == outbox.MOST_MOVED)
    return Claimed(made, health, found.again_ms, more)


def begin_one(tx: Tx, account: int, content: Content, message: int, number: str, limits: Limits) -> Call:
    """Write the intent to send one message that is submitted at once. It counts for its sender's pace."""
    due = Due(message, number, 0, 0, tx.now, tx.now, opted_out=False)
    _keep_pace(tx, account, limits, [(content, [due])])
    return _begin(tx, account, [(content, [due])], limits.lease_ms)[0]


class _Found(NamedTuple):
    """What may go now, first things first; when more may, where only a pace holds it back; how many may not."""

    rows: list[Due]
    again_ms: int | None
    forbidden: int


def _due(tx: Tx, account: int, limits: Limits, most: int) -> _Found:
    found: list[Due] = []
    again: list[int] = []
    forbidden = 0
    for lane in outbox.lanes(tx, account):
        rate, room = limits.pace_of(lane.scope), most
        if rate is not None:
            now, free_at = tx.now * 1000, paces.free_at(tx, account, lane.scope)
            room = min(room, pace.allowance(free_at, now, rate))
            if free_at > now:
                again.append((free_at - now) // 1000 + 1)
        if room > 0:
            rows, aside = _permitted(tx, account, lane.scope, outbox.due(tx, account, lane, room))
            forbidden += aside
            # What has just expired is left to the next claim's `expire`.
            found += [each for each in rows if each.expires_at > tx.now]
    found.sort(key=lambda each: (-each.priority, each.due_at, each.id))
    return _Found(found[:most], min(again, default=None), forbidden)


def _permitted(tx: Tx, account: int, scope: str, rows: Sequence[Due]) -> tuple[list[Due], int]:
    """Those that may be sent; how many were set aside: their recipients opted out, or were erased on request.

    A text that was on its way when its recipient was erased may come back here, to be tried again: it has no number.
    """
    erased_out = opt_outs.erased_among(tx, account, [each.number for each in rows if not each.exempt], scope)
    gone = [each.id for each in rows if erased.is_mark(each.number)]
    out = [each.id for each in rows if each.opted_out or (each.number in erased_out and not each.exempt)]
    outbox.set_aside(tx, account, gone, State.CANCELED, erasure.CANCELED)
    outbox.set_aside(tx, account, out, State.BLOCKED, OPTED_OUT)
    aside = {*gone, *out}
    return [each for each in rows if each.id not in aside], len(aside)


def _groups(tx: Tx, rows: Sequence[Due]) -> list[tuple[Content, list[Due]]]:
    """Those that may share a call, in the order of the first of each group."""
    contents = batches.contents(tx, {each.batch for each in rows})
    kinds: dict[Content, int] = {}
    kind_of = {batch: kinds.setdefault(content, batch) for batch, content in contents.items()}
    groups: dict[tuple[int, int], list[Due]] = {}
    turns: dict[tuple[int, str], int] = {}
    for each in rows:
        kind = kind_of[each.batch]
        # AT's reply is told apart by number, so that the same text twice to one number takes two calls.
        turn = turns[kind, each.number] = turns.get((kind, each.number), 0) + 1
        group = groups.get((kind, turn))
        if group is None:
            groups[kind, turn] = [each]
        else:
            group.append(each)
    return [(contents[kind], group) for (kind, _), group in groups.items()]


def _begin(tx: Tx, account: int, chosen: Sequence[tuple[Content, Sequence[Due]]], lease_ms: int) -> list[Call]:
    now = steady()
    ids = calls.begin(tx, account, [[(each.id, each.number) for each in rows] for _, rows in chosen], lease_ms)
    return [
        Call(call, account, _outgoing(content, rows), tuple(each.id for each in rows), now)
        for call, (content, rows) in zip(ids, chosen, strict=True)
    ]


def _outgoing(content: Content, rows: Sequence[Due]) -> wire.Outgoing:
    return wire.Outgoing(
        tuple(each.number for each in rows),
        content.text,
        wire.Mode(content.mode),
        content.sender,
        content.link_id,
        content.keyword,
        content.retry_hours,
    )


def _keep_pace(tx: Tx, account: int, limits: Limits, taken: Sequence[tuple[Content, Sequence[Due]]]) -> None:
    """Charge what was taken up to its senders' paces, in the order of their names."""
    if not limits.paces:
        return
    for scope, count in sorted(_counts(taken)):
        rate = limits.pace_of(scope)
        if rate is not None and count:
            free_at = paces.free_at(tx, account, scope)
            paces.set_free_at(tx, account, scope, pace.after(free_at, tx.now * 1000, rate, count))


def _counts(taken: Sequence[tuple[Content, Sequence[Due]]]) -> Iterator[tuple[str, int]]:
    totals: dict[str, int] = {}
    for content, rows in taken:
        scope = batches.scope_of(content)
        totals[scope] = totals.get(scope, 0) + len(rows)
    yield from totals.items()
