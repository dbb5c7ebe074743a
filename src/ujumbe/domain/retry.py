"""When to try again what AT surely did not take."""

from typing import Final

FIRST_SECONDS: Final = 2.0
LONGEST_SECONDS: Final = 600.0
"""Ten minutes: long enough to spare a provider in trouble, short enough to notice that it is back."""


def delay(tries: int, chance: float) -> float:
    """Seconds to wait after `tries` attempts (1 or more): doubling from two seconds to ten minutes.

    `chance` in [0, 1) spreads it over the upper half, so that a crowd turned away together does not
    come back together.
    """
    ceiling = min(FIRST_SECONDS * 2.0 ** min(tries - 1, 20), LONGEST_SECONDS)
    return ceiling * (0.5 + chance / 2)
