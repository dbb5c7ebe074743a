"""The mark that stands in place of the number of a person who was erased."""

import hashlib
import hmac
from typing import Final

PREFIX: Final = "erased:"
_DIGITS: Final = 32
"""128 bits: no two of all numbers there are have the same mark."""


def mark(key: bytes, number: str) -> str:
    """What stands in place of `number`: the same each time, and made from nothing without the key."""
    return PREFIX + hmac.new(key, number.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def is_mark(number: str) -> bool:
    """Whether this stands in place of a number: nothing can be sent to it."""
    return number.startswith(PREFIX)
