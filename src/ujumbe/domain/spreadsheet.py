"""Cells of spreadsheets: written so that none is taken for a formula, and read back as they went out."""

import re
from typing import Final

from ujumbe.domain import phone

SEPARATORS: Final = ",;\t"

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet, and may fetch or run things when the file is opened."""
_ROUNDED: Final = re.compile(r"\+?[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")


def separator(line: str) -> str:
    """What stands between the cells, by the first line: Excel writes `;` where the comma is for decimals."""
    return max(SEPARATORS, key=line.count)


def cell(text: str) -> str:
    """Free text as a cell: a `'` in front keeps a spreadsheet from taking it for a formula."""
    return f"'{text}" if text.startswith((*_RISKY, "'")) else text


def number_cell(number: str) -> str:
    """A number as a cell: E.164 stays as it is. What AT wrote and nobody could read is free text."""
    return number if phone.is_number(number) else cell(number)


def is_rounded(number: str) -> bool:
    """Whether a spreadsheet has made `2.54711E+11` of a number: its last digits are lost."""
    return _ROUNDED.fullmatch(number) is not None


def opened(text: str) -> str:
    """A cell as it was before `cell` made it safe, or before a person made Excel keep a number with a `'`."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_RISKY, "'", *"0123456789")) else text
