"""What a text weighs, told while it is written and when it is checked, by the same rules as everything else."""

import unicodedata
from collections import Counter
from itertools import groupby
from typing import Final, NamedTuple

from ujumbe.domain.plain import plain, replacement
from ujumbe.domain.segments import Encoding, Measure, measure

MOST_SHOWN: Final = 12
"""Different characters that are explained: a text in Arabic has them all."""
FORCES: Final = "not in the plain SMS alphabet: with it a segment holds 70 characters instead of 160"
DOUBLE: Final = "each takes the room of two characters"


class Dear(NamedTuple):
    """A character that costs more than one unit, how often it stands in the text, and what would be cheaper."""

    character: str
    name: str
    times: int
    forces_ucs2: bool
    replacement: str | None
    """None where nothing cheaper says the same."""


class Piece(NamedTuple):
    """A run of the text, and whether it is what makes it dear."""

    text: str
    dear: bool


class Meter(NamedTuple):
    """A text on the scales."""

    weight: Measure
    dear: list[Dear]
    pieces: list[Piece]
    """The text with its dear characters apart."""
    plainly: Measure | None
    """What it would weigh in plain characters, where that is less."""
    people: int | None
    """How many numbers are listed; None where it goes to subscribers."""
    unnamed: int
    """How many more different characters are dear than are explained."""

    @property
    def why(self) -> str:
        """What makes its dear characters dear."""
        return FORCES if self.forced else DOUBLE

    @property
    def total(self) -> int:
        """Segments for everybody who is listed."""
        return self.weight.segments * (self.people or 0)

    @property
    def forced(self) -> bool:
        """Whether the whole text goes in the wide alphabet."""
        return self.weight.encoding == Encoding.UCS2

    @property
    def room(self) -> int:
        """Units in each segment."""
        short = self.weight.segments == 1
        return (70 if short else 67) if self.forced else (160 if short else 153)


def weigh(text: str, people: int | None, *, shown: str = "") -> Meter:
    """`text` on the scales, to go to so many people.

    `shown` is what its pieces show in its place where numbers in it are masked: as long as it is.
    """
    weight = measure(text)
    # In the wide alphabet `€` costs what a letter does: only what forces it is dear then.
    costly = [each for each in weight.costly if each.forces_ucs2 or weight.encoding == Encoding.GSM7]
    times = Counter(each.character for each in costly)
    forces = {each.character: each.forces_ucs2 for each in costly}
    dear = [
        Dear(each, _name(each), number, forces[each], replacement(each))
        for each, number in times.most_common(MOST_SHOWN)
    ]
    cheaper = plain(text)
    plainly = measure(cheaper) if costly and cheaper != text else None
    if plainly is not None and plainly.segments >= weight.segments:
        plainly = None  # it costs the same
    pieces = [
        Piece("".join(character for _, character in run), is_dear)
        for is_dear, run in groupby(zip(text, shown or text, strict=True), key=lambda each: each[0] in times)
    ]
    return Meter(weight, dear, pieces, plainly, people, len(times) - len(dear))


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()
