import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import retry

CHANCES = st.floats(min_value=0, max_value=1, exclude_max=True)


@pytest.mark.parametrize(
    ("tries", "least", "most"), [(1, 1, 2), (2, 2, 4), (3, 4, 8), (8, 128, 256), (10, 300, 600), (10**6, 300, 600)]
)
def test_the_schedule(tries: int, least: float, most: float) -> None:
    assert retry.delay(tries, 0.0) == least
    assert least < retry.delay(tries, 0.999999) < most


@given(st.integers(1, 10_000), CHANCES, CHANCES)
def test_it_grows_and_is_bounded(tries: int, one: float, other: float) -> None:
    assert 0 < retry.delay(tries, one) <= retry.LONGEST_SECONDS
    assert retry.delay(tries, min(one, other)) <= retry.delay(tries, max(one, other))
    assert retry.delay(tries, one) <= retry.delay(tries + 1, one)
