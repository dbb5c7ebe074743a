import pytest

from ujumbe.web.pages import meter


@pytest.mark.parametrize(
    ("text", "pieces", "named"),
    [
        ("Habari", [("Habari", False)], []),
        ("€5", [("€", True), ("5", False)], [("€", "euro sign", 1)]),
        ("a’b’’", [("a", False), ("’", True), ("b", False), ("’’", True)], [("’", "right single quotation mark", 3)]),
        # Beside a letter that no plain text has, the sign costs no more than another.
        ("€–", [("€", False), ("–", True)], [("–", "en dash", 1)]),
    ],
)
def test_what_is_dear(text: str, pieces: list[tuple[str, bool]], named: list[tuple[str, str, int]]) -> None:
    found = meter.weigh(text, 1)
    assert [(each.text, each.dear) for each in found.pieces] == pieces
    assert [(each.character, each.name, each.times) for each in found.dear] == named
    assert found.unnamed == 0


def test_many_are_named_in_part() -> None:
    found = meter.weigh("абвгдежзийклмн", 1)
    assert len(found.dear) == meter.MOST_SHOWN
    assert found.unnamed == 2


def test_what_is_shown_may_be_masked() -> None:
    found = meter.weigh("+254711000111 – now", None, shown="+254******111 – now")
    assert "".join(each.text for each in found.pieces) == "+254******111 – now"
