"""How long somebody who guesses passwords has to wait: a rule over failures in a row and the time of the latest."""

from dataclasses import dataclass
from typing import Final, NamedTuple


class Tries(NamedTuple):
    """Failures in a row, and when the latest was (epoch milliseconds)."""

    failures: int
    last: int


@dataclass(frozen=True, slots=True)
class Bound:
    """`free` failures cost nothing; after each further one the wait is twice as long. Milliseconds."""

    free: int
    first: int
    longest: int
    forgotten: int
    """So long after the latest failure nothing of it counts any more."""


MINUTE: Final = 60_000
DAY: Final = 24 * 60 * MINUTE
BY_NAME: Final = Bound(free=5, first=MINUTE // 2, longest=15 * MINUTE, forgotten=DAY)
"""About a hundred guesses a day, against a password of twelve characters; its owner waits 15 minutes at most."""
BY_ADDRESS: Final = Bound(free=30, first=MINUTE // 2, longest=15 * MINUTE, forgotten=DAY)
"""More, since a whole office may stand behind one address."""


def free_at(bound: Bound, tries: Tries | None, now: int) -> int:
    """When the next try is allowed (epoch milliseconds); 0 where nothing stands against it."""
    if tries is None or tries.failures < bound.free or _set_back(tries, now):
        return 0
    doublings = min(tries.failures - bound.free, 32)  # beyond it every wait is the longest anyway
    return tries.last + min(bound.first << doublings, bound.longest)


def failed(bound: Bound, tries: Tries | None, now: int) -> Tries:
    """What stands after one more failure at `now`."""
    if tries is None or now - tries.last >= bound.forgotten:
        return Tries(1, now)
    return Tries(tries.failures + 1, now if _set_back(tries, now) else max(now, tries.last))


def _set_back(tries: Tries, now: int) -> bool:
    """Whether the clock was ahead when the latest failure came: nobody shall wait for that long.

    One more try is free then, and the next one waits as it should. (Clocks of two processes are never so far apart.)
    """
    return tries.last - now > MINUTE
