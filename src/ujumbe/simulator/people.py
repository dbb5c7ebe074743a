"""The API for people and tests: phones, knobs, ledger.

AT has nothing like it. Errors are JSON with `error`, a sentence, and `field`, the value at fault or null.
"""

from __future__ import annotations

import re
from typing import Any

from ujumbe.simulator import handsets, inbox, subscriptions
from ujumbe.simulator.exchange import Request, Response, as_json
from ujumbe.simulator.faults import BadKnobError
from ujumbe.simulator.fields import NAME_LIMIT
from ujumbe.simulator.judge import NUMBER
from ujumbe.simulator.orders import TEXT_LIMIT
from ujumbe.simulator.runtime import Runtime
from ujumbe.simulator.store import rfc3339

LEDGER_PAGE = 1000
"""Lines a page of the ledger."""


class RefusedError(Exception):
    """What was asked cannot be done; `field` names the value at fault, if it is one."""

    def __init__(self, status: int, why: str, field: str | None = None) -> None:
        super().__init__(why)
        self.response = as_json({"error": why, "field": field}, status)


def status(runtime: Runtime, request: Request) -> Response:
    """Describe the account and where callbacks go."""
    del request
    config = runtime.config
    return as_json({
        "username": config.username,
        "short_code": config.short_code,
        "senders": list(runtime.account.senders(runtime.faults.senders)),
        "balance": str(runtime.account.balance),
        "mode": "live" if config.live else "sandbox",
        "callbacks": config.callbacks,
        "home": config.home,
        "callbacks_waiting": runtime.callbacks.waiting(),
        "last_callback": runtime.callbacks.last,
    })  # fmt: skip


def phones(runtime: Runtime, request: Request) -> Response:
    """List the phones."""
    del request
    return as_json(handsets.phones(runtime))


def open_phone(runtime: Runtime, request: Request) -> Response:
    """Put a phone on the desk."""
    return as_json(handsets.open_phone(runtime, number_in(_text(_body(request), "number", 20), "number")), 201)


def messages(runtime: Runtime, request: Request, number: str) -> Response:
    """List what a handset shows, oldest first."""
    limit = _whole(request, "limit", handsets.MESSAGES_LIMIT, handsets.MESSAGES_LIMIT)
    return as_json(handsets.messages(runtime, number, limit))


def write(runtime: Runtime, request: Request, number: str) -> Response:
    """Let a handset text a short code of the account, by default its own."""
    body = _body(request)
    text = _text(body, "text", TEXT_LIMIT)
    recipient = _text(body, "to", NAME_LIMIT) if "to" in body else runtime.config.short_code
    short_codes = [
        sender for sender in runtime.account.senders(runtime.faults.senders) if sender.lstrip("+").isdecimal()
    ]
    if recipient not in short_codes:
        raise RefusedError(422, f"nobody receives there; the account has {', '.join(short_codes)}", "to")
    return as_json(inbox.write(runtime, number, recipient, text), 201)


def mark_read(runtime: Runtime, request: Request, number: str) -> Response:
    """Count a phone's texts as read."""
    del request
    handsets.mark_read(runtime, number)
    return as_json({"number": number, "unread": 0})


def opt_out(runtime: Runtime, request: Request, number: str) -> Response:
    """Opt a number out of a sender."""
    sender = _text(_body(request), "senderId", NAME_LIMIT)
    subscriptions.opt_out(runtime, number, sender)
    return as_json({"phoneNumber": number, "senderId": sender}, 201)


def opt_in(runtime: Runtime, request: Request, number: str) -> Response:
    """Forget an opt-out, silently: AT documents no callback for it."""
    sender = _text(_body(request), "senderId", NAME_LIMIT)
    runtime.opt_outs.remove(number, sender)
    return as_json({"phoneNumber": number, "senderId": sender})


