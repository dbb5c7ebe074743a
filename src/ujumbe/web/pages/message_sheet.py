"""Messages as rows of a sheet (CSV): what the list shows, for a spreadsheet that may take a cell for a formula."""

import csv
import io
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from ujumbe.domain import ids, network, phone
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.domain.spreadsheet import cell, number_cell
from ujumbe.store.messages import Message

COLUMNS: Final = (
    "id", "batch", "created_at", "to", "from", "text", "state", "updated_at", "reason", "network", "segments", "cost",
    "currency", "provider_message_id",
)  # fmt: skip
HEAD: Final = "\ufeff" + ",".join(COLUMNS) + "\r\n"
"""With the mark by which Excel knows UTF-8."""


def lines(page: Sequence[Message], zone: ZoneInfo, *, masked: bool) -> str:
    """Rows of CSV, times on the clock of `zone`; with `masked` without the digits of numbers."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerows(_row(each, zone, masked) for each in page)
    return made.getvalue()


def _row(message: Message, zone: ZoneInfo, masked: bool) -> tuple[object, ...]:
    cost = message.cost
    to = phone.mask(message.number) if masked else message.number
    text, reason = (phone.hide_all(each) if masked else each for each in (message.text, message.reason))
    return (
        ids.show(Kind.MESSAGE, message.id),
        ids.show(Kind.BATCH, message.batch),
        _moment(message.created_at, zone),
        number_cell(to),
        cell(message.sender),
        cell(text),
        message.state,
        _moment(message.updated_at, zone),
        cell(reason),
        network.name(message.network_code) if message.network_code else "",
        message.segments,
        "" if cost is None else f"{cost.amount:f}",
        "" if cost is None else cost.currency,
        cell(message.provider_id or ""),
    )


def _moment(moment_ms: int, zone: ZoneInfo) -> str:
    return to_datetime(moment_ms).astimezone(zone).isoformat(timespec="seconds")
