from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ujumbe.web.pages.period import Range, spans

NAIROBI = ZoneInfo("Africa/Nairobi")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def hour(text: str) -> int:
    return at(text) // 3_600_000


def test_today_is_that_of_the_viewer() -> None:
    found = spans(Range.TODAY, at("2026-03-04T22:30:00+00:00"), NAIROBI)  # half past one on the fifth, there
    assert len(found) == 24
    assert found[0].first == hour("2026-03-05T00:00:00+03:00")
    assert [each.label for each in found[:4]] == ["00", "", "", "03"]
    assert found[1].title == "01:00 to 02:00"
    assert found[-1].title == "23:00 to 00:00"


@pytest.mark.parametrize("over", [Range.WEEK, Range.MONTH])
def test_days_follow_each_other_and_end_today(over: Range) -> None:
    found = spans(over, at("2026-03-04T10:00:00+00:00"), NAIROBI)
    assert len(found) == int(over)
    assert all(one.following == two.first for one, two in pairwise(found))
    assert found[-1].following == hour("2026-03-05T00:00:00+03:00")
    assert found[-1].title == "Wednesday, 4 March"
    assert found[-1].label == ("Wed" if over is Range.WEEK else "4 Mar")


def test_a_month_names_one_day_in_seven() -> None:
    found = spans(Range.MONTH, at("2026-03-04T10:00:00+00:00"), NAIROBI)
    assert [each.label for each in found if each.label] == ["4 Feb", "11 Feb", "18 Feb", "25 Feb", "4 Mar"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_on_which_clocks_change(day: str, hours: int) -> None:
    found = spans(Range.TODAY, at(f"{day}T12:00:00+00:00"), ZoneInfo("Europe/Berlin"))
    assert len(found) == hours


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "UTC"])
def test_no_hour_is_in_two_days_or_in_none(zone: str) -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    today = spans(Range.TODAY, int(now.timestamp() * 1000), ZoneInfo(zone))
    tomorrow = spans(Range.TODAY, int((now + timedelta(1)).timestamp() * 1000), ZoneInfo(zone))
    assert today[-1].following == tomorrow[0].first
    assert len(today) == len(tomorrow) == 24
