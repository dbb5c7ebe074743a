"""Texts by the days of the viewer's calendar."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ujumbe.domain.moment import to_datetime
from ujumbe.store.conversations import Line


class Day(NamedTuple):
    """One day and its texts, in the order in which they were given."""

    date: date
    name: str
    lines: list[Line]


def days(lines: Sequence[Line], zone: ZoneInfo, now_ms: int) -> list[Day]:
    """`lines` by the day on which they came or went, on a clock in `zone`."""
    today = to_datetime(now_ms).astimezone(zone).date()
    by_day = groupby(lines, key=lambda each: to_datetime(each.at).astimezone(zone).date())
    return [Day(day, name(day, today), list(found)) for day, found in by_day]


def name(day: date, today: date) -> str:
    """What people call a day: `Today`, `Yesterday`, `Wednesday, 25 November`, with the year where it is another."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return day.strftime(f"%A, {day.day} %B" if day.year == today.year else f"%A, {day.day} %B %Y")
