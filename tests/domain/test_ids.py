import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError

KINDS = st.sampled_from(ids.Kind)
NUMBERS = st.integers(0, 2**63 - 1)


@given(KINDS, NUMBERS)
def test_what_is_shown_is_read_back(kind: ids.Kind, number: int) -> None:
    shown = ids.show(kind, number)
    assert ids.read(kind, shown) == ids.read(kind, f" {shown.upper()} ") == number
    assert shown.isascii()
    assert len(shown) == len(kind.value) + 14


@given(KINDS, NUMBERS, NUMBERS)
def test_as_text_they_keep_their_order(kind: ids.Kind, one: int, other: int) -> None:
    assert (ids.show(kind, one) < ids.show(kind, other)) is (one < other)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "msg_0000000000000"), (31, "msg_000000000000z"), (32, "msg_0000000000010"), (2**63 - 1, "msg_7zzzzzzzzzzzz")],
)
def test_the_form_stays(number: int, shown: str) -> None:
    assert ids.show(ids.Kind.MESSAGE, number) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "msg_",
        "msg",
        "0000000000001",
        "bat_0000000000001",
        "msg-0000000000001",
        "msg_000000000001",
        "msg_00000000000001",
        "msg_000000000000i",
        "msg_000000000000l",
        "msg_000000000000o",
        "msg_000000000000u",
        "msg_00000000000 1",
        "msg__000000000001",
        "msg_000000000000\u0661",
        "msg_8000000000000",
        "msg_zzzzzzzzzzzzz",
        "msg_'; DROP TABLE",
        "\x00",
    ],
)
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidInputError, match="message id") as caught:
        ids.read(ids.Kind.MESSAGE, text, field="batch")
    assert caught.value.field == "batch"


@given(KINDS, st.text())
def test_any_text_is_an_id_or_an_invalid_input(kind: ids.Kind, text: str) -> None:
    try:
        number = ids.read(kind, text)
    except InvalidInputError:
        return
    assert 0 <= number < 2**63


def test_kinds_differ() -> None:
    words = [kind.value for kind in ids.Kind]
    assert len(set(words)) == len(words)
    assert not any("_" in word for word in words)
