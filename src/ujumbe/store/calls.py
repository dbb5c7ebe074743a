"""Calls to AT and the attempts they carry: the intent is written before a byte leaves, the outcome after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ujumbe.domain.money import Money
from ujumbe.store.database import Tx
from ujumbe.store.messages import money
from ujumbe.store.standings import Sent

MOST_ABANDONED: Final = 100
"""Calls settled in one transaction; each may carry a thousand messages."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What became of one attempt; `state` is one of the attempts table's words."""

    message: int
    call: int
    state: str
    provider_id: str = ""
    code: int | None = None
    status: str = ""
    parts: int | None = None
    cost: Money | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as it is shown, with the call that carried it. Times are epoch milliseconds."""

    call: int
    recipients: int
    started_at: int
    finished_at: int | None
    http_status: int | None
    summary: str
    reply: str
    state: str
    provider_id: str | None
    code: int | None
    status: str
    parts: int | None
    cost: Money | None
    inferred: bool
    """Whether its id was inferred from a report."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: `verdict` is `answered`, `not_taken` or `maybe_taken`."""

    call: int
    verdict: str
    http_status: int | None = None
    summary: str = ""
    reply: str = ""


def begin(tx: Tx, account: int, calls: Sequence[Sequence[tuple[int, str]]], lease_ms: int) -> list[int]:
    """Write the intent to send `calls`, each a list of messages (id, number); their ids."""
    call_ids = tx.new_ids(len(calls))
    if not calls:
        return []
    columns = {"id": call_ids, "recipients": [len(each) for each in calls]}
    tx.many("calls.insert", columns, account=account, lease_until=tx.now + lease_ms, now=tx.now)
    rows = [(message, call, to) for call, each in zip(call_ids, calls, strict=True) for message, to in each]
    names = ("message", "call", "number")
    tx.many("calls.insert_attempt", dict(zip(names, zip(*rows, strict=True), strict=True)))
    return call_ids


def finish(tx: Tx, endings: Sequence[Ending]) -> None:
    """Record how calls ended."""
    if not endings:
        return
    rows = [(each.call, each.verdict, each.http_status, each.summary, each.reply) for each in endings]
    names = ("id", "verdict", "http_status", "summary", "reply")
    tx.many("calls.finish", dict(zip(names, zip(*rows, strict=True), strict=True)), now=tx.now)


def settle(tx: Tx, results: Sequence[AttemptResult]) -> None:
    """Record what became of attempts."""
    rows = [
        (each.message, each.call, each.state, each.provider_id or None, each.code, each.status, each.parts,
         None if each.cost is None else each.cost.micros, None if each.cost is None else each.cost.currency)
        for each in results
    ]  # fmt: skip
    if rows:
        names = ("message", "call", "state", "provider_id", "code", "status", "parts", "cost_micros", "cost_currency")
        tx.many("calls.settle_attempt", dict(zip(names, zip(*rows, strict=True), strict=True)))


def take(tx: Tx, taken: Sequence[Sent]) -> None:
    """Record attempts that AT took."""
    if taken:
        columns: dict[str, list[Any]] = {
            "message": [each.message for each in taken],
            "call": [each.call for each in taken],
            "provider_id": [each.provider_id for each in taken],
            "code": [each.code for each in taken],
            "status": [each.status for each in taken],
            "parts": [each.parts for each in taken],
            "cost_micros": [None if each.cost is None else each.cost.micros for each in taken],
            "cost_currency": [None if each.cost is None else each.cost.currency for each in taken],
        }
        tx.many("calls.take_attempt", columns)


def infer(tx: Tx, message: int, call: int, provider_id: str) -> bool:
    """Note that an uncertain attempt is likely the one that AT calls `provider_id`; False where it is settled."""
    return tx.run("calls.infer", message=message, call=call, provider_id=provider_id) > 0


def known(tx: Tx, account: int, provider_ids: Collection[str]) -> set[str]:
    """Which of these ids AT gave to attempts of this account."""
    if not provider_ids:
        return set()
    return {row[0] for row in tx.tuples("calls.known", account=account, provider_ids=list(provider_ids))}


def latest(tx: Tx, messages: Sequence[int]) -> dict[int, int]:
    """The call of the latest attempt to send each of `messages`."""
    return dict(tx.tuples("calls.latest", ids=list(messages))) if messages else {}


def doubts(tx: Tx, messages: Sequence[int]) -> dict[int, int]:
    """How many attempts of each of `messages` are open or uncertain."""
    return dict(tx.tuples("calls.doubts", ids=list(messages))) if messages else {}


def abandon(tx: Tx, account: int, before: int, summary: str) -> list[int]:
    """Close calls without an outcome whose lease ended at or before `before` (epoch ms); which they were."""
    found = tx.tuples("calls.abandon", account=account, before=before, summary=summary, most=MOST_ABANDONED, now=tx.now)
    return sorted(row[0] for row in found)


def open_attempts(tx: Tx, calls: Sequence[int]) -> list[tuple[int, int, str]]:
    """The attempts (message, call, number) of these calls that have no outcome yet."""
    return [(row[0], row[1], row[2]) for row in tx.tuples("calls.open_of", calls=list(calls))] if calls else []


def in_flight(tx: Tx, account: int) -> tuple[int, int]:
    """How many calls are open, and for how many numbers."""
    row = tx.all("calls.in_flight", account=account)[0]
    return int(row["calls"]), int(row["numbers"])


def of_message(tx: Tx, message: int) -> list[Attempt]:
    """Every attempt to send this message, oldest first."""
    return [
        Attempt(
            call=row["id"],
            recipients=row["recipients"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            http_status=row["http_status"],
            summary=row["summary"],
            reply=row["reply"],
            state=row["state"],
            provider_id=row["provider_id"],
            code=row["code"],
            status=row["status"],
            parts=row["parts"],
            cost=money(row),
            inferred=bool(row["inferred"]),
        )
        for row in tx.all("calls.of_message", message=message)
    ]
