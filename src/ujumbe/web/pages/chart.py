"""Charts as numbers: what a template draws as SVG. Pure; in units of its own, stretched to whatever room there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ujumbe.domain.part import Part

HEIGHT: Final = 100.0
STEP: Final = 10.0
"""From one column to the next."""
BAR: Final = 7.0
TOPS: Final = (2, 4, 6, 8, 10)
"""A scale ends at one of these times a power of ten: its half is a whole number, too."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column stands for: `label` is short, `title` says it in full."""

    label: str
    title: str
    parts: Mapping[Part, int]

    @property
    def total(self) -> int:
        """All of its parts."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a column, from `y` (0 is the top) downwards."""

    part: Part
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A drawn column."""

    column: Column
    x: float
    slices: Sequence[Slice]


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked columns. `ticks` are the values beside the scale, from its top to its foot."""

    bars: Sequence[Bar]
    ticks: Sequence[int]
    width: float
    height: float
    bar: float


def top_of(largest: int) -> int:
    """Where a scale ends that has to reach `largest`."""
    power = 1
    while True:
        for top in TOPS:
            if top * power >= largest:
                return top * power
        power *= 10


def stacked(columns: Sequence[Column]) -> Chart:
    """Columns side by side, each with its parts one upon the other."""
    top = top_of(max((each.total for each in columns), default=0))
    bars = [
        Bar(column, round(place * STEP + (STEP - BAR) / 2, 2), _slices(column, top))
        for place, column in enumerate(columns)
    ]
    return Chart(bars, (top, top // 2, 0), len(columns) * STEP, HEIGHT, BAR)


def _slices(column: Column, top: int) -> list[Slice]:
    made, below = [], 0
    for part in Part:
        number = column.parts.get(part, 0)
        if number:
            below += number
            made.append(Slice(part, round(HEIGHT - HEIGHT * below / top, 3), round(HEIGHT * number / top, 3)))
    return made
