"""How many SMS a text is, and which characters make it dearer.

GSM 03.38 (3GPP TS 23.038): the default alphabet packs 160 septets into one SMS and 153 into each part of a
longer text; a text with any other character goes as UCS-2, 70 and 67 code units. An extension character is an
escape and a septet, and a character outside the BMP is two units; neither is split across parts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    """How the text travels."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Costly:
    """A character that costs more than one unit or forces UCS-2, and where it stands (index in the text)."""

    index: int
    character: str
    forces_ucs2: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text weighs: `units` are septets (GSM-7) or 16-bit code units (UCS-2)."""

    encoding: Encoding
    units: int
    segments: int
    remaining: int
    """Units left in the last segment before another one begins."""
    costly: tuple[Costly, ...]


def measure(text: str) -> Measure:
    """Measures `text`. The empty text is one segment of no units, as the network would send it."""
    costly = tuple(
        Costly(index, character, forces_ucs2=character not in EXTENSION)
        for index, character in enumerate(text)
        if character not in BASIC
    )
    if any(each.forces_ucs2 for each in costly):
        encoding = Encoding.UCS2
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    else:
        encoding = Encoding.GSM7
        widths = [2 if character in EXTENSION else 1 for character in text]
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Measure(encoding, units, 1, _SINGLE[encoding] - units, costly)
    segments, used = _pack(widths, _PART[encoding])
    return Measure(encoding, units, segments, _PART[encoding] - used, costly)


def _pack(widths: list[int], part: int) -> tuple[int, int]:
    """The number of parts, and the units used in the last: a two-unit character never straddles two."""
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return segments, used
