"""Opt-outs as spreadsheets hold them: which columns there are, and what a row asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ujumbe.domain import erased, phone
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.spreadsheet import is_rounded, opened
from ujumbe.domain.text import storable

COLUMNS: Final = ("phone", "from", "source", "reason", "proof", "since", "until", "ended_by")
READ: Final = ("phone", "from", "reason")
"""Columns that an import reads, in their order where no heading names them."""
LONGEST_SENDER: Final = 100
LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants nothing more, from whom ('' for all), and why."""

    number: str
    sender: str
    reason: str


def headings(cells: Sequence[str]) -> dict[str, int] | None:
    """The columns by name, where this row names them; None where it is one of the numbers already."""
    named = {cell.strip().casefold(): place for place, cell in reversed(list(enumerate(cells)))}
    return named if "phone" in named else None


def read(cells: Sequence[str], places: Mapping[str, int], default_country: str) -> Wanted | None:
    """What a row asks for; None where it asks for nothing: its opt-out has ended, or its person was erased.

    Raises `InvalidInputError` with what would be right, and never with the number itself.
    """
    given = {name: opened(cells[place]) for name, place in places.items() if place < len(cells)}
    number = given.get("phone", "").strip()
    if given.get("until", "").strip() or erased.is_mark(number):
        return None
    if is_rounded(number):
        told = f"a spreadsheet has rounded this number to {number}: format the column as text and fill it in anew"
        raise InvalidInputError("phone", told)
    sender, reason = storable(given.get("from", "").strip()), storable(given.get("reason", "").strip())
    if len(sender) > LONGEST_SENDER:
        raise InvalidInputError("from", f"no sender has more than {LONGEST_SENDER} characters")
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError("reason", f"a reason has at most {LONGEST_REASON} characters")
    return Wanted(phone.parse_query(number, default_country=default_country), sender, reason)
