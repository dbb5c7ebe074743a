import pytest

from ujumbe.domain import ids, search
from ujumbe.domain.ids import Kind
from ujumbe.domain.search import Sought

MESSAGE = ids.show(Kind.MESSAGE, 1 << 60)


@pytest.mark.parametrize(
    ("typed", "country", "sought"),
    [
        ("", "", Sought()),
        ("   ", "KE", Sought()),
        ("+254711000111", "", Sought(number="+254711000111")),
        ("+254 711-000 111", "", Sought(number="+254711000111")),
        ("254711000111", "", Sought(number="+254711000111")),
        (" 254711000111", "KE", Sought(number="+254711000111")),
        ("0711000111", "KE", Sought(number="+254711000111")),
        ("0711 000 111", "KE", Sought(number="+254711000111")),
        ("711000111", "KE", Sought(number="+254711000111")),
        ("0711000111", "", Sought(part="711000111", text="0711000111")),
        ("000111", "KE", Sought(part="000111", text="000111")),
        ("0711", "", Sought(part="711", text="0711")),
        ("0711 000", "", Sought(part="711000", text="0711 000")),
        ("011", "", Sought(part="011", text="011")),
        ("00254711000111", "", Sought(part="254711000111", text="00254711000111")),
        ("+2547110", "", Sought(part="+2547110")),
        ("+254711000", "", Sought(part="+254711000")),
        ("11", "", Sought(text="11")),
        ("493 021", "", Sought(part="493021", text="493 021")),
        ("Habari  ya\tleo", "", Sought(text="Habari ya leo")),
        ("50% off", "", Sought(text="50% off")),
        (MESSAGE, "", Sought(message=1 << 60)),
        (MESSAGE.upper(), "", Sought(message=1 << 60)),
        ("msg_nothing", "", Sought(text="msg_nothing")),
        ("ATXid_0123456789abcdef", "", Sought(provider_id="ATXid_0123456789abcdef")),
        ("ATXid", "", Sought(text="ATXid")),
    ],
)
def test_what_is_sought(typed: str, country: str, sought: Sought) -> None:
    assert search.read(typed, country) == sought


def test_what_is_long_is_cut() -> None:
    assert search.read("x" * 1000) == Sought(text="x" * search.LONGEST)
    assert len(search.read("1" * 1000).text) == search.LONGEST


@pytest.mark.parametrize(
    ("typed", "guesses"),
    [
        ("+254711000111", False),
        ("0111", True),
        ("+25471100", True),
        ("call 2547", True),
        ("call 071 1", True),
        ("room 12", False),
    ],
)
def test_what_would_tell_digits(typed: str, guesses: bool) -> None:
    assert search.guesses(search.read(typed)) is guesses
