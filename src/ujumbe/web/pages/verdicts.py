"""What would become of each recipient of a draft, before anything is sent."""

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from ujumbe.domain import phone
from ujumbe.domain.message import State
from ujumbe.domain.recipients import TWICE
from ujumbe.domain.spreadsheet import cell, number_cell
from ujumbe.web.orders import Send
from ujumbe.web.pages.draft import Draft
from ujumbe.web.pages.viewer import Viewer

SHOWN: Final = 200
"""Rows on the page; the others are counted, and stand in the file."""


class Fate(StrEnum):
    """What would become of a recipient. What needs a look comes first."""

    BAD = "not a number"
    OPTED_OUT = "opted out"
    TWICE = "listed twice"
    SENT = "will be sent"


class Row(NamedTuple):
    """One recipient. `line` is 0 for subscribers, who stand in no list."""

    line: int
    to: str
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that was checked."""

    rows: list[Row]
    counts: dict[Fate, int]
    """How many there are of each fate, of those that there are."""
    segments: int
    total: int
    mark: str
    """Changes with anything that would be sent."""
    due: int | None
    """When it is to go out (epoch ms); None for now."""

    @property
    def sent(self) -> int:
        """How many would get the text."""
        return self.counts.get(Fate.SENT, 0)

    @property
    def summary(self) -> str:
        """All of it in one or two sentences."""
        left = len(self.rows) - self.sent
        out = f" {left:,} {'is' if left == 1 else 'are'} left out." if left else ""
        if not self.sent:
            return f"Nobody would get this text.{out}"
        each = f", {self.segments} segments each" if self.segments > 1 else ""
        who = f"{counted(self.sent, 'text')} to {counted(self.sent, 'person', 'people')}"
        return f"{who}{each}: {counted(self.total, 'segment')}.{out}"


def of(draft: Draft, body: Send, quote: dict[str, Any], due: int | None) -> Checked:
    """What `quote` (of `accepting`) says about a draft, the problems first."""
    rows = []
    for place, verdict in enumerate(quote["messages"]):
        line = draft.entries[place].line if draft.entries else 0
        # What was typed is shown where it is no number, in the way in which it was typed.
        given = draft.verdicts[place].given if draft.entries and verdict["state"] == "rejected" else verdict["to"]
        reason = verdict.get("reason", "").removesuffix(phone.OR_SET)  # a list is mended where it was typed
        rows.append(Row(line, given, _fate(verdict), reason))
    order = list(Fate)
    rows.sort(key=lambda row: order.index(row.fate))
    found = Counter(row.fate for row in rows)
    counts = {fate: found[fate] for fate in (Fate.SENT, *order) if found[fate]}
    return Checked(rows, counts, quote["segments"], quote["total_segments"], mark(body), due)


def mark(body: Send) -> str:
    """A mark of what would be sent, and to whom."""
    return hashlib.sha256(json.dumps(body.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:32]


def left_out(draft: Draft) -> str:
    """How many were left out of a list, and why, without any number."""
    twice = sum(each.reason == TWICE for each in draft.verdicts)
    bad = sum(each.number is None for each in draft.verdicts) - twice
    why = [f"{number:,} {fate}" for number, fate in ((bad, Fate.BAD), (twice, Fate.TWICE)) if number]
    return f"{bad + twice:,} left out: {', '.join(why)}" if why else ""


def as_csv(checked: Checked, viewer: Viewer) -> str:
    """Every row, safe for spreadsheets, as this viewer may see it."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(("line", "to", "verdict", "reason"))
    for row in checked.rows:
        to = phone.mask(row.to) if viewer.masked else row.to
        writer.writerow((row.line or "", number_cell(to), row.fate, cell(row.reason)))
    return made.getvalue()


def counted(number: int, one: str, many: str = "") -> str:
    """`1 text`, `1,204 texts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _fate(verdict: dict[str, Any]) -> Fate:
    if verdict["state"] == State.BLOCKED:
        return Fate.OPTED_OUT
    if verdict["state"] == "accepted":
        return Fate.SENT
    return Fate.TWICE if verdict["reason"] == TWICE else Fate.BAD
