"""Money as AT states it: exact, in millionths, never across currencies."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

MICROS: Final = 1_000_000
LONGEST: Final = 40
"""Characters. Longer is no amount."""
_SHAPE = re.compile(r"([A-Z]{3}) ?(-?)(\d{1,12})(?:\.(\d{1,6}))?")
_ZERO = re.compile(r"0+(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in millionths of `currency` (ISO 4217). Nothing at all has no currency: AT writes it `0`."""

    micros: int
    currency: str

    @staticmethod
    def parse(text: object) -> "Money | None":
        """Reads `KES 0.8000`, `ZAR -1.3448` or a bare `0` (AT's cost of a refused recipient).

        None for anything else, so that an unknown form is kept raw by the caller rather than guessed at.
        """
        stripped = str(text).strip()
        return _parse(stripped) if len(stripped) <= LONGEST else None

    @property
    def amount(self) -> Decimal:
        """The amount in whole units of the currency, exact."""
        return Decimal(self.micros) / MICROS

    def __add__(self, other: "Money") -> "Money":
        if self.currency and other.currency and self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.micros + other.micros, self.currency or other.currency)

    def __str__(self) -> str:
        """As AT writes it: four decimals, more only where they are needed."""
        if not self.currency and not self.micros:
            return "0"
        whole, fraction = divmod(abs(self.micros), MICROS)
        decimals = f"{fraction:06d}"
        decimals = decimals[:4] + decimals[4:].rstrip("0")
        return f"{self.currency} {'-' if self.micros < 0 else ''}{whole}.{decimals}".strip()


@lru_cache(maxsize=1024)  # a thousand recipients of one call cost the same three or four amounts
def _parse(text: str) -> Money | None:
    if _ZERO.fullmatch(text):
        return Money(0, "")
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    currency, sign, whole, fraction = found.groups()
    micros = int(whole) * MICROS + int((fraction or "").ljust(6, "0"))
    return Money(-micros if sign else micros, currency)
