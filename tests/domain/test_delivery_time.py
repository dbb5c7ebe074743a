from collections import Counter
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import delivery_time
from ujumbe.domain.delivery_time import BEYOND, STEPS, Median

TIMES = st.lists(st.integers(0, STEPS[-1]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(0, 1), (1, 1), (2, 2), (6, 7), (7, 7), (8, 10), (259_200, 259_200), (259_201, BEYOND), (10**9, BEYOND)],
)
def test_a_time_falls_into_the_first_step_that_reaches_it(seconds: int, step: int) -> None:
    assert delivery_time.step(seconds) == step


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({5: 0}, None),
        ({1: 2}, Median(0.5)),
        ({10: 100}, Median(8.5)),
        ({3: 1, 10: 3}, Median(8.0)),
        ({3: 2, 10: 2}, Median(3.0)),
        ({3: 1, BEYOND: 9}, Median(259_200, beyond=True)),
    ],
)
def test_a_median_lies_within_its_step(counts: dict[int, int], expected: Median | None) -> None:
    assert delivery_time.median(counts) == expected


@given(TIMES)
def test_a_median_is_off_by_its_step_at_most(times: list[int]) -> None:
    told = delivery_time.median(Counter(delivery_time.step(each) for each in times))
    assert told is not None
    assert not told.beyond
    low = sorted(times)[(len(times) - 1) // 2]
    assert told.seconds <= delivery_time.step(low)
    below = STEPS.index(delivery_time.step(low))
    assert told.seconds >= (STEPS[below - 1] if below else 0)
    if len(set(times)) == 1:
        assert abs(told.seconds - median(times)) <= delivery_time.step(times[0])
