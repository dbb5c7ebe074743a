"""Calls to AT and the attempts they carry: the intent is written before a byte leaves, the outcome after."""

from collections.abc import Sequence
from dataclasses import dataclass

from ujumbe.domain.money import Money
from ujumbe.store.messages import money
from ujumbe.store.sqlite import Tx


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What became of one attempt; `state` is one of the attempts table's words."""

    message: int
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


def begin(tx: Tx, account: int, messages: Sequence[tuple[int, str]], lease_ms: int) -> int:
    """Write the intent to send `messages` (id, number) in one call; the call's id."""
    call = tx.new_id()
    tx.run(
        "calls.insert",
        id=call,
        account=account,
        recipients=len(messages),
        lease_until=tx.now + lease_ms,
        now=tx.now,
    )
    tx.many("calls.insert_attempt", [{"message": each, "call": call, "number": number} for each, number in messages])
    return call


def finish(
    tx: Tx, call: int, verdict: str, *, http_status: int | None = None, summary: str = "", reply: str = ""
) -> None:
    """Record how the call ended: `answered`, `not_taken` or `maybe_taken`."""
    tx.run("calls.finish", id=call, verdict=verdict, http_status=http_status, summary=summary, reply=reply, now=tx.now)


def settle(tx: Tx, call: int, results: Sequence[AttemptResult]) -> None:
    """Record what became of each attempt of a call."""
    tx.many(
        "calls.settle_attempt",
        [
            {
                "message": each.message,
                "call": call,
                "state": each.state,
                "provider_id": each.provider_id or None,
                "code": each.code,
                "status": each.status,
                "parts": each.parts,
                "cost_micros": None if each.cost is None else each.cost.micros,
                "cost_currency": None if each.cost is None else each.cost.currency,
            }
            for each in results
        ],
    )


def message_of(tx: Tx, account: int, provider_id: str, number: str) -> int | None:
    """The message of this account that AT calls `provider_id`, or None where we never learnt that id."""
    row = tx.one("calls.by_provider_id", account=account, provider_id=provider_id, number=number)
    return row["message_id"] if row is not None else None


def latest(tx: Tx, message: int) -> int:
    """The call of the latest attempt to send this message."""
    return int(tx.all("calls.latest", message=message)[0]["call_id"])


def open_before(tx: Tx, account: int, moment: int) -> list[int]:
    """Calls without an outcome whose lease ended at or before `moment`."""
    return [row["id"] for row in tx.all("calls.open_before", account=account, before=moment)]


def open_attempts(tx: Tx, call: int) -> list[tuple[int, str]]:
    """The (message, number) pairs of a call that have no outcome yet."""
    return [(row["message_id"], row["number"]) for row in tx.all("calls.of_call", call=call)]


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
        )
        for row in tx.all("calls.of_message", message=message)
    ]
