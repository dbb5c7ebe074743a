"""How much one worker may have under way at AT: a window of numbers that grows with answers, like TCP's.

An outage that accepts connections would otherwise take the whole queue with it: every call ends as "maybe taken", and
every message in it as uncertain. What stops all workers of an account is its pause (flows/pausing.py).
"""

import time
from collections.abc import Callable
from typing import Final

from ujumbe.africastalking.errors import Taken

FIRST: Final = 100
MOST: Final = 10_000
"""Numbers under way at first, and at most."""
IDLE_SECONDS: Final = 60.0
"""After a minute without calls nobody knows how AT is doing, and the window starts again."""


class Throttle:
    """The window of one worker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limit = FIRST
        self._under_way = 0
        self._last_call = clock()

    def room(self) -> int:
        """How many more numbers may be taken up now."""
        if not self._under_way and self._clock() - self._last_call > IDLE_SECONDS:
            self._limit = FIRST
        return max(self._limit - self._under_way, 0)

    def begin(self, numbers: int) -> None:
        """A call for so many numbers leaves."""
        self._under_way += numbers
        self._last_call = self._clock()

    def end(self, numbers: int, taken: Taken) -> None:
        """A call has ended: answers widen the window, a missing one narrows it to its beginning."""
        self._under_way -= numbers
        if taken is Taken.ANSWERED:
            self._limit = min(self._limit + numbers, MOST)
        elif taken is Taken.MAYBE:
            self._limit = FIRST

    def restart(self) -> None:
        """AT could not be used for a while: begin again with a small window."""
        self._limit = FIRST
