import pytest

from ujumbe.africastalking.errors import Taken
from ujumbe.worker.throttle import FIRST, IDLE_SECONDS, LONGEST_PROBE_SECONDS, MOST, PROBE_SECONDS, STRIKES, Throttle


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


@pytest.mark.parametrize(
    ("ends", "broken"),
    [
        pytest.param([Taken.MAYBE] * (STRIKES - 1), False, id="not yet"),
        pytest.param([Taken.MAYBE] * STRIKES, True, id="three in a row"),
        pytest.param([Taken.MAYBE, Taken.MAYBE, Taken.ANSWERED, Taken.MAYBE], False, id="an answer between"),
        pytest.param([Taken.NO] * 50, False, id="not taken is no strike: nothing is in doubt"),
    ],
)
def test_strikes_open_the_breaker(throttle: Throttle, ends: list[Taken], *, broken: bool) -> None:
    for taken in ends:
        call(throttle, 1, taken)
    assert bool(throttle.broken) is broken
    assert (throttle.room() == 0) is broken


def test_after_a_probe_one_more_miss_opens_it_anew_and_an_answer_settles_it(throttle: Throttle) -> None:
    throttle.open("no answers")
    assert throttle.pause() == PROBE_SECONDS
    throttle.close()
    call(throttle, 1, Taken.MAYBE)
    assert throttle.broken
    assert throttle.pause() == 2 * PROBE_SECONDS
    throttle.close()
    call(throttle, 1, Taken.ANSWERED)
    for _ in range(STRIKES - 1):
        call(throttle, 1, Taken.MAYBE)
    assert not throttle.broken


def test_probes_are_further_and_further_apart_until_a_send_is_answered(throttle: Throttle) -> None:
    throttle.open("it knows no such key")
    throttle.open("another reason")
    assert throttle.broken == "it knows no such key"
    pauses = [throttle.pause() for _ in range(8)]
    assert pauses == [min(PROBE_SECONDS * 2**index, LONGEST_PROBE_SECONDS) for index in range(8)]
    throttle.close()
    assert (throttle.broken, throttle.room(), throttle.pause()) == ("", FIRST, LONGEST_PROBE_SECONDS)
    call(throttle, 1, Taken.ANSWERED)
    assert throttle.pause() == PROBE_SECONDS
