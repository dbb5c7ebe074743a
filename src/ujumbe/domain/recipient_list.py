"""Recipients as people have them: pasted in whatever form, or a file out of a spreadsheet. Numbers are judged later."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ujumbe.domain import phone, spreadsheet
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.text import storable

MOST: Final = 100_000
"""Numbers in one list: a form and a page hold no more."""
LONGEST: Final = 100
"""Characters of one entry that are kept: enough to be recognised in a list of what is wrong."""
HEADINGS: Final = frozenset(
    {"phone", "number", "to", "msisdn", "phone number", "phonenumber", "phone_number", "mobile", "telephone", "simu"}
)
"""Names of a column of numbers, in any case."""
NOBODY: Final = "-"
"""What stands in a list for a row of a file that has no number."""
NO_NUMBER: Final = "there is no number in this row"
_LOOKED_AT: Final = 50
"""Rows of a file without such a name that are looked at for a column of numbers."""
_LIKE_A_NUMBER: Final = re.compile(r"\+?[\d\s().\u00a0-]{7,40}|\+?[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
_BETWEEN: Final = re.compile(r"[,;\t|]")
_SHORTEST: Final = 7
"""Digits of a number: fewer beside a space are a part of one."""


class Entry(NamedTuple):
    """One recipient as it stands in the list, and its line (from 1)."""

    given: str
    line: int
    error: str = ""
    """What is wrong with its row, where that is known before anybody looks at the number."""


def pasted(text: str) -> list[Entry]:
    """What was typed or pasted: a number a line, or several with commas, semicolons or spaces between them.

    Raises `InvalidInputError` for more than `MOST`.
    """
    return _bounded(
        Entry("", line, NO_NUMBER) if each == NOBODY else Entry(each[:LONGEST], line)
        for line, whole in enumerate(storable(text).splitlines(), start=1)
        for part in _BETWEEN.split(whole)
        for each in _apart(part.strip())
    )


def of_file(data: bytes) -> list[Entry]:
    """The numbers of a CSV or text file: of the column that is called so, else of the first that holds numbers.

    UTF-8, UTF-16 with its mark, and what older spreadsheets write are read. Raises `InvalidInputError` where there is
    no such column, or for more than `MOST`.
    """
    rows = [(line, cells) for line, cells in _rows(_decoded(data)) if any(cell.strip() for cell in cells)]
    if not rows:
        raise InvalidInputError("file", "the file is empty")
    column, named = _column([cells for _, cells in rows[:_LOOKED_AT]])
    return _bounded(entry for line, cells in rows[named:] for entry in _of_row(line, cells, column))


def _apart(part: str) -> Iterator[str]:
    """The numbers of something without commas: spaces are within a number or between two. A name stands by itself."""
    for numeric, group in groupby(part.split(), key=lambda word: any(map(str.isdigit, word))):
        words = list(group)
        starts = [place for place, word in enumerate(words) if place and word.startswith("+")]
        for begin, end in zip([0, *starts], [*starts, len(words)], strict=True):
            run = words[begin:end]
            if numeric and all(sum(map(str.isdigit, word)) >= _SHORTEST for word in run):
                yield from run
            else:
                yield " ".join(run)


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return storable(data.decode("utf-16", "replace"))
    try:
        return storable(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return storable(data.decode("latin-1"))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with the number of its first line."""
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=spreadsheet.separator(first))
    while True:
        begin = reader.line_num + 1
        try:
            yield begin, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInputError("file", f"line {begin} of the file is no CSV ({error})") from None


def _column(rows: Sequence[Sequence[str]]) -> tuple[int, bool]:
    """Where the numbers stand, and whether the first row names it."""
    named = [place for place, cell in enumerate(rows[0]) if cell.strip().casefold() in HEADINGS]
    if named:
        return named[0], True
    for place in range(max(map(len, rows))):
        if any(place < len(cells) and _like_a_number(cells[place]) for cells in rows):
            # Without a name for it the first row may still be one of headings.
            return place, len(rows) > 1 and not any(map(_like_a_number, rows[0]))
    names = "phone, number, to or msisdn"
    raise InvalidInputError("file", f"no column of the file holds numbers; call the one that does {names}")


def _like_a_number(cell: str) -> bool:
    return _LIKE_A_NUMBER.fullmatch(spreadsheet.opened(cell.strip())) is not None


def _of_row(line: int, cells: Sequence[str], column: int) -> Iterator[Entry]:
    given = spreadsheet.opened(cells[column].strip()) if column < len(cells) else ""
    if not given:
        yield Entry("", line, NO_NUMBER)
    elif spreadsheet.is_rounded(given):
        yield Entry(given, line, "a spreadsheet has rounded this number: format the column as text and fill it in anew")
    else:
        yield Entry(given[:LONGEST], line)


def _bounded(entries: Iterator[Entry]) -> list[Entry]:
    found: list[Entry] = []
    for each in entries:
        if len(found) == MOST:
            raise InvalidInputError("to", f"these are more than {MOST:,} numbers: send to them in parts")
        found.append(each)
    return found


def spelled(given: str, default_country: str) -> str:
    """`given` in E.164 where it is a number in any usual spelling (without the `+`, national), else as it is."""
    try:
        return phone.parse_query(given, field="to", default_country=default_country)
    except InvalidInputError:
        return given
