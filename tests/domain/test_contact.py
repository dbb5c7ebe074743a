import pytest

from ujumbe.domain import contact
from ujumbe.domain.errors import InvalidInputError


def test_what_is_kept() -> None:
    given = {"name": "Asha", "next_visit": "4 March", "z" * 30: "x" * 500, "empty": ""}
    assert contact.check(given) == given
    assert contact.check({"name": "a\x00b\ud800"}) == {"name": "a\ufffdb?"}
    assert len(contact.check({"a" * n: "" for n in range(1, 31)})) == 30


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"Name": "x"}, "fields"),
        ({"": "x"}, "fields"),
        ({"n" * 31: "x"}, "fields"),
        ({"n1": "x"}, "fields"),
        ({"text": "x"}, "fields.text"),
        ({"from": "x"}, "fields.from"),
        ({"to": "x"}, "fields.to"),
        ({"name": "x" * 501}, "fields.name"),
        ({f"{a}{b}": "" for a in "abcdefgh" for b in "abcdefg"}, "fields"),
    ],
)
def test_what_is_not(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        contact.check(given)
    assert refused.value.field == field
