"""Parts of a text, by GSM 03.38."""

from __future__ import annotations

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.simulator.segments import BASIC, EXTENSION, GSM_7, count_parts


def test_the_alphabet_is_the_standards() -> None:
    codec = gsm0338.Codec()
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10
    assert all(len(codec.encode(char)[0]) == 1 for char in BASIC)
    assert all(len(codec.encode(char)[0]) == 2 for char in EXTENSION)
    for point in range(0x3000):
        char = chr(point)
        try:
            codec.encode(char)
            known = True
        except UnicodeError:
            known = False
        # 0x1B is the escape itself, no character.
        assert known == (char in GSM_7) or char == "\x1b", hex(point)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("\u20ac" * 80, 1), ("\u20ac" * 81, 2), ("a" * 152 + "\u20ac" + "a" * 152, 3),
        ("a" * 153 + "\u20ac" + "a" * 151, 2),
        ("\u0436" * 70, 1), ("\u0436" * 71, 2), ("\u0436" * 134, 2), ("\u0436" * 135, 3),
        ("\U0001f600" * 35, 1), ("\U0001f600" * 36, 2), ("\u0436" * 66 + "\U0001f600" + "\u0436" * 66, 3),
        ("a" * 70 + "\u00a0", 2), ("\u2019" + "a" * 69, 1),
    ],
)  # fmt: skip
def test_parts(text: str, parts: int) -> None:
    assert count_parts(text) == parts


@given(st.text(max_size=700), st.text(max_size=10))
def test_more_text_is_never_fewer_parts(text: str, more: str) -> None:
    assert 1 <= count_parts(text) <= count_parts(text + more)
