import pytest

from ujumbe.domain import user
from ujumbe.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    ("given", "shown"),
    [("Asha", "Asha"), ("  Asha \t Mwangi ", "Asha Mwangi"), ("E\u0301lodie", "Élodie"), ("x" * 60, "x" * 60)],
)
def test_names(given: str, shown: str) -> None:
    assert user.called(given) == shown


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 61, "a\x00b", "a\u202eb", "\ud800"])
def test_no_names(wrong: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        user.called(wrong, field="who")
    assert refused.value.field == "who"


@pytest.mark.parametrize(("one", "two"), [("Asha", " ASHA "), ("ﬁona", "Fiona"), ("A  B", "a b")])
def test_one_person_however_it_is_written(one: str, two: str) -> None:
    assert user.key(one) == user.key(two)


@pytest.mark.parametrize("good", ["maji mvua jua", "x" * 12, "é" * 200, "Asha-has-a-goat"])
def test_passwords(good: str) -> None:
    assert user.password(good, "Asha") == good


@pytest.mark.parametrize("good", ["correct horse battery", "qqqqqqqqqqqq"])
@pytest.mark.parametrize("name", ["", "x", "J"])
def test_a_short_name_refuses_no_other_passwords(good: str, name: str) -> None:
    assert user.password(good, name) == good


@pytest.mark.parametrize(
    ("bad", "says"),
    [("", "12"), ("x" * 11, "12"), ("x" * 201, "200"), ("AshaAshaAsha", "name"), ("asha-1234-asha", "name")],
)
def test_no_passwords(bad: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says) as refused:
        user.password(bad, "Asha")
    assert bad not in str(refused.value) or not bad


def test_two_ways_to_type_one_letter_are_one_password() -> None:
    assert user.as_typed("e\u0301") == user.as_typed("é")
    assert user.as_typed("\ud800") == "?"


def test_a_password_is_typed_twice() -> None:
    assert user.chosen("maji mvua jua", "maji mvua jua", "Asha") == "maji mvua jua"
    for again, field in (("maji mvua jua ", "again"), ("", "again")):
        with pytest.raises(InvalidInputError) as refused:
            user.chosen("maji mvua jua", again, "Asha")
        assert refused.value.field == field
    with pytest.raises(InvalidInputError) as refused:
        user.chosen("short", "short", "Asha")
    assert refused.value.field == "password"
