"""Prices, exchange and networks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.simulator.networks import network_of
from ujumbe.simulator.pricing import ELSEWHERE, PRICES, RATES, Money, convert, price


@given(st.sampled_from(sorted(RATES)), st.integers(-(10**15), 10**15))
def test_money_is_written_as_it_is_read(currency: str, amount: int) -> None:
    money = Money(currency, amount)
    assert Money.parse(str(money)) == money


@pytest.mark.parametrize(
    "text", ["", "KES", "KES 1.", "KES 1.00000", "kes 1", "KES  1", "KES 1e3", "KES 1 ", "ZZZ 1", "KES ١"]
)
def test_other_forms_are_no_money(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a currency|unknown currency"):
        Money.parse(text)


def test_negative_balances_are_written_like_the_recorded_ones() -> None:
    assert str(Money("ZAR", -1_3448)) == "ZAR -1.3448"


def test_exchange_is_the_recorded_one_and_the_identity_at_home() -> None:
    assert str(convert(price("+254711000111", 1), "USD")) == "USD 0.0079"
    assert convert(Money("KES", 8000), "KES") == Money("KES", 8000)
    assert {currency for currency, _ in (*PRICES.values(), ELSEWHERE)} <= set(RATES)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+254711000111", "63902"), ("+254731000111", "63903"), ("+254771000111", "63907"), ("+254763000111", "63999"),
        ("+254110000111", "63902"), ("+254100000111", "63903"), ("+256772000111", "64110"), ("+234803000111", "62130"),
        ("+255754000111", "64004"), ("+250788000111", "63510"), ("+27820000111", "65501"), ("+15550000111", "99999"),
    ],
)  # fmt: skip
def test_networks(number: str, code: str) -> None:
    assert network_of(number) == code
