import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.plain import plain, replacement
from ujumbe.domain.segments import BASIC, EXTENSION, Encoding, measure


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        ("\u2019", "'"),
        ("\u201c", '"'),
        ("\u2013", "-"),
        ("…", "..."),
        ("\u00a0", " "),
        ("\u200b", ""),
        ("ã", "a"),
        ("Ẽ", "E"),
        ("ê", "e"),
        ("ç", "c"),
        ("ﬁ", "fi"),
        ("½", None),
        ("é", None),
        ("€", None),
        ("😀", None),
        ("ع", None),
        ("a", None),
    ],
)
def test_what_says_the_same_for_less(dear: str, cheap: str | None) -> None:
    assert replacement(dear) == cheap


def test_a_text_from_a_word_processor_goes_back_to_one_segment() -> None:
    text = "Don\u2019t forget \u2013 your visit is \u201ctomorrow\u201d at 10:30\u2026 " + "a" * 60
    assert (measure(text).encoding, measure(text).segments) == (Encoding.UCS2, 2)
    assert (measure(plain(text)).encoding, measure(plain(text)).segments) == (Encoding.GSM7, 1)


def test_letters_that_were_taken_apart_are_put_together_first() -> None:
    assert plain(unicodedata.normalize("NFD", "é ñ")) == "é ñ"


@given(st.text(max_size=200))
def test_it_is_done_once_and_makes_nothing_dearer(text: str) -> None:
    made = plain(text)
    assert plain(made) == made
    composed = unicodedata.normalize("NFC", text)
    if set(composed) <= BASIC | EXTENSION:
        assert made == composed
    if measure(composed).encoding == Encoding.GSM7:
        assert measure(made).segments <= measure(composed).segments
