from zoneinfo import ZoneInfo

import pytest

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.moment import show
from ujumbe.web.pages import filters

NAIROBI = ZoneInfo("Africa/Nairobi")


@pytest.mark.parametrize(
    ("text", "end", "moment"),
    [
        ("2026-03-04", False, "2026-03-03T21:00:00.000Z"),
        ("2026-03-04", True, "2026-03-04T21:00:00.000Z"),
        ("2026-03-04T10:30", False, "2026-03-04T07:30:00.000Z"),
        ("2026-03-04T10:30", True, "2026-03-04T07:30:00.000Z"),
        ("2026-03-04T10:30:00+00:00", False, "2026-03-04T10:30:00.000Z"),
    ],
)
def test_moments(text: str, end: bool, moment: str) -> None:
    assert show(filters.moment(text, NAIROBI, end=end)) == moment


@pytest.mark.parametrize("text", ["2026-02-30", "0001-01-01", "9999-12-31", "now", "2026-03-04T99:00"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(InvalidInputError):
        filters.moment(text, NAIROBI, end=True)


@pytest.mark.parametrize(
    ("cost", "micros", "currency"),
    [
        ("2", 2_000_000, ""),
        ("0.8", 800_000, ""),
        ("KES 1,250.50", 1_250_500_000, "KES"),
        ("35ugx", 35_000_000, "UGX"),
        ("0", 0, ""),
    ],
)
def test_costs(cost: str, micros: int, currency: str) -> None:
    wanted = filters.read({"cost": cost}, "", NAIROBI, masked=False).wanted
    assert (wanted.cost, wanted.currency) == (micros, currency)


def test_nothing_asked_for_is_everything() -> None:
    asked = filters.read({"q": " ", "state": "", "unknown": "x"}, "KE", NAIROBI, masked=True)
    assert not asked.any
    assert not asked.errors
    assert asked.before is None


def test_a_national_number_is_of_the_default_country() -> None:
    asked = filters.read({"q": "0711 000 111"}, "KE", NAIROBI, masked=True)
    assert asked.wanted.number == "+254711000111"
    assert not asked.errors