def subscribe(runtime: Runtime, request: Request, number: str) -> Response:
    """Let a handset subscribe to a keyword, or leave it."""
    body = _body(request)
    short_code, keyword = _text(body, "shortCode", NAME_LIMIT), _text(body, "keyword", NAME_LIMIT)
    update_type = _text(body, "updateType", NAME_LIMIT).lower()
    if update_type not in {"addition", "deletion"}:
        raise RefusedError(422, "expected addition or deletion", "updateType")
    subscriptions.change(runtime, number, short_code, keyword, update_type)
    return as_json({"phoneNumber": number, "shortCode": short_code, "keyword": keyword, "updateType": update_type}, 201)


def knobs(runtime: Runtime, request: Request) -> Response:
    """Show every knob."""
    del request
    return as_json(runtime.knobs())


def turn(runtime: Runtime, request: Request) -> Response:
    """Turn the named knobs and show all; a knob that is unknown or cannot be turned so leaves all as they were."""
    try:
        runtime.turn(_body(request))
    except BadKnobError as error:
        raise RefusedError(422, str(error), error.field) from None
    return as_json(runtime.knobs())


def ledger(runtime: Runtime, request: Request) -> Response:
    """List the recipient lines after a `seq`, `LEDGER_PAGE` at most; `next` is the last one's, or null at the end."""
    after = _whole(request, "after", 0, 2**62)
    limit = _whole(request, "limit", LEDGER_PAGE, LEDGER_PAGE)
    found = runtime.store.rows(
        """SELECT l.seq, r.at, r.id, l.number, r.text, r.sender, l.taken, l.status_code, l.message_id, l.cost,
                  r.outcome, coalesce(x.premium, 0), coalesce(x.keyword, ''), coalesce(x.link_id, ''), x.retry_hours
           FROM lines l JOIN requests r ON r.id = l.request LEFT JOIN extras x ON x.request = r.id
           WHERE l.seq > ? ORDER BY l.seq LIMIT ?""",
        after, limit + 1,
    )  # fmt: skip
    items: list[dict[str, Any]] = [
        {
            "seq": seq,
            "at": rfc3339(at),
            "request": request_id,
            "number": number,
            "text": text,
            "from": sender,
            "taken": bool(taken),
            "status_code": status_code,
            "message_id": message_id,
            "cost": cost,
            "outcome": outcome,
            "premium": bool(premium),
            "keyword": keyword,
            "link_id": link_id,
            "retry_hours": retry_hours,
        }
        for (
            seq,
            at,
            request_id,
            number,
            text,
            sender,
            taken,
            status_code,
            message_id,
            cost,
            outcome,
            premium,
            keyword,
            link_id,
            retry_hours,
        ) in found[:limit]
    ]
    return as_json({"items": items, "next": items[-1]["seq"] if len(found) > limit else None})


def reset(runtime: Runtime, request: Request) -> Response:
    """Forget everything and turn every knob back."""
    del request
    runtime.reset()
    return as_json(runtime.knobs())


def number_in(written: str, field: str = "number") -> str:
    """Return a number in E.164 however its plus was written; raises a `RefusedError`."""
    number = "+" + written.strip().removeprefix("+")
    if NUMBER.fullmatch(number) is None:
        raise RefusedError(422, "expected a number such as +254711000111", field)
    return number


def _body(request: Request) -> dict[str, Any]:
    """Read the JSON object of a request, whatever content type it was sent as: curl's default is a form's."""
    try:
        return request.json()
    except ValueError as error:
        raise RefusedError(400, f"not a JSON object: {error}") from None


def _text(body: dict[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > most or "\0" in value:
        raise RefusedError(422, f"expected a text of 1 to {most} characters without NUL", name)
    return value


_WHOLE = re.compile(r"[0-9]{1,19}")


def _whole(request: Request, name: str, default: int, most: int) -> int:
    try:
        value = request.query().get(name)
    except ValueError as error:
        raise RefusedError(400, f"unreadable query: {error}") from None
    if not value:
        return default
    if _WHOLE.fullmatch(value) is None or int(value) > most:
        raise RefusedError(422, f"expected a whole number up to {most}", name)
    return int(value)
