from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.money import MICROS, Money

CURRENCIES = st.from_regex(r"[A-Z]{3}", fullmatch=True)
AMOUNTS = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1)


@pytest.mark.parametrize(
    ("text", "micros", "currency"),
    [
        ("KES 0.8000", 800_000, "KES"),
        ("USD 0.0079", 7_900, "USD"),
        ("USD 999999589.6168", 999_999_589_616_800, "USD"),
        ("KES 1785.50", 1_785_500_000, "KES"),
        ("ZAR -1.3448", -1_344_800, "ZAR"),
        ("UGX -14.5731", -14_573_100, "UGX"),
        ("UGX 25", 25_000_000, "UGX"),
        ("KES 0.000001", 1, "KES"),
        (" KES 1.00 ", 1_000_000, "KES"),
        ("0", 0, ""),
        ("0.0000", 0, ""),
        (0, 0, ""),
    ],
)
def test_what_at_writes(text: object, micros: int, currency: str) -> None:
    assert Money.parse(text) == Money(micros, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "None",
        None,
        "KES",
        "0.8000",
        "kes 1",
        "KES 1,000.00",
        "KES 1.0000001",
        "KES 1e3",
        "KES --1",
        "KES NaN",
        {},
        [],
    ],
)
def test_what_is_not_guessed_at(text: object) -> None:
    assert Money.parse(text) is None


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.text()))
def test_anything_is_read_or_not(anything: object) -> None:
    found = Money.parse(anything)
    assert found is None or abs(found.micros) < 1 << 63


@given(AMOUNTS, CURRENCIES)
def test_what_is_written_is_read_back(micros: int, currency: str) -> None:
    money = Money(micros, currency)
    assert Money.parse(str(money)) == money
    assert money.amount * MICROS == micros


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(0, ""), "0"),
        (Money(0, "KES"), "KES 0.0000"),
        (Money(800_000, "KES"), "KES 0.8000"),
        (Money(1, "KES"), "KES 0.000001"),
        (Money(-1_344_800, "ZAR"), "ZAR -1.3448"),
        (Money(-500_000, "ZAR"), "ZAR -0.5000"),
    ],
)
def test_it_is_written_as_at_writes(money: Money, text: str) -> None:
    assert str(money) == text


def test_the_amount_is_exact() -> None:
    assert Money(7_900, "USD").amount == Decimal("0.0079")


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_sums_are_exact(one: int, other: int, currency: str) -> None:
    assert Money(one, currency) + Money(other, currency) == Money(one + other, currency)
    assert Money(0, "") + Money(other, currency) == Money(other, currency) == Money(other, currency) + Money(0, "")


@given(AMOUNTS, AMOUNTS)
def test_currencies_are_never_added(one: int, other: int) -> None:
    with pytest.raises(ValueError, match="KES and USD"):
        Money(one, "KES") + Money(other, "USD")
