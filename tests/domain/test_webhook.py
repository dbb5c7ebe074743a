"""The schedule of webhooks, and what a receiver's answer means."""

import itertools

import pytest

from ujumbe.domain.webhook import SCHEDULE_SECONDS, Outcome, delay, outcome, succeeded

DAY = 24 * 3600


def test_the_schedule() -> None:
    assert [delay(tries, 0.5) for tries in range(1, 10)] == [5, 300, 1800, 7200, 18000, 36000, DAY, DAY, None]
    last = list(itertools.accumulate(SCHEDULE_SECONDS))[-1]
    assert 2 * DAY < last < 3 * DAY < last + DAY


@pytest.mark.parametrize("tries", range(1, 9))
def test_it_is_spread(tries: int) -> None:
    low, middle, high = (delay(tries, chance) or 0 for chance in (0, 0.5, 0.999))
    assert 0.89 * middle < low < middle < high < 1.11 * middle


@pytest.mark.parametrize(
    ("status", "tries", "means"),
    [
        (200, 1, Outcome.DELIVERED),
        (204, 9, Outcome.DELIVERED),
        (302, 1, Outcome.RETRY),
        (404, 1, Outcome.RETRY),
        (410, 1, Outcome.GONE),
        (500, 8, Outcome.RETRY),
        (500, 9, Outcome.FAILED),
        (None, 1, Outcome.RETRY),
        (None, 9, Outcome.FAILED),
        (199, 1, Outcome.RETRY),
    ],
)
def test_outcomes(status: int | None, tries: int, means: Outcome) -> None:
    assert outcome(status, tries) is means
    assert succeeded(status) is (means is Outcome.DELIVERED)
