import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import text
from ujumbe.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    "message", ["Hello", " Hello ", "a" * text.LONGEST, "Habari yako? 😀", "ሰላም", "\u200fمرحبا", "a\r\nb", "0"]
)
def test_what_may_be_sent_is_left_as_it_is(message: str) -> None:
    assert text.check(message) == message


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("", "Message cannot be empty", id="empty"),
        pytest.param(" \t\r\n\u00a0", "Message cannot be empty", id="whitespace"),
        pytest.param("a" * 1_601, "1,601 characters; 1,600 is the most", id="long"),
        pytest.param("a\x00b", "NUL", id="NUL"),
        pytest.param("a\ud83d", "half a pair", id="lone surrogate"),
    ],
)
def test_what_may_not(message: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as caught:
        text.check(message, field="text")
    assert caught.value.field == "text"


@given(st.text(st.characters(), max_size=50))
def test_what_passes_can_be_encoded(message: str) -> None:
    try:
        checked = text.check(message)
    except InvalidInputError:
        return
    assert b"\x00" not in checked.encode()


def test_the_limit_can_be_set() -> None:
    assert text.check("abc", longest=3) == "abc"
    with pytest.raises(InvalidInputError, match="2 is the most"):
        text.check("abc", longest=2)


@pytest.mark.parametrize(
    ("given_", "stored"), [("Habari 😀\n", "Habari 😀\n"), ("a\x00b", "a\ufffdb"), ("a\ud83d", "a?"), ("", "")]
)
def test_what_a_database_takes(given_: str, stored: str) -> None:
    assert text.storable(given_) == stored


@given(st.text(st.characters()))
def test_anything_can_be_stored(anything: str) -> None:
    assert b"\x00" not in text.storable(anything).encode()
    assert text.storable(text.storable(anything)) == text.storable(anything)
