"""How values are written for people."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.money import MICROS, Money
from ujumbe.domain.role import Role
from ujumbe.web.pages import render
from ujumbe.web.pages.viewer import Viewer

NOW = 1_772_620_200_000  # 2026-03-04T10:30:00Z
NAIROBI = ZoneInfo("Africa/Nairobi")
MINUTE = 60_000


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "13:30"),
        (NOW - 13 * 60 * MINUTE, "00:30"),
        (NOW - 14 * 60 * MINUTE, "3 Mar 23:30"),
        (NOW - 400 * 24 * 60 * MINUTE, "28 Jan 2025 13:30"),
    ],
)
def test_a_moment_is_as_short_as_it_can_be(moment: int, text: str) -> None:
    assert render.clock(moment, NAIROBI, NOW) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 s"), (1_500, "1.5 s"), (8_000, "8 s"), (119_000, "119 s"), (12 * MINUTE, "12 min"), (180 * MINUTE, "3 h")],
)
def test_a_span_is_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert render.span(milliseconds) == text


def test_how_far_off_a_moment_is() -> None:
    assert render.away(NOW, NOW) == "just now"
    assert render.away(NOW - 3 * MINUTE, NOW) == "3 min ago"
    assert render.away(NOW + 3 * 60 * MINUTE, NOW) == "in 3 h"


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (800_000, "KES\xa00.80"),
        (12_345_600_000, "KES\xa012,345.60"),
        (1_344_800, "KES\xa01.3448"),
        (-500_000, "KES\xa0-0.50"),
    ],
)
def test_money_for_people(micros: int, text: str) -> None:
    assert render.money(Money(micros, "KES")) == text


def test_what_has_no_price_is_no_amount() -> None:
    assert render.money(None) == render.money(Money(0, "")) == "–"


@given(st.integers(-(10**15), 10**15))
def test_money_is_exact(micros: int) -> None:
    number = render.money(Money(micros, "KES")).removeprefix("KES\xa0").replace(",", "")
    whole, _, fraction = number.lstrip("-").partition(".")
    assert int(whole) * MICROS + int(fraction.ljust(6, "0")) == abs(micros)
    assert number.startswith("-") == (micros < 0)


def test_a_number_is_grouped_or_masked() -> None:
    viewer = Viewer(None, "Amina", Role.VIEWER)
    masked = Viewer(None, "Amina", Role.VIEWER, masked=True)
    assert render.shown("+254711000111", viewer).replace("\xa0", " ") == "+254 711 000111"
    assert render.shown("+254711000111", masked) == "+254******111"
    assert render.shown("12345", viewer) == "12345"
