"""What a text weighs, for people: its segments, and the characters that make it dearer, where they stand."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ujumbe.domain.segments import Costly, Encoding, Measure, measure

MOST_NAMED: Final = 8
"""Characters that are named beneath a text; the marks show all of them."""
FORCES: Final = "not in the plain SMS alphabet: with it a segment holds 70 characters instead of 160"
DOUBLE: Final = "each takes the room of two characters"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; `why` says why its characters are dear, empty where they are not."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Meter:
    """A text measured. `costly` are characters with their name and how often they occur; `unnamed` are so many more."""

    measure: Measure
    pieces: list[Piece]
    why: str
    costly: list[tuple[str, str, int]]
    unnamed: int


def read(text: str, shown: str = "") -> Meter:
    """Measure `text`. `shown` is what stands in its place where numbers in it are masked, as long as it is."""
    shown = shown or text
    found = measure(text)
    unicode = found.encoding is Encoding.UCS2
    why = FORCES if unicode else DOUBLE
    dear = {each.index: each for each in found.costly if each.forces_ucs2 or not unicode}
    pieces = [
        Piece("".join(shown[index] for index in run), why if costly else "")
        for costly, run in groupby(range(len(text)), key=lambda index: index in dear)
    ]
    counts = Counter(_character(each) for each in dear.values())
    named = [(each, _name(each), count) for each, count in counts.most_common(MOST_NAMED)]
    return Meter(found, pieces, why, named, len(counts) - len(named))


def _character(costly: Costly) -> str:
    return costly.character


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()
