from datetime import date
from zoneinfo import ZoneInfo

import pytest

from ujumbe.store.conversations import Line
from ujumbe.web.pages.days import days, name

NOW = 1_772_620_200_000  # Wednesday, 2026-03-04T10:30:00Z
HOUR = 3_600_000


def test_a_day_is_one_of_the_viewers_calendar() -> None:
    lines = [Line(each, "12345", "Habari", NOW - hours * HOUR, None, "") for each, hours in enumerate((40, 14, 13, 0))]
    in_nairobi = days(lines, ZoneInfo("Africa/Nairobi"), NOW)
    assert [(each.name, len(each.lines)) for each in in_nairobi] == [
        ("Monday, 2 March", 1), ("Yesterday", 1), ("Today", 2)
    ]  # fmt: skip
    assert [each.name for each in days(lines, ZoneInfo("UTC"), NOW)] == ["Monday, 2 March", "Yesterday", "Today"]
    assert [len(each.lines) for each in days(lines, ZoneInfo("UTC"), NOW)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 3, 4), "Today"),
        (date(2026, 3, 3), "Yesterday"),
        (date(2026, 3, 2), "Monday, 2 March"),
        (date(2025, 12, 31), "Wednesday, 31 December 2025"),
    ],
)
def test_what_a_day_is_called(day: date, text: str) -> None:
    assert name(day, date(2026, 3, 4)) == text
