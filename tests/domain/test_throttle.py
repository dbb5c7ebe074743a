"""However somebody guesses: how often the rule lets them try."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import throttle
from ujumbe.domain.throttle import BY_ADDRESS, BY_NAME, DAY, MINUTE, Bound, Tries

NOW = 1_790_000_000_000
BOUNDS = st.builds(
    Bound,
    free=st.integers(1, 50),
    first=st.integers(1, 10 * MINUTE),
    longest=st.integers(10 * MINUTE, DAY),
    forgotten=st.just(2 * DAY),
)


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, MINUTE // 2), (6, MINUTE), (7, 2 * MINUTE), (9, 8 * MINUTE), (10, 15 * MINUTE),
     (99, 15 * MINUTE), (10**9, 15 * MINUTE)],
)  # fmt: skip
def test_waits_by_name(failures: int, wait: int) -> None:
    assert throttle.free_at(BY_NAME, Tries(failures, NOW), NOW) == (NOW + wait if wait else 0)
    assert throttle.free_at(BY_NAME, None, NOW) == 0


def test_a_day_without_a_failure_and_all_is_forgotten() -> None:
    tries = Tries(50, NOW)
    assert throttle.failed(BY_NAME, tries, NOW + DAY - 1).failures == 51
    assert throttle.failed(BY_NAME, tries, NOW + DAY) == Tries(1, NOW + DAY)


@given(bound=BOUNDS, pauses=st.lists(st.integers(0, DAY), max_size=60))
def test_a_guesser_gets_the_free_ones_and_then_one_a_wait(bound: Bound, pauses: list[int]) -> None:
    """Tries come after any pauses; those before their time are refused, and cost nothing."""
    now, tries, let_through = NOW, None, list[int]()
    for pause in pauses:
        now += pause
        free = throttle.free_at(bound, tries, now)
        assert free <= (tries.last if tries else 0) + bound.longest, "nobody waits longer than the longest"
        if now >= free:
            let_through.append(now)
            tries = throttle.failed(bound, tries, now)
    for count, (before, after) in enumerate(itertools.pairwise(let_through), start=1):
        if count >= bound.free:
            least = min(bound.first * 2 ** (count - bound.free), bound.longest)
            assert after - before >= least


@given(failures=st.integers(0, 10_000), backwards=st.integers(0, MINUTE))
def test_more_failures_never_wait_less_and_clocks_apart_free_nobody(failures: int, backwards: int) -> None:
    for bound in (BY_NAME, BY_ADDRESS):
        one = throttle.free_at(bound, Tries(failures, NOW), NOW)
        assert one <= throttle.free_at(bound, Tries(failures + 1, NOW), NOW)
        assert throttle.free_at(bound, Tries(failures, NOW), NOW - backwards) == one
        assert throttle.failed(bound, Tries(failures, NOW), NOW - backwards) == Tries(failures + 1, NOW)


@given(failures=st.integers(10, 10_000), ahead=st.integers(MINUTE + 1, 400 * DAY))
def test_a_clock_that_was_ahead_locks_nobody_out_for_as_long(failures: int, ahead: int) -> None:
    """One try is free then; after it everybody waits as ever."""
    for bound in (BY_NAME, BY_ADDRESS):
        left = Tries(max(failures, bound.free), NOW + ahead)
        assert throttle.free_at(bound, left, NOW) == 0
        again = throttle.failed(bound, left, NOW)
        assert again == Tries(left.failures + 1, NOW)
        assert NOW < throttle.free_at(bound, again, NOW) <= NOW + bound.longest
