"""The phones: which there are, and what each of them shows. They spring into being on first use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ujumbe.simulator.runtime import Runtime
from ujumbe.simulator.store import now_ms, rfc3339

PHONES_LIMIT, MESSAGES_LIMIT = 200, 10_000
"""Phones listed, and texts shown of one phone: the latest of each."""

Shown = dict[str, Any]


def message(direction: str, sender: str, recipient: str, text: str, at: int, message_id: str | None) -> Shown:
    """Return a text as a handset shows it: `in` arrived, `out` was written on it."""
    return {
        "direction": direction,
        "from": sender,
        "to": recipient,
        "text": text,
        "at": rfc3339(at),
        "message_id": message_id,
    }


def ring(runtime: Runtime, numbers: Iterable[str], at: int) -> None:
    """Count a text as arrived and unread on each of these phones; call it in the transaction that brought them."""
    runtime.store.run_many(
        """INSERT INTO phones VALUES (?, ?, ?, 1)
           ON CONFLICT (number) DO UPDATE SET changed_at = excluded.changed_at, unread = unread + 1""",
        ((number, at, at) for number in numbers),
    )


def pick_up(runtime: Runtime, number: str, at: int) -> None:
    """Count everything on a phone as read, because its owner is using it."""
    runtime.store.run(
        """INSERT INTO phones VALUES (?, ?, ?, 0)
           ON CONFLICT (number) DO UPDATE SET changed_at = excluded.changed_at, unread = 0""",
        number, at, at,
    )  # fmt: skip


def open_phone(runtime: Runtime, number: str) -> Shown:
    """Put a phone on the desk, or find it there."""
    at = now_ms()
    runtime.store.run("INSERT OR IGNORE INTO phones VALUES (?, ?, ?, 0)", number, at, at)
    runtime.events.publish("phone", lambda: {"number": number})
    opened_at, unread = runtime.store.row("SELECT opened_at, unread FROM phones WHERE number = ?", number) or (at, 0)
    return _phone(runtime, number, opened_at, unread)


def mark_read(runtime: Runtime, number: str) -> None:
    """Count everything on a phone as read."""
    runtime.store.run("UPDATE phones SET unread = 0 WHERE number = ?", number)


def phones(runtime: Runtime) -> list[Shown]:
    """List the phones, the latest used first. It reads every phone's row: some 0.1 s for half a million."""
    found = runtime.store.rows(
        "SELECT number, opened_at, unread FROM phones ORDER BY changed_at DESC, number LIMIT ?", PHONES_LIMIT
    )
    return [_phone(runtime, *row) for row in found]


def messages(runtime: Runtime, number: str, limit: int = MESSAGES_LIMIT) -> list[Shown]:
    """List what a handset shows, oldest first; of two in one millisecond, what it wrote comes first."""
    arrived = runtime.store.rows(
        """SELECT r.at, 1, l.seq, r.sender, r.text, l.message_id
           FROM lines l JOIN requests r ON r.id = l.request
           WHERE l.number = ? AND l.arrived ORDER BY l.seq DESC LIMIT ?""",
        number, limit,
    )  # fmt: skip
    written = runtime.store.rows(
        "SELECT at, 0, id, recipient, text, uuid FROM texts WHERE number = ? ORDER BY id DESC LIMIT ?", number, limit
    )
    shown = []
    for at, came, _, peer, text, message_id in sorted(arrived + written)[-limit:]:
        sender, recipient = (peer, number) if came else (number, peer)
        shown.append(message("in" if came else "out", sender, recipient, text, at, message_id))
    return shown


def _phone(runtime: Runtime, number: str, opened_at: int, unread: int) -> Shown:
    last = messages(runtime, number, limit=1)
    return {"number": number, "opened_at": rfc3339(opened_at), "unread": unread, "last": last[0] if last else None}
