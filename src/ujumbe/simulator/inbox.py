"""What handsets write: into AT's inbox, and to the service as a callback."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ujumbe.simulator import handsets
from ujumbe.simulator.exchange import Request
from ujumbe.simulator.fields import last_received_id, required_query
from ujumbe.simulator.magic import OLD_HANDSET
from ujumbe.simulator.networks import network_of
from ujumbe.simulator.runtime import Runtime
from ujumbe.simulator.store import now_ms, rfc3339

PAGE = 100
"""Texts a fetch: one of AT's old pages says 100, another 10 (assumed)."""

COST = "KES 1.0000"
"""Of a text to a short code; its style is documented, the amount made up."""


def write(runtime: Runtime, number: str, recipient: str, text: str) -> dict[str, Any]:
    """Let a handset text a short code. Nothing is read into the text: STOP is the service's business."""
    at = now_ms()
    message_id, link_id = str(uuid.uuid4()), "".join(secrets.choice("0123456789") for _ in range(20))
    if number == OLD_HANDSET:
        link_id = ""
    with runtime.store.transaction():
        runtime.store.run(
            "INSERT INTO texts (uuid, at, number, recipient, text, link_id) VALUES (?, ?, ?, ?, ?, ?)",
            message_id, at, number, recipient, text, link_id,
        )  # fmt: skip
        handsets.pick_up(runtime, number, at)
        runtime.callbacks.add("twoway", [(at, _body(number, recipient, text, at, message_id, link_id))])
    runtime.callbacks.wake("twoway")
    shown = handsets.message("out", number, recipient, text, at, message_id)
    runtime.events.publish("message", lambda: {"number": number, **shown})
    return {**shown, "link_id": link_id}


def fetch(runtime: Runtime, request: Request) -> dict[str, object]:
    """Answer `GET /version1/messaging`: up to 100 texts after `lastReceivedId`, with integer ids (documented)."""
    runtime.account.require_credentials(request)
    query = required_query(request, "username")
    runtime.account.authenticate(request, query["username"])
    found = runtime.store.rows(
        "SELECT at, number, id, link_id, text, recipient FROM texts WHERE id > ? ORDER BY id LIMIT ?",
        last_received_id(query), PAGE,
    )  # fmt: skip
    messages = [
        {"date": rfc3339(at), "from": number, "id": number_in_inbox, "linkId": link_id, "text": text, "to": recipient}
        for at, number, number_in_inbox, link_id, text, recipient in found
    ]
    return {"SMSMessageData": {"Messages": messages}}


def knows_link(runtime: Runtime, link_id: str, number: str) -> bool:
    """Whether a `linkId` came with a text from this number."""
    return runtime.store.row("SELECT 1 FROM texts WHERE link_id = ? AND number = ?", link_id, number) is not None


def _body(number: str, recipient: str, text: str, at: int, message_id: str, link_id: str) -> str:
    date = datetime.fromtimestamp(at // 1000, UTC)
    fields = {
        "date": f"{date:%Y-%m-%dT%H:%M:%SZ}",
        "from": number,
        "id": message_id,
        "linkId": link_id,
        "text": text,
        "to": recipient,
    }
    if number == OLD_HANDSET:
        fields["date"] = f"{date:%Y-%m-%d %H:%M:%S}"
        del fields["linkId"]
    else:
        fields |= {"cost": COST, "networkCode": network_of(number)}
    return urlencode(fields)
