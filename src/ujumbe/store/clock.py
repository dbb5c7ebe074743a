"""Clocks that nobody sets: ours, which also counts while the machine sleeps, and the database's, carried on by it."""

import time


def steady() -> float:
    """Seconds of a clock that is never set, and that counts while the machine sleeps where the system tells it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
