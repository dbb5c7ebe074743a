"""How much may be under way at AT: a window that grows with answers, and a breaker for when none come.

An outage that accepts connections would otherwise take the whole queue with it: every call ends as "maybe taken", and
every message in it as uncertain.
"""

import time
from collections.abc import Callable
from typing import Final

from ujumbe.africastalking.errors import Taken

FIRST: Final = 100
MOST: Final = 10_000
"""Numbers under way at first, and at most."""
STRIKES: Final = 3
"""Calls in a row without an answer that open the breaker."""
IDLE_SECONDS: Final = 60.0
"""After a minute without calls nobody knows how AT is doing, and the window starts again."""
PROBE_SECONDS: Final = 5.0
LONGEST_PROBE_SECONDS: Final = 60.0


class Throttle:
    """The window and the breaker of one account."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limit = FIRST
        self._under_way = 0
        self._strikes = 0
        self._last_call = clock()
        self._probes = 0
        self.broken = ""
        """Why nothing is taken up; empty while all is well."""

    def room(self) -> int:
        """How many more numbers may be taken up now."""
        if self.broken:
            return 0
        if not self._under_way and self._clock() - self._last_call > IDLE_SECONDS:
            self._limit = FIRST
        return max(self._limit - self._under_way, 0)

    def begin(self, numbers: int) -> None:
        """A call for so many numbers leaves."""
        self._under_way += numbers
        self._last_call = self._clock()

    def end(self, numbers: int, taken: Taken) -> None:
        """A call has ended: answers widen the window, a missing one narrows it and counts as a strike."""
        self._under_way -= numbers
        if taken is Taken.ANSWERED:
            self._strikes = self._probes = 0
            self._limit = min(self._limit + numbers, MOST)
        elif taken is Taken.MAYBE:
            self._strikes += 1
            self._limit = FIRST
            if self._strikes >= STRIKES:
                self.open(f"Africa's Talking left {self._strikes} calls in a row without an answer")

    def open(self, why: str) -> None:
        """Take up nothing more until a probe succeeds."""
        self.broken = self.broken or why

    def close(self) -> None:
        """AT answers a probe: try again with a small window. Until a send is answered, one more miss opens it anew.

        A probe only shows that AT can be asked for a balance; it may still be unable to answer sends.
        """
        self.broken = ""
        self._limit, self._strikes = FIRST, STRIKES - 1

    def pause(self) -> float:
        """Seconds until the next probe: five at first, doubling to a minute."""
        self._probes += 1
        return min(PROBE_SECONDS * 2.0 ** min(self._probes - 1, 20), LONGEST_PROBE_SECONDS)
