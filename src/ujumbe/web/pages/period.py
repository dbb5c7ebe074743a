"""The days that a page tells of, on the viewer's clock, in the whole hours that tallies are counted by."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from ujumbe.domain.moment import to_datetime
from ujumbe.store.tallies import HOUR_MS

EVERY_HOURS: Final = 3
EVERY_DAYS: Final = 7


class Range(StrEnum):
    """How far back a page looks."""

    TODAY = "today"
    WEEK = "7"
    MONTH = "30"

    @property
    def days(self) -> int:
        """Today included."""
        return 1 if self is Range.TODAY else int(self)


@dataclass(frozen=True, slots=True)
class Span:
    """Some hours, counted since 1970, from `first` up to `following`: an hour of the day or a day."""

    first: int
    following: int
    label: str
    """Empty where there is no room for each."""
    title: str


def spans(over: Range, now_ms: int, zone: ZoneInfo) -> list[Span]:
    """The pieces of a range that ends today: hours of one day, or days.

    A day begins with the first hour that begins in it: where clocks are half an hour off, half an hour late.
    """
    today = to_datetime(now_ms).astimezone(zone).date()
    if over is Range.TODAY:
        return [_hour(hour, zone) for hour in range(_start(today, zone), _start(today + timedelta(1), zone))]
    days = [today - timedelta(back) for back in range(over.days - 1, -1, -1)]
    return [_day(day, zone, short=over is Range.MONTH, ago=(today - day).days) for day in days]


def _start(day: date, zone: ZoneInfo) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    return -int(-moment * 1000 // HOUR_MS)


def _hour(hour: int, zone: ZoneInfo) -> Span:
    at = to_datetime(hour * HOUR_MS).astimezone(zone)
    until = to_datetime((hour + 1) * HOUR_MS).astimezone(zone)
    label = f"{at:%H}" if at.hour % EVERY_HOURS == 0 else ""
    return Span(hour, hour + 1, label, f"{at:%H:%M} to {until:%H:%M}")


def _day(day: date, zone: ZoneInfo, *, short: bool, ago: int) -> Span:
    label = f"{day.day} {day:%b}" if short else f"{day:%a}"
    told = label if not short or ago % EVERY_DAYS == 0 else ""
    return Span(_start(day, zone), _start(day + timedelta(1), zone), told, f"{day:%A}, {day.day} {day:%B}")
