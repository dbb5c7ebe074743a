import pytest

from ujumbe.domain.overdue import (
    ENOUGH,
    LONGEST_SECONDS,
    PATIENCE,
    SHORTEST_SECONDS,
    UNKNOWN_SECONDS,
    patience_seconds,
    usual_seconds,
)


@pytest.mark.parametrize(
    ("counts", "usual"),
    [
        pytest.param({}, None, id="nothing known"),
        pytest.param({3: ENOUGH - 1}, None, id="too few"),
        pytest.param({3: ENOUGH}, 8, id="enough"),
        pytest.param({3: 99, 10: 1}, 8, id="99 of 100"),
        pytest.param({3: 98, 10: 2}, 1 << 10, id="98 of 100"),
        pytest.param({10: 2, 0: 98}, 1 << 10, id="in any order"),
    ],
)
def test_what_is_usual(counts: dict[int, int], usual: int | None) -> None:
    assert usual_seconds(counts) == usual


@pytest.mark.parametrize(
    ("usual", "patience"),
    [(None, UNKNOWN_SECONDS), (1, SHORTEST_SECONDS), (3_600, PATIENCE * 3_600), (1 << 20, LONGEST_SECONDS)],
)
def test_how_long_a_text_may_wait(usual: int | None, patience: int) -> None:
    assert patience_seconds(usual) == patience
