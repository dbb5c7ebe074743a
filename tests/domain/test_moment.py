from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import moment


@pytest.mark.parametrize(
    ("moment_ms", "shown"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_772_620_200_000, "2026-03-04T10:30:00.000Z"),
        (1_772_620_200_007, "2026-03-04T10:30:00.007Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_how_a_moment_is_shown(moment_ms: int, shown: str) -> None:
    assert moment.show(moment_ms) == shown
    assert moment.to_ms(datetime.fromisoformat(shown)) == moment_ms


def test_zones_are_minded() -> None:
    nairobi = timezone(timedelta(hours=3))
    assert moment.to_ms(datetime(2026, 3, 4, 13, 30, tzinfo=nairobi)) == 1_772_620_200_000


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_moments_are_exact(moment_ms: int) -> None:
    assert moment.to_ms(moment.to_datetime(moment_ms)) == moment_ms
    assert moment.to_ms(datetime.fromisoformat(moment.show(moment_ms))) == moment_ms
