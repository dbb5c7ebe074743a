import pytest

from ujumbe.domain import consent


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("MyBrand", "MYBRAND", True),
        (" MyBrand ", "mybrand", True),
        ("Straße", "STRASSE", True),
        ("12345", "12345 ", True),
        ("", "  ", True),
        ("MyBrand", "My Brand", False),
        ("12345", "12346", False),
        ("MyBrand", "", False),
    ],
)
def test_scopes(one: str, other: str, *, same: bool) -> None:
    assert (consent.scope(one) == consent.scope(other)) is same


def test_no_sender_is_all_of_them() -> None:
    assert consent.scope(" ") == ""


@pytest.mark.parametrize(
    ("sender", "scope"), [("", "africastkng"), ("AFRICASTKNG", "africastkng"), ("MyBrand", "mybrand")]
)
def test_a_text_without_a_sender_goes_out_under_that_of_at(sender: str, scope: str) -> None:
    assert consent.scope(consent.named(sender)) == scope
