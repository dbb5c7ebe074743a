"""Opt-outs that come as a list: a file is read a piece at a time, and recorded a few hundred rows a transaction.

Each opt-out has the line that says so as its proof.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Final, NamedTuple

from ujumbe.domain import consent, opt_out_sheet, spreadsheet
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.opt_out_sheet import READ, Wanted
from ujumbe.store import erasure_key, opt_outs
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import New, Source

AT_A_TIME: Final = 500
"""Rows in one transaction: claims wait behind it for some milliseconds."""
LONGEST_LINE: Final = 1 << 16
"""Characters read at once: a file without line ends does not fill the memory."""


class Row(NamedTuple):
    """What a line of a file asks for; `place` is the file and the line."""

    wanted: Wanted
    place: str


def take(tx: Tx, account: int, rows: Sequence[Row]) -> int:
    """Record opt-outs; how many were not in force before."""
    new = [New(each.wanted.number, each.wanted.sender, each.wanted.reason, each.place) for each in rows]
    return opt_outs.insert_all(tx, account, Source.IMPORT, new)


def known(tx: Tx, account: int, rows: Sequence[Row]) -> set[tuple[str, str]]:
    """The numbers and scopes among these rows that are in force already; `take` would add nothing for them."""
    names = erasure_key.with_marks(tx, {each.wanted.number for each in rows})
    asked = {(each.wanted.number, consent.scope(each.wanted.sender)) for each in rows}
    return {(names[name], scope) for name, scope in opt_outs.scopes(tx, account, names)} & asked


class Sheet:
    """The rows of a file, as they are read. `bad` is told the line of each that cannot be used, and what is wrong."""

    def __init__(self, raw: IO[bytes], name: str, country: str, bad: Callable[[int, str], None]) -> None:
        self._raw, self._name, self._country, self._bad = raw, name, country, bad
        self.position = 0
        """Bytes that were read."""
        self.skipped = 0
        """Rows that ask for nothing: their opt-out has ended, or their person was erased."""

    def groups(self) -> Iterator[list[Row]]:
        """The good rows, as many at a time as one transaction takes."""
        group: list[Row] = []
        for each in self._good():
            group.append(each)
            if len(group) == AT_A_TIME:
                yield group
                group = []
        if group:
            yield group

    def _good(self) -> Iterator[Row]:
        places: dict[str, int] | None = None
        for line, cells in self._cells():
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                named = opt_out_sheet.headings(cells)
                places = named or {name: place for place, name in enumerate(READ)}
                if named:
                    continue
            try:
                wanted = opt_out_sheet.read(cells, places, self._country)
            except InvalidInputError as error:
                self._bad(line, str(error))
                continue
            if wanted is None:
                self.skipped += 1
            else:
                yield Row(wanted, f"{self._name} line {line}")

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with the number of its first line."""
        lines = self._lines()
        first = next(lines, "")
        reader = csv.reader(_chain(first, lines), delimiter=spreadsheet.separator(first))
        while True:
            begin = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._bad(begin, f"this is no CSV ({error})")
            else:
                yield begin, cells

    def _lines(self) -> Iterator[str]:
        begin = self._raw.read(2)
        encoding = "utf-16" if begin in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        bytes_ = io.BufferedReader(_Again(begin, self._raw, self))
        with io.TextIOWrapper(bytes_, encoding, errors="replace", newline="") as text:
            while line := text.readline(LONGEST_LINE):
                yield line


class _Again(io.RawIOBase):
    """A stream of which the first bytes were looked at; it counts what is read."""

    def __init__(self, begin: bytes, rest: IO[bytes], sheet: Sheet) -> None:
        self._begin, self._rest, self._sheet = begin, rest, sheet

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, self._begin = self._begin or self._rest.read(len(buffer)), b""
        buffer[: len(data)] = data
        self._sheet.position += len(data)
        return len(data)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
