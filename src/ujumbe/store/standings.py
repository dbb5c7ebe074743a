"""Where messages stand, and how they move: read under lock, decided elsewhere, written if nothing changed meanwhile."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import events
from ujumbe.store.batches import Source
from ujumbe.store.database import Tx


class Standing(NamedTuple):
    """What a decision about a message needs to know of it. Times are epoch milliseconds."""

    id: int
    account: int
    number: str
    state: State
    assumed: bool
    progress: str
    tries: int
    expires_at: int
    sent_at: int | None
    network_code: str
    sender: str
    source: Source
    on_uncertain: str
    keyword: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What evidence adds to a message; None leaves what is known."""

    progress: str | None = None
    network_code: str | None = None
    cost: Money | None = None


NOTHING = Facts()


class Move(NamedTuple):
    """A message's way from the state it was found in to the next, which may be the same. `reason` None keeps it.

    `assumed` marks an end that nobody has evidence for; `due` (epoch ms) is when a queued one may leave.
    """

    was: Standing
    state: State
    reason: str | None
    facts: Facts = NOTHING
    due: int | None = None
    assumed: bool = False


def read(tx: Tx, message_ids: Iterable[int]) -> dict[int, Standing]:
    """Where these messages stand, locked until the transaction ends."""
    return {row[0]: _standing(*row) for row in tx.tuples("messages.standings", ids=list(message_ids))}


class Match(NamedTuple):
    """An attempt that AT knows by some id: the number it went to, its call, and where its message stands."""

    number: str
    call: int
    standing: Standing


def reported(tx: Tx, account: int, provider_ids: Collection[str]) -> dict[str, list[Match]]:
    """The attempts of this account that AT calls by these ids, their messages locked; an unknown id has none."""
    found: dict[str, list[Match]] = {}
    if provider_ids:
        for row in tx.tuples("messages.reported", account=account, provider_ids=list(provider_ids)):
            found.setdefault(row[0], []).append(Match(row[1], row[2], _standing(*row[3:])))
    return found


def choose(matches: Sequence[Match], number: str) -> int:
    """The message that a report for `number` is about: the number only decides between several.

    Should a report spell it in another way, the id alone still tells; of two attempts the later one counts.
    """
    if len(matches) == 1:
        return matches[0].standing.id
    return max(matches, key=lambda each: (each.number == number, each.call)).standing.id


def one(tx: Tx, message_id: int) -> Standing:
    """Where one message stands, locked until the transaction ends."""
    return read(tx, [message_id])[message_id]


def move(tx: Tx, moves: Sequence[Move]) -> int:
    """Carry out `moves`, each of another message; how many found their message where it was read."""
    rows = [
        (each.was.id, each.was.state, each.state, int(each.assumed), each.reason, each.due,
         each.facts.progress, each.facts.network_code or None,
         *_money(each.facts.cost))
        for each in moves
    ]  # fmt: skip
    if not rows:
        return 0
    names = ("id", "was", "state", "assumed", "reason", "due", "progress", "network_code",
             "cost_micros", "cost_currency")  # fmt: skip
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    if State.QUEUED in columns["state"]:
        tx.wake()
    done = tx.many("messages.move", columns, now=tx.now)
    # They were read under lock, so each was found where it stood.
    events.moved(
        tx, moves[0].was.account, [(each.was.id, each.state) for each in moves if each.state is not each.was.state]
    )
    return done


class Sent(NamedTuple):
    """A text that AT took, with what its reply says."""

    message: int
    call: int
    provider_id: str
    code: int
    status: str
    parts: int | None
    cost: Money | None


def take(tx: Tx, account: int, taken: Sequence[Sent]) -> int:
    """Bring what is still being sent to `sent`, where AT's reply says so; how many messages that was."""
    by_cost: dict[Money | None, list[int]] = {}
    for each in taken:
        by_cost.setdefault(each.cost, []).append(each.message)
    moved: list[int] = []
    for cost, ids in by_cost.items():  # a handful: a price goes by network
        micros, currency = _money(cost)
        rows = tx.tuples("messages.take", ids=ids, cost_micros=micros, cost_currency=currency, now=tx.now)
        moved += [row[0] for row in rows]
    events.add(tx, account, Type.SENT, sorted(moved))
    return len(moved)


def _money(cost: Money | None) -> tuple[int | None, str | None]:
    return (None, None) if cost is None else (cost.micros, cost.currency)


def _standing(message: int, account: int, number: str, state: str, assumed: int, *rest: Any) -> Standing:
    progress, tries, expires_at, sent_at, network_code, sender, source, on_uncertain, keyword = rest
    first = (message, account, number, State(state), bool(assumed), progress, tries, expires_at)
    return Standing(*first, sent_at, network_code, sender, Source(source), on_uncertain, keyword)
