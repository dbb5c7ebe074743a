"""How many texts a second a sender may send: the leaky bucket as one moment (GCRA), shared by all workers.

`free_at` is the moment (microseconds) at which all that was taken so far has had its time. A quarter of a second's
worth may go at once, so that calls carry many numbers: no second ever sees more than 1.25 times the pace (or
the pace itself, rounded up to whole texts).
"""

import math
from typing import Final

SECOND: Final = 1_000_000


def quantum(rate: float) -> int:
    """How many texts may go at once at `rate` texts a second."""
    return max(int(rate / 4), 1)


def allowance(free_at: int, now: int, rate: float) -> int:
    """How many texts may go now."""
    ahead = max(free_at - now, 0) * rate / SECOND
    return max(int(quantum(rate) - ahead + 1e-9), 0)


def after(free_at: int, now: int, rate: float, taken: int) -> int:
    """`free_at` once `taken` texts have gone."""
    # Rounded up: three texts a second are never four within one.
    return max(free_at, now) + math.ceil(taken * SECOND / rate)
