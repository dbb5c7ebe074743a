"""New ids: 63-bit, in order of time, unique across processes without asking the database for each.

41 bits of milliseconds since 2025, 10 of a node number that the process has leased, 12 of a sequence. Integer keys
that only grow insert faster and take half the room of UUIDs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from ujumbe.domain.errors import StoreUnavailableError

EPOCH_MS: Final = 1_735_689_600_000
"""2025-01-01T00:00:00Z; 41 bits last until 2094."""
NODES: Final = 1024
LEASE_MS: Final = 600_000
"""Ten minutes: a process renews long before, and the node of a killed one is soon free again."""
SLACK_MS: Final = 60_000
"""How far a burst may borrow from the future: 4,096 ids a millisecond, so this is for clocks set back."""


def floor(moment_ms: int) -> int:
    """The lowest id of a moment (epoch milliseconds), for ranges by time; of one beyond 2094, the highest id."""
    return min(max(moment_ms - EPOCH_MS, 0) << 22, (1 << 63) - 1)


def moment(number: int) -> int:
    """The moment that an id carries (epoch milliseconds): about when its row was made."""
    return (number >> 22) + EPOCH_MS


@dataclass(frozen=True, slots=True)
class Lease:
    """A node number, held until `until_ms`; its ids must carry moments above `low_ms` and up to `high_ms`."""

    node: int
    until_ms: int
    low_ms: int
    high_ms: int


class Ids:
    """The source of new ids for one process. Safe from any thread.

    `now_ms` is the clock (epoch milliseconds) that leases and the times of rows are of: ranges of ids stand for times.
    """

    def __init__(self, lease: Lease, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._lock = Lock()
        self._lease = lease
        self._now_ms = now_ms
        self._last = (lease.low_ms + 1) << 12

    @property
    def node(self) -> int:
        """The node number in force."""
        return self._lease.node

    @property
    def lease(self) -> Lease:
        """The lease in force."""
        return self._lease

    @property
    def last_ms(self) -> int:
        """The moment (milliseconds since 2025) that the latest id carries: the next holder begins above it."""
        return self._last >> 12

    def renew(self, lease: Lease) -> None:
        """Go on under a renewed lease (or a new one, after the old had run out)."""
        with self._lock:
            # A renewed lease keeps its low_ms; a new one may be of the same number, which was another's meanwhile.
            self._last = max(self._last, (lease.low_ms + 1) << 12)
            self._lease = lease

    def new(self) -> int:
        """Make an id, above every one issued before it; a clock set back only makes it borrow ahead.

        Raises `StoreUnavailableError` once the lease has run out: somebody else may hold the node by then.
        """
        return self.several(1)[0]

    def several(self, count: int) -> list[int]:
        """Make `count` ids at once, as `new` does."""
        with self._lock:
            now = self._now_ms() - EPOCH_MS
            first = max(self._last + 1, now << 12)
            self._last = first + count - 1
            if self._last >> 12 > self._lease.high_ms:
                raise StoreUnavailableError("this process lost its place in the database (its node lease ran out)")
            node = self._lease.node << 12
            return [each >> 12 << 22 | node | each & 0xFFF for each in range(first, first + count)]
