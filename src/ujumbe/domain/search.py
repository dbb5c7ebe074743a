"""What somebody types to find a message: a number, a part of one, words, or an id."""

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers

from ujumbe.domain import ids, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind

LONGEST: Final = 100
"""Characters that are looked for."""
SHORTEST_PART: Final = 3
"""Digits: fewer are in nearly every number."""

_SEPARATORS = re.compile(r"[\s().\u00a0\u2010-\u2015\u2212/-]+")
_DIGITS = re.compile(r"\+?[0-9]+")
_PROVIDER_ID = re.compile(r"ATXid_[0-9A-Za-z]{6,}")
_NEARLY_WHOLE: Final = 8
_TELLING: Final = 4
"""Digits in words: somebody who adds one after the other to such a search finds a number that a text holds."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search is for. At most one is given, but for digits: they may be part of a number or stand in a text."""

    number: str = ""
    """A whole number, in E.164."""
    part: str = ""
    """Digits somewhere in a number; with a `+` in front, its beginning."""
    text: str = ""
    """Words within a text."""
    message: int | None = None
    provider_id: str = ""
    """AT's own id of a message."""


def read(typed: str, default_country: str = "") -> Sought:
    """What `typed` looks for. Nothing is wrong here: what is no number is looked for as words."""
    words = " ".join(typed.split())[:LONGEST]
    compact = _SEPARATORS.sub("", words)
    if _DIGITS.fullmatch(compact):
        number = _whole(words, default_country)
        return Sought(number=number) if number else _part(compact, words)
    if words.lower().startswith(f"{Kind.MESSAGE}_"):
        try:
            return Sought(message=ids.read(Kind.MESSAGE, words))
        except InvalidInputError:
            return Sought(text=words)
    if _PROVIDER_ID.fullmatch(words):
        return Sought(provider_id=words)
    return Sought(text=words)


def guesses(sought: Sought) -> bool:
    """Whether the search would tell digits of numbers to somebody who may not see them, a few at a time."""
    return bool(sought.part) or sum(map(str.isdigit, sought.text)) >= _TELLING


def _whole(words: str, default_country: str) -> str:
    """The number, if its country has such a one: a shorter one is likely the beginning of what somebody types."""
    try:
        number = phone.parse_query(words, default_country=default_country)
    except InvalidInputError:
        return ""
    return number if phonenumbers.is_valid_number(phonenumbers.parse(number)) else ""


def _part(compact: str, words: str) -> Sought:
    if compact.startswith("+"):
        return Sought(part=compact)
    if len(compact) < SHORTEST_PART:
        return Sought(text=words)
    # A leading zero is likely a national prefix, which no stored number has; else less is asked for, and more found.
    # Several are an international one in front of a number, and the last digits of somebody's in a few.
    bare = compact if compact.startswith("00") and len(compact) < _NEARLY_WHOLE else compact.lstrip("0")
    return Sought(part=bare if len(bare) >= SHORTEST_PART else compact, text=words)
