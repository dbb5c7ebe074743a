"""Moments: epoch milliseconds inside, RFC 3339 outside."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_datetime(moment_ms: int) -> datetime:
    """Epoch milliseconds as an aware time in UTC."""
    return _EPOCH + moment_ms * _MILLISECOND


def show(moment_ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC, e.g. `2026-03-04T10:30:00.000Z`."""
    return to_datetime(moment_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_ms(moment: datetime) -> int:
    """An aware time as epoch milliseconds, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND
