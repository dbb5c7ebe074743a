"""When a text has waited longer for its final report than is usual for its network: worth a person's look.

Nothing is concluded from it: a report may still come, and "sent" is all that anybody knows.
"""

from collections.abc import Mapping
from typing import Final

ENOUGH: Final = 50
"""Reports below which nothing is called usual."""
SHARE: Final = 0.99
PATIENCE: Final = 4
"""Times the usual: reports come in waves after an operator's trouble."""
SHORTEST_SECONDS: Final = 3_600
UNKNOWN_SECONDS: Final = 12 * 3_600
"""Without experience: AT itself repeats callbacks for twelve hours."""
LONGEST_SECONDS: Final = 3 * 24 * 3_600


def usual_seconds(counts: Mapping[int, int]) -> int | None:
    """Within how many seconds 99 of 100 final reports came; None where too few are known.

    `counts` says how many took at most two to the power of their key seconds.
    """
    total = sum(counts.values())
    if total < ENOUGH:
        return None
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= SHARE * total:
            return 1 << bucket
    return None


def patience_seconds(usual: int | None) -> int:
    """How long a text may wait before it counts as overdue."""
    if usual is None:
        return UNKNOWN_SECONDS
    return min(max(PATIENCE * usual, SHORTEST_SECONDS), LONGEST_SECONDS)
