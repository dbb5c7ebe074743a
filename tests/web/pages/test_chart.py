import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.part import Part
from ujumbe.web.pages import chart
from ujumbe.web.pages.chart import HEIGHT, Column

PARTS = st.dictionaries(st.sampled_from(Part), st.integers(0, 10**7))


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (7, 8), (9, 10), (10, 10), (11, 20), (30, 40), (2_048, 4_000), (81_000, 100_000)],
)
def test_a_scale_ends_at_a_round_number(largest: int, top: int) -> None:
    assert chart.top_of(largest) == top
    assert chart.stacked([Column("", "", {Part.DELIVERED: largest})]).ticks == (top, top // 2, 0)


def test_parts_are_stacked_from_below_in_their_order() -> None:
    column = Column("Mon", "Monday", {Part.NOT_DELIVERED: 10, Part.DELIVERED: 80, Part.UNCERTAIN: 0})
    drawn = chart.stacked([column, Column("Tue", "Tuesday", {})])
    first, second = drawn.bars
    assert [(each.part, each.y, each.height) for each in first.slices] == [
        (Part.DELIVERED, 20.0, 80.0),
        (Part.NOT_DELIVERED, 10.0, 10.0),
    ]
    assert second.slices == []
    assert (first.x, second.x, drawn.width) == (1.5, 11.5, 20.0)


@given(st.lists(PARTS, max_size=31))
def test_nothing_is_drawn_outside_and_heights_are_true(counts: list[dict[Part, int]]) -> None:
    drawn = chart.stacked([Column("", "", each) for each in counts])
    top = drawn.ticks[0]
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + drawn.bar <= drawn.width
        foot = HEIGHT
        for each in bar.slices:
            assert each.y >= -0.001
            assert each.y + each.height == pytest.approx(foot, abs=0.002)
            assert each.height == pytest.approx(HEIGHT * bar.column.parts[each.part] / top, abs=0.001)
            foot = each.y
        assert HEIGHT - foot == pytest.approx(HEIGHT * bar.column.total / top, abs=0.002)
