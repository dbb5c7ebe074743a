import pytest

from ujumbe.africastalking.errors import Taken
from ujumbe.worker.throttle import FIRST, IDLE_SECONDS, MOST, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def call(throttle: Throttle, numbers: int, taken: Taken) -> None:
    throttle.begin(numbers)
    throttle.end(numbers, taken)


def test_answers_widen_the_window_up_to_a_limit(throttle: Throttle) -> None:
    assert throttle.room() == FIRST
    throttle.begin(60)
    assert throttle.room() == FIRST - 60
    throttle.begin(60)
    assert throttle.room() == 0, "a call that was larger than the room is no debt to others"
    throttle.end(60, Taken.ANSWERED)
    assert throttle.room() == FIRST + 60 - 60
    throttle.end(60, Taken.ANSWERED)
    assert throttle.room() == FIRST + 120
    for _ in range(50):
        call(throttle, 1_000, Taken.ANSWERED)
    assert throttle.room() == MOST


@pytest.mark.parametrize("taken", [Taken.NO, Taken.MAYBE])
def test_only_answers_widen_it(throttle: Throttle, taken: Taken) -> None:
    call(throttle, 50, Taken.ANSWERED)
    call(throttle, 50, taken)
    assert throttle.room() == (FIRST if taken is Taken.MAYBE else FIRST + 50)


def test_after_a_minute_without_calls_it_starts_again(throttle: Throttle, clock: Clock) -> None:
    call(throttle, 500, Taken.ANSWERED)
    clock.now += IDLE_SECONDS
    assert throttle.room() == FIRST + 500
    clock.now += 0.1
    assert throttle.room() == FIRST


def test_after_trouble_it_starts_again(throttle: Throttle) -> None:
    call(throttle, 500, Taken.ANSWERED)
    throttle.begin(30)
    throttle.restart()
    assert throttle.room() == FIRST - 30, "what is under way counts"
