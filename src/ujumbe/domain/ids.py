"""Ids as people see them: a 63-bit number in thirteen characters behind a word, e.g. `msg_01h4t0m7kz8qd`."""

from enum import StrEnum
from typing import Final

from ujumbe.domain.errors import InvalidInputError

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: in order of value, so that ids sort as text; without i, l, o, u, which are misread."""
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_WIDTH: Final = 13
_PAIRS: Final = [first + second for first in _DIGITS for second in _DIGITS]
"""Two digits at a time: an answer may hold ten thousand ids."""


class Kind(StrEnum):
    """What an id names; its value is the word before the underscore."""

    MESSAGE = "msg"
    BATCH = "bat"
    INBOUND = "in"
    CALLBACK = "cb"
    KEY = "key"
    OPT_OUT = "opt"
    SUBSCRIPTION = "sub"
    CALL = "call"
    EVENT = "evt"
    RULE = "rule"
    REVIEW = "rev"
    WEBHOOK = "wh"
    ACCOUNT = "acc"
    USER = "user"
    SESSION = "ses"


def show(kind: Kind, number: int) -> str:
    """The id as shown. `number` is 0 … 2**63 - 1."""
    high, low = number >> 30, number & 0x3FFFFFFF
    return (
        f"{kind.value}_{_DIGITS[high >> 30]}{_PAIRS[high >> 20 & 1023]}{_PAIRS[high >> 10 & 1023]}{_PAIRS[high & 1023]}"
        f"{_PAIRS[low >> 20]}{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}"
    )


def read(kind: Kind, text: str, *, field: str = "id") -> int:
    """The number behind a shown id. Raises `InvalidInputError` where it is not one of this kind."""
    word, _, digits = text.strip().lower().partition("_")
    number = 0
    if word == kind.value and len(digits) == _WIDTH and all(digit in _VALUES for digit in digits):
        for digit in digits:
            number = number << 5 | _VALUES[digit]
        if number < 1 << 63:
            return number
    raise InvalidInputError(
        field, f"not a {kind.name.lower().replace('_', '-')} id ({kind.value}_ and {_WIDTH} characters)"
    )
