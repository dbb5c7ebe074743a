"""Ratios: rows of a table, each of figures that were measured in turns on one machine."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

BEGIN = time.monotonic()


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against what. Without bounds it is there to be known, not to be met."""

    what: str
    database: str
    measured: Sequence[float]
    baseline: Sequence[float]
    unit: str
    against: str
    at_least: float | None = None
    aim: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Median against median."""
        return statistics.median(self.measured) / statistics.median(self.baseline)

    @property
    def verdict(self) -> str:
        """How the ratio stands to its bounds."""
        if self.at_most is not None:
            return "met" if self.ratio <= self.at_most else "MISSED"
        if self.at_least is None:
            return ""
        if self.ratio < self.at_least:
            return "MISSED"
        return "aim met" if self.aim is not None and self.ratio >= self.aim else "met"

    @property
    def document(self) -> dict[str, object]:
        """The row as JSON, every run in it."""
        return asdict(self) | {"ratio": round(self.ratio, 4), "verdict": self.verdict}


def in_turns(
    rounds: int, measured: Callable[[], float], baseline: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Measure one, then the other, and again: a machine that slows down slows both."""
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(baseline())
        ours.append(measured())
    return ours, theirs


def say(text: str) -> None:
    """Tell what is going on and how long it has been, apart from the figures."""
    print(f"{time.monotonic() - BEGIN:5.0f} s  {text}", file=sys.stderr, flush=True)


def print_table(rows: Sequence[Row], facts: dict[str, str | float | int]) -> None:
    """Everything, for people."""
    console = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    console.print("  ".join(f"{name} {value}" for name, value in facts.items()), style="dim")
    table = Table("what", "on", "measured", "baseline", "ratio", "at least", "aim", "verdict")
    for row in rows:
        bound = f"≤ {row.at_most:g}" if row.at_most is not None else _bound(row.at_least)
        table.add_row(
            f"{row.what}\n  ÷ {row.against}" + (f"\n  [dim]{row.note}[/dim]" if row.note else ""),
            row.database,
            f"{_figure(row.measured)} {row.unit}",
            f"{_figure(row.baseline)} {row.unit}",
            f"{row.ratio:.2f}",
            bound,
            _bound(row.aim),
            row.verdict,
            style="red" if row.verdict == "MISSED" else "",
        )
    console.print(table)


def write_json(path: Path, rows: Sequence[Row], facts: dict[str, str | float | int]) -> None:
    """Everything, for programs."""
    document = {"machine": facts, "rows": [row.document for row in rows]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _figure(values: Sequence[float]) -> str:
    median = statistics.median(values)
    spread = f" ({min(values):,.0f}–{max(values):,.0f})" if len(values) > 1 else ""
    return f"{median:,.0f}{spread}"
