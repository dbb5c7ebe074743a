"""Opt-outs in spreadsheets: what comes in, what is refused with which reason, and what goes out comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.opt_out_sheet import COLUMNS, READ, Wanted, headings, read
from ujumbe.domain.spreadsheet import cell, number_cell, separator

PLACES = {name: place for place, name in enumerate(READ)}
NUMBER = "+254711000111"


@pytest.mark.parametrize(
    ("cells", "country", "wanted"),
    [
        ([NUMBER], "", Wanted(NUMBER, "", "")),
        (["254711000111", "MyBrand", "asked us"], "", Wanted(NUMBER, "MyBrand", "asked us")),
        ([" 254 711-000-111 ", " ", ""], "", Wanted(NUMBER, "", "")),
        (["0711000111"], "KE", Wanted(NUMBER, "", "")),
        (["711000111"], "KE", Wanted(NUMBER, "", "")),
        ([f"'{NUMBER}"], "", Wanted(NUMBER, "", "")),
        (["'0711000111", "'+12345", "'=1+1"], "KE", Wanted(NUMBER, "+12345", "=1+1")),
        ([NUMBER, "", "a\x00b"], "", Wanted(NUMBER, "", "a\ufffdb")),
    ],
)
def test_what_counts(cells: list[str], country: str, wanted: Wanted) -> None:
    assert read(cells, PLACES, country) == wanted


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([""], "empty"),
        (["0711000111"], "UJUMBE_DEFAULT_COUNTRY"),
        (["2.54711E+11"], "rounded this number to 2.54711E+11"),
        (["2,54711E+11"], "format the column as text"),
        (["2.54711e11"], "rounded"),
        (["Asha"], "digits"),
        (["+25471"], "short|digits|length"),
        ([NUMBER, "x" * 101], "100 characters"),
        ([NUMBER, "", "x" * 501], "500 characters"),
    ],
)
def test_what_does_not(cells: list[str], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says.replace("+", r"\+")):
        read(cells, PLACES, "")


def test_what_has_ended_and_whom_nobody_knows_asks_for_nothing() -> None:
    places = {name: place for place, name in enumerate(COLUMNS)}
    assert read([NUMBER, "", "keyword", "", "STOP", "2026-01-01", "2026-02-01", "wrote START"], places, "") is None
    assert read(["erased:0123456789abcdef0123456789abcdef"], PLACES, "") is None


@pytest.mark.parametrize(
    ("line", "found"),
    [("phone,from", ","), ("phone;from;reason", ";"), ("phone\tfrom", "\t"), ("phone", ","), ("", ",")],
)
def test_separators(line: str, found: str) -> None:
    assert separator(line) == found


def test_headings_in_any_order_and_case() -> None:
    assert headings(["Reason", " PHONE ", "x"]) == {"reason": 0, "phone": 1, "x": 2}
    assert headings([NUMBER, "MyBrand"]) is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'quoted"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@given(sender=st.text(max_size=100), reason=st.text(max_size=500))
def test_what_goes_out_comes_back(sender: str, reason: str) -> None:
    found = read([number_cell(NUMBER), cell(sender.strip()), cell(reason.strip())], PLACES, "")
    assert found is not None
    assert (found.number, found.sender, found.reason) == (
        NUMBER,
        sender.strip().replace("\x00", "\ufffd"),
        reason.strip().replace("\x00", "\ufffd"),
    )
