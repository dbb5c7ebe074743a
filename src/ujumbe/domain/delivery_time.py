"""How long texts take to arrive: counted in steps, so that many hours can be added up and still tell a median."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, NamedTuple

STEPS: Final = (
    1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200,
    86_400, 259_200,
)  # fmt: skip
"""At most so many seconds: fine where texts usually arrive, coarse where the hour alone matters."""
BEYOND: Final = 1 << 31
"""The step of what took longer than the last of them."""


class Median(NamedTuple):
    """Half of them took at most about so many seconds; `beyond` says that it was longer than can be told."""

    seconds: float
    beyond: bool = False


def step(seconds: int) -> int:
    """The step that so many seconds fall into."""
    place = bisect_left(STEPS, seconds)
    return STEPS[place] if place < len(STEPS) else BEYOND


def median(counts: Mapping[int, int]) -> Median | None:
    """The median of texts counted by `step`, as if those of one step were spread evenly over it; None of none."""
    half = sum(counts.values()) / 2
    if not half:
        return None
    seen = 0
    for upper in sorted(counts):
        number = counts[upper]
        if seen + number >= half:
            place = STEPS.index(upper) if upper != BEYOND else len(STEPS)
            lower = STEPS[place - 1] if place else 0
            if upper == BEYOND:
                return Median(lower, beyond=True)
            return Median(lower + (upper - lower) * (half - seen) / number)
        seen += number
    raise AssertionError("half of all is reached at the latest with the last")
