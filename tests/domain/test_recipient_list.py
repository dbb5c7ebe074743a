import codecs

import pytest

from ujumbe.domain import recipient_list
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.recipient_list import MOST, Entry, of_file, pasted, spelled

ONE, TWO = "+254711000111", "+254711000112"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\n , ;", []),
        (f"{ONE}\r\n{TWO}\n", [(ONE, 1), (TWO, 2)]),
        (f"{ONE}, {TWO};{ONE}\t{TWO}", [(ONE, 1), (TWO, 1), (ONE, 1), (TWO, 1)]),
        (f"{ONE} {TWO}", [(ONE, 1), (TWO, 1)]),
        ("+254 711 000 111 +254 (711) 000-112", [("+254 711 000 111", 1), ("+254 (711) 000-112", 1)]),
        ("0711000111 0711000112", [("0711000111", 1), ("0711000112", 1)]),
        ("0711 000 111", [("0711 000 111", 1)]),
        (f"Asha Juma {ONE}", [("Asha Juma", 1), (ONE, 1)]),
        ("+254 711 000 111 Asha", [("+254 711 000 111", 1), ("Asha", 1)]),
        ("not a number", [("not a number", 1)]),
        ("x" * 500, [("x" * recipient_list.LONGEST, 1)]),
    ],
)
def test_what_was_pasted(text: str, found: list[tuple[str, int]]) -> None:
    assert pasted(text) == [Entry(given, line) for given, line in found]


TABLE = f"name,phone,town\nAsha,{ONE},Thika\nÉric,{TWO},Kigali\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        codecs.BOM_UTF8 + TABLE.encode(),
        TABLE.encode("utf-16"),
        codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
        TABLE.encode("latin-1"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").replace("\n", "\r\n").encode(),
        TABLE.replace("phone", '"MSISDN "').encode(),
        TABLE.replace("phone", "what to dial").encode(),
        TABLE.replace("+", "'+").encode(),
    ],
    ids=["utf-8", "utf-8-bom", "utf-16", "utf-16-be", "latin-1", "semicolons", "tabs", "msisdn", "no-name", "quoted"],
)
def test_the_column_of_numbers_is_found(data: bytes) -> None:
    assert of_file(data) == [Entry(ONE, 2), Entry(TWO, 3)]


def test_a_list_without_headings() -> None:
    assert of_file(f"{ONE}\n{TWO}\n".encode()) == [Entry(ONE, 1), Entry(TWO, 2)]
    assert of_file(b"1,0711 000 111\n2,x\n") == [Entry("0711 000 111", 1), Entry("x", 2)]


def test_rows_are_told_by_their_line() -> None:
    found = of_file(f'phone,note\n{ONE},"two\nlines"\n,nobody\n\n2.54711E+11,rounded\n{TWO}\n'.encode())
    assert [(each.given, each.line) for each in found] == [(ONE, 2), ("", 4), ("2.54711E+11", 6), (TWO, 7)]
    assert ["rounded" in each.error for each in found] == [False, False, True, False]
    assert "no number" in found[1].error


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"name,town\nAsha,Thika\n", b"\x00\x01\x02", b'a,"b\n' + b"x" * 200_000]
)
def test_a_file_without_numbers(data: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        of_file(data)
    assert caught.value.field == "file"


def test_more_than_one_list_holds() -> None:
    assert len(pasted(f"{ONE}\n" * MOST)) == MOST
    with pytest.raises(InvalidInputError, match="100,000"):
        pasted(f"{ONE}\n" * (MOST + 1))
    with pytest.raises(InvalidInputError, match="100,000"):
        of_file(f"{ONE}\n".encode() * (MOST + 1))


@pytest.mark.parametrize(
    ("given", "country", "number"),
    [
        (ONE, "", ONE),
        ("254711000111", "", ONE),
        ("254711000111", "KE", ONE),
        ("0711 000 111", "KE", ONE),
        ("0711 000 111", "", "0711 000 111"),
        ("Asha", "KE", "Asha"),
    ],
)
def test_numbers_in_other_spellings(given: str, country: str, number: str) -> None:
    assert spelled(given, country) == number
