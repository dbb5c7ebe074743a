import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.pause import (
    LONGEST_PROBE_SECONDS,
    LONGEST_SLOW_SECONDS,
    MEANING,
    PROBE_SECONDS,
    SLOW_SECONDS,
    Pause,
    outranks,
    probe_after,
    slow_for,
)


@pytest.mark.parametrize("new", Pause)
@pytest.mark.parametrize("old", Pause)
def test_a_person_outranks_the_key_the_key_the_balance_and_that_silence(new: Pause, old: Pause) -> None:
    order = ["", "unanswered", "balance", "credentials", "operator"]
    assert outranks(new, old) is (order.index(new) > order.index(old))


def test_every_pause_has_words_for_a_person() -> None:
    assert set(MEANING) == set(Pause) - {Pause.NONE}


@given(st.integers(0, 5_000))
def test_probes_are_further_and_further_apart_and_never_more_than_a_minute(probes: int) -> None:
    """However long the outage: a thousand probes are a night and a morning."""
    assert PROBE_SECONDS <= probe_after(probes) <= probe_after(probes + 1) <= LONGEST_PROBE_SECONDS
    assert probe_after(0) == PROBE_SECONDS


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, SLOW_SECONDS), (7.0, 7.0), (0.0, 0.0), (-1.0, 0.0), (1e9, LONGEST_SLOW_SECONDS)]
)
def test_how_long_at_may_slow_us(asked: float | None, seconds: float) -> None:
    assert slow_for(asked) == seconds
