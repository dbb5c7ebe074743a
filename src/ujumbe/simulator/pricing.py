"""What a part costs, by destination, and the same in the account's currency.

The prices of Kenya, Uganda, Nigeria and Tanzania are among those seen in recorded answers; the others, and
all exchange rates, are made up so that each destination has its own currency (assumed).
Money is an integer of ten-thousandths: AT writes four decimals (recorded).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Country code → (currency, ten-thousandths a part).
PRICES = {
    "20": ("EGP", 4_0000),
    "27": ("ZAR", 1124),
    "221": ("XOF", 18_0000),
    "225": ("XOF", 18_0000),
    "233": ("GHS", 350),
    "234": ("NGN", 2_2000),
    "237": ("XAF", 15_0000),
    "250": ("RWF", 10_0000),
    "251": ("ETB", 5000),
    "254": ("KES", 8000),
    "255": ("TZS", 22_0000),
    "256": ("UGX", 25_0000),
    "260": ("ZMW", 3500),
    "265": ("MWK", 25_0000),
}
ELSEWHERE = ("USD", 500)

# One unit of the currency in millionths of a dollar. KES gives the recorded USD 0.0079 for KES 0.8000.
RATES = {
    "EGP": 20_500, "ETB": 8_000, "GHS": 82_000, "KES": 9_875, "MWK": 577, "NGN": 650, "RWF": 730, "TZS": 400,
    "UGX": 270, "USD": 1_000_000, "XAF": 1_700, "XOF": 1_700, "ZAR": 55_000, "ZMW": 38_000,
}  # fmt: skip

_MONEY = re.compile(r"([A-Z]{3}) (-?)(\d{1,12})(?:\.(\d{1,4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in ten-thousandths of a currency."""

    currency: str
    amount: int

    def __str__(self) -> str:
        sign = "-" if self.amount < 0 else ""
        whole, rest = divmod(abs(self.amount), 10_000)
        return f"{self.currency} {sign}{whole}.{rest:04}"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `KES 100.0000`; raises `ValueError` for another form or a currency without a rate."""
        match = _MONEY.fullmatch(text)
        if match is None:
            raise ValueError('expected a currency and an amount, such as "KES 100.0000"')
        currency, sign, whole, decimals = match.groups()
        if currency not in RATES:
            raise ValueError(f"unknown currency; known are {', '.join(sorted(RATES))}")
        amount = int(whole) * 10_000 + int((decimals or "").ljust(4, "0"))
        return cls(currency, -amount if sign else amount)


def price(number: str, parts: int) -> Money:
    """Price a text of `parts` to a number in E.164, in the destination's currency (recorded: AT does so)."""
    currency, each = PRICES.get(number[1:4]) or PRICES.get(number[1:3]) or ELSEWHERE
    return Money(currency, each * parts)


def convert(money: Money, currency: str) -> Money:
    """Convert at the fixed rate, rounded half up to the ten-thousandth."""
    if money.currency == currency:
        return money
    rate, into = RATES[money.currency], RATES[currency]
    return Money(currency, (2 * money.amount * rate + into) // (2 * into))
