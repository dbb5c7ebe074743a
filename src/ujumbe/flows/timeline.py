"""A message with everything that happened to it, composed on reading: for the API and the command line."""

from dataclasses import dataclass
from typing import Any

from ujumbe.africastalking import wire
from ujumbe.africastalking.form import fields
from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.phone import mask_all
from ujumbe.store import callbacks, calls, decisions, messages
from ujumbe.store.callbacks import Kept
from ujumbe.store.calls import Attempt
from ujumbe.store.database import Tx
from ujumbe.store.messages import Message


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `at` is epoch milliseconds."""

    at: int
    what: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """A message and its timeline, oldest first."""

    message: Message
    timeline: list[Step]


def explain(tx: Tx, account: int, message_id: int) -> Explained | None:
    """Compose the timeline from the batch, the attempts, the callbacks and the state; None for an unknown id."""
    message = messages.find(tx, account, message_id)
    if message is None:
        return None
    steps = [Step(message.created_at, "accepted", {"through": message.source})]
    for attempt in calls.of_message(tx, message_id):
        steps.extend(_attempt(message, attempt))
    steps.extend(_report(kept) for kept in callbacks.of_message(tx, account, message_id))
    steps.extend(
        Step(made.at, "decision", _told({"rule": made.rule, "state": made.state, "why": made.note}))
        for made in decisions.of_message(tx, message_id)
    )
    steps.sort(key=lambda step: step.at)
    state = {"state": message.state, "reason": message.reason, "rule": _RULES.get(message.state)}
    return Explained(message, [*steps, Step(max(message.updated_at, steps[-1].at), "state", _told(state))])


_RULES = {State.BLOCKED: "consent", State.EXPIRED: "expiry"}
"""What set aside a message that was never sent, or not again; other ends stand in its attempts and reports."""


def _attempt(message: Message, attempt: Attempt) -> list[Step]:
    call = ids.show(Kind.CALL, attempt.call)
    asked = {"call": call, "recipients": attempt.recipients, "request": _request(message, attempt)}
    begun = Step(attempt.started_at, "submitted", asked)
    if attempt.finished_at is None:
        return [begun]
    detail = {
        "call": call,
        "outcome": attempt.state,
        "http_status": attempt.http_status,
        "status_code": attempt.code,
        "status": attempt.status,
        "parts": attempt.parts,
        "provider_message_id": attempt.provider_id,
        "inferred": attempt.inferred or None,
        "cost": None if attempt.cost is None else str(attempt.cost),
        "summary": attempt.summary,
        "reply": mask_all(attempt.reply),
    }
    return [begun, Step(attempt.finished_at, "answered", _told(detail))]


def _request(message: Message, attempt: Attempt) -> dict[str, str]:
    """What AT was asked, without the others' numbers: the text stands with the message."""
    to, mode = (message.number,), wire.Mode(message.mode)
    options = (message.link_id, message.keyword, message.retry_hours)
    request = wire.send("", wire.Outgoing(to, message.text, mode, message.sender, *options))
    form = {**dict(request.form or ()), "message": f"({len(message.text)} characters)"}
    if attempt.recipients > 1:
        form["to"] += f" and {attempt.recipients - 1:,} more"
    return {"line": f"{request.method} {request.path}", "host": request.host, **form}


def _report(kept: Kept) -> Step:
    form = fields(kept.raw.body, kept.raw.query, kept.raw.content_type)
    detail = {"callback": ids.show(Kind.CALLBACK, kept.id), "became": kept.fate, "why": kept.note, "fields": form}
    return Step(kept.received_at, "report", detail)


def _told(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if value not in (None, "")}
