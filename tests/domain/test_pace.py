import math

from hypothesis import example, given
from hypothesis import strategies as st

from ujumbe.domain.pace import SECOND, after, allowance, quantum

RATES = st.one_of(st.floats(0.01, 5), st.floats(5, 100_000))
PAUSES = st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=60)


@example(3.0, [0, 333_333, 333_333, 333_333])
@example(1.5, [0, 666_667])
@given(RATES, PAUSES)
def test_no_second_sees_more_than_a_quarter_above_the_pace(rate: float, pauses: list[int]) -> None:
    """Whoever always takes all that is allowed, whenever they ask."""
    now = free_at = 0
    taken: list[tuple[int, int]] = []
    for pause in pauses:
        now += pause
        count = allowance(free_at, now, rate)
        free_at = after(free_at, now, rate, count)
        taken.append((now, count))
    for begin, _ in taken:
        within = sum(count for at, count in taken if begin <= at < begin + SECOND)
        assert within <= max(1.25 * rate, math.ceil(rate))


@given(st.floats(1, 1_000))
def test_whoever_asks_often_gets_the_whole_pace(rate: float) -> None:
    now = free_at = taken = 0
    while now < 10 * SECOND:
        count = allowance(free_at, now, rate)
        free_at = after(free_at, now, rate, count)
        taken += count
        now += 1_000
    assert taken >= 10 * rate * 0.99


@given(RATES, st.integers(0, 100))
def test_a_debt_is_paid_by_waiting(rate: float, owed: int) -> None:
    """Texts that are sent at once go whatever the pace, and count."""
    free_at = after(0, 0, rate, owed)
    assert allowance(free_at, free_at, rate) == quantum(rate)
    assert max(quantum(rate) - owed - 1, 0) <= allowance(free_at, 0, rate) <= max(quantum(rate) - owed, 0)
