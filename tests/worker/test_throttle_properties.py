"""The throttle under any history of calls, against a model that only knows the rules."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from ujumbe.africastalking.errors import Taken
from ujumbe.worker.throttle import FIRST, IDLE_SECONDS, MOST, Throttle

NUMBERS: Final = st.integers(1, 1_000)
ENDS: Final = st.sampled_from(Taken)
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), NUMBERS),
        st.tuples(st.just("end"), ENDS),
        st.tuples(st.just("wait"), st.floats(0, 3 * IDLE_SECONDS)),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=60,
)


class Driven:
    """A throttle with its clock, and the calls that are under way."""

    def __init__(self) -> None:
        self.now = 0.0
        self.throttle = Throttle(lambda: self.now)
        self.calls: list[int] = []

    def step(self, kind: str, value: object) -> None:
        if kind == "begin" and isinstance(value, int) and self.throttle.room():
            self.throttle.begin(numbers := min(value, self.throttle.room()))
            self.calls.append(numbers)
        elif kind == "end" and isinstance(value, Taken) and self.calls:
            self.throttle.end(self.calls.pop(0), value)
        elif kind == "wait" and isinstance(value, float):
            self.now += value
        elif kind == "restart":
            self.throttle.restart()


@given(STEPS)
def test_room_is_never_negative_nor_beyond_the_limit(steps: list[tuple[str, object]]) -> None:
    driven = Driven()
    for kind, value in steps:
        driven.step(kind, value)
        room = driven.throttle.room()
        assert 0 <= room <= MOST - min(sum(driven.calls), MOST)
        assert room == driven.throttle.room(), "asking changes nothing"


@given(STEPS)
def test_it_can_always_go_on(steps: list[tuple[str, object]]) -> None:
    """Whatever happened: once all calls have ended, if only by giving up, a first window is free."""
    driven = Driven()
    for kind, value in steps:
        driven.step(kind, value)
    for numbers in driven.calls:
        driven.throttle.end(numbers, Taken.MAYBE)
    assert driven.throttle.room() >= FIRST


@given(st.lists(NUMBERS, max_size=40))
def test_the_window_grows_by_what_was_answered(answered: list[int]) -> None:
    throttle = Throttle(lambda: 0.0)
    for numbers in answered:
        throttle.begin(numbers)
        throttle.end(numbers, Taken.ANSWERED)
    assert throttle.room() == min(FIRST + sum(answered), MOST)
