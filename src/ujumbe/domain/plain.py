"""Cheap characters in place of dear ones: a curly apostrophe more than halves what fits into one SMS."""

import unicodedata
from typing import Final

from ujumbe.domain.segments import BASIC

_LOOKS: Final = {
    "'": "‘’‚‛′ʼ`´",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−",
    "...": "…",
    "*": "•·‣▪●",
    "x": "×",
    "<": "‹",
    ">": "›",
    " ": "\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t",
    "": "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff",
    "(c)": "©",
    "(R)": "®",
    "TM": "™",
    "c": "ç",
}
_PLAIN: Final = {dear: plain for plain, found in _LOOKS.items() for dear in found}
"""Word processors put in the first lines of these by themselves. The empty ones cannot be seen at all."""


def replacement(character: str) -> str | None:
    """What says the same for less: `'` for a curly apostrophe, `a` for `ã`; empty for what nobody can see.

    None where the character is as cheap as can be, or nothing cheap says the same (an emoji, Arabic, `€`).
    """
    if character in BASIC:
        return None
    if character in _PLAIN:
        return _PLAIN[character]
    parts = unicodedata.normalize("NFKD", character)
    letters = "".join(each for each in parts if not unicodedata.combining(each))
    return letters if letters and letters != character and BASIC.issuperset(letters) else None


def plain(text: str) -> str:
    """`text` with every dear character that has a cheap replacement replaced; composed first, as `é` costs one unit."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(each if (found := replacement(each)) is None else found for each in composed)
