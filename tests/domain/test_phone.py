import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ujumbe.domain import phone
from ujumbe.domain.errors import InvalidInputError

NUMBERS = st.from_regex(r"\+2547[01][0-9]{7}", fullmatch=True)
TYPED = st.text(alphabet="+0123456789 -().\u00a0", max_size=20) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("+254711000111", "+254711000111", id="E.164"),
        pytest.param("+254712345678", "+254712345678", id="seeds: Kenya"),
        pytest.param("+234803456789", "+234803456789", id="seeds: Nigeria, a digit short by the metadata"),
        pytest.param("+233240123456", "+233240123456", id="seeds: Ghana"),
        pytest.param("+256701234567", "+256701234567", id="seeds: Uganda"),
        pytest.param("  +254711000111\n", "+254711000111", id="spaces around"),
        pytest.param("+254 711 000 111", "+254711000111", id="spaces"),
        pytest.param("+254-711-000.111", "+254711000111", id="dashes and dots"),
        pytest.param("+254\u00a0711\u2011000\u2212111", "+254711000111", id="typographic separators"),
        pytest.param("+254 (0) 711 000 111", "+254711000111", id="the trunk zero"),
    ],
)
def test_what_is_a_number(text: str, number: str) -> None:
    assert phone.parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0712345678", id="seeds: national"),
        pytest.param("254712345678", id="seeds: without +"),
        pytest.param("712345678", id="seeds: without + and country"),
        pytest.param("", id="seeds: empty"),
        pytest.param(" \t", id="blank"),
        pytest.param("+", id="plus alone"),
        pytest.param("++254711000222", id="two plus"),
        pytest.param("+254711XXXYYY", id="placeholder letters"),
        pytest.param("+254711000222;ext=5", id="extension"),
        pytest.param("+254711000222,+254711000112", id="two numbers"),
        pytest.param("+٢٥٤٧١١٠٠٠٢٢٢", id="digits of another script"),
        pytest.param("+25471100", id="too short"),
        pytest.param("+254711000222333", id="too long"),
        pytest.param("+999711000111", id="no such country"),
        pytest.param("+254711000222" + " " * 40, id="longer than any number"),
        pytest.param("tel:+254711000222", id="a URI"),
        pytest.param("+254711\x00000222", id="NUL"),
        pytest.param("12345", id="short code"),
        pytest.param("AFRICASTKNG", id="name"),
    ],
)
def test_what_is_not_a_number(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        phone.parse(text, field="to")
    assert caught.value.field == "to"
    shown = str(caught.value).replace(phone.EXAMPLE, "")
    assert not re.search(r"\d{4}", shown), "the error repeats the number"


@given(TYPED, st.sampled_from(["", "KE", "NG", "UG"]))
@example("+254711\ud800000111", "")
@example("+09810000", "")
@example(".09810000", "")
def test_any_text_is_a_number_or_an_invalid_input(text: str, country: str) -> None:
    for read in (phone.parse, phone.parse_query):
        try:
            number = read(text, default_country=country)
        except InvalidInputError:
            continue
        assert re.fullmatch(r"\+[1-9][0-9]{3,17}", number)
        assert phone.parse(number) == number


@given(NUMBERS, st.lists(st.sampled_from([" ", "-", ".", "(", ")"]), min_size=13, max_size=13))
def test_separators_change_nothing(number: str, between: list[str]) -> None:
    typed = "".join(f"{digit}{separator}" for digit, separator in zip(number, between, strict=True))
    assert phone.parse(typed) == number


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        pytest.param("254711000111", "", "+254711000111", id="without +, as the seeds have it"),
        pytest.param("+254711000111", "", "+254711000111", id="with + (%2B decoded)"),
        pytest.param(" 254711000111", "", "+254711000111", id="a + decoded to a space"),
        pytest.param(" 254 711-000 111 ", "", "+254711000111", id="spaces and dashes"),
        pytest.param("0711000111", "KE", "+254711000111", id="national"),
        pytest.param("711000111", "KE", "+254711000111", id="national without zero"),
        pytest.param("254711000111", "KE", "+254711000111", id="international at home"),
        pytest.param("256701234567", "KE", "+256701234567", id="international abroad"),
        pytest.param("+256701234567", "KE", "+256701234567", id="international abroad with +"),
        pytest.param("254711000111", "NG", "+254711000111", id="not Nigerian, though Nigeria has this length"),
        pytest.param("254711000111", "IN", "+254711000111", id="not Indian, though India has this length"),
        pytest.param("234803456789", "NG", "+234803456789", id="the country's own code, unknown to the metadata"),
        pytest.param("8031234567", "NG", "+2348031234567", id="Nigerian without zero"),
        pytest.param("0711000111", "UG", "+256711000111", id="the same digits elsewhere"),
    ],
)
def test_numbers_in_a_query(text: str, country: str, number: str) -> None:
    assert phone.parse_query(text, default_country=country) == number


@pytest.mark.parametrize("country", ["", "KE"])
@pytest.mark.parametrize("text", ["+254711XXXYYY", "254711XXXYYY", "", " ", "%2B254711000111", "+0711000111", "12345"])
def test_a_query_without_a_number(text: str, country: str) -> None:
    with pytest.raises(InvalidInputError):
        phone.parse_query(text, default_country=country)


def test_a_national_number_needs_a_country() -> None:
    with pytest.raises(InvalidInputError, match="UJUMBE_DEFAULT_COUNTRY"):
        phone.parse_query("0711000111")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("+254711000111", "+254711000111"),
        (" 254711000111", "+254711000111"),
        ("0711000111", "0711000111"),
        (" 12345 ", "12345"),
        ("AFRICASTKNG", "AFRICASTKNG"),
        ("+254711XXXYYY", "+254711XXXYYY"),
        ("", ""),
    ],
)
def test_what_at_tells_is_kept(told: str, kept: str) -> None:
    assert phone.lenient(told) == kept


@given(st.text())
def test_what_at_tells_never_fails(told: str) -> None:
    assert phone.lenient(phone.lenient(told)) == phone.lenient(told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("+254711000111", True), ("254711000111", False), ("12345", False), ("+254711000111\n", False), ("+0711", False)],
)
def test_the_shape_of_a_number(text: str, *, expected: bool) -> None:
    assert phone.is_number(text) is expected


def test_a_masked_number() -> None:
    assert phone.mask("+254711000111") == "+254******111"


@given(st.text(alphabet="+0123456789", max_size=20))
def test_a_mask_hides_the_middle(text: str) -> None:
    masked = phone.mask(text)
    assert len(masked) == len(text)
    assert set(masked[4:-3]) <= {"*"}
    assert len(text) > 7 or set(masked) <= {"*"}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("/v1/opt-outs/{}", id="path"),
        pytest.param("failed for {}.", id="end of a sentence"),
        pytest.param("to:{}, then", id="behind a colon"),
        pytest.param("{}: duplicate key", id="before a colon"),
        pytest.param('{{"to":"{}"}}', id="JSON"),
        pytest.param("Key (number)=({}) already exists", id="a driver's error"),
        pytest.param("({},+254711000999)", id="a list"),
    ],
)
@given(number=NUMBERS)
def test_numbers_in_a_text_are_masked(frame: str, number: str) -> None:
    assert number[5:-3] not in phone.mask_all(frame.format(number)).replace("+254711000999", "")


@pytest.mark.parametrize("text", ["GET /sms/?phone=%2B254711000111&x=1", "phone=%2b254711000111", "phone=254711000111"])
def test_numbers_in_a_query_string_are_masked(text: str) -> None:
    assert "711000" not in phone.mask_all(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T03:22:03.123456789Z",
        "1763781783.123456789",
        "msg_01h4t0m7kz8qd",
        "f81d4fae-7dec-11d0-a765-000123456789",
        "ATXid_00000000000000000000000000000000",
        "10.0.0.1:8000",
    ],
)
def test_times_and_ids_are_left_alone(text: str) -> None:
    assert phone.mask_all(text) == text


@pytest.mark.parametrize(
    "written",
    [
        "+254711000111",
        "+254 711 000 111",
        "(0711) 000 111",
        "0711-000-111",
        "0711\u00a0000\u00a0111",
        "0711.000.111",
        "0711_000_111",
        "0711\u200b000\u00ad111",
        "tel:0711000111",
        "Mpesa0711000111",
        "00254711000111",
        "711000111",
        "\uff10\uff17\uff11\uff11\uff10\uff10\uff10\uff11\uff11\uff11",
        "text=Call+0711+000+111&x=1",
        "text=Call%200711%20000%20111&x=1",
        "text=To%3A0711000111",
        "%252B254711000111",
    ],
)
def test_a_number_is_hidden_however_it_is_written(written: str) -> None:
    shown = phone.hide_all(f"Call {written}, now")
    assert sum(each.isdigit() for each in shown) <= 7 + 5  # and those of the percent signs around it
    assert "000" not in shown
    assert "\uff10\uff10\uff10" not in shown
    assert len(shown) == len(f"Call {written}, now")


@pytest.mark.parametrize(
    "text",
    [
        "It was 2026-11-26 04:02 and 2026-11-26T04:02:11.123456+03:00 and 26/11/2026",
        "msg_01h4t0m7kz8qd, ATXid_00000000000000000000000000000000, f81d4fae-7dec-11d0-a765-000123456789",
        "Your code is 123456: it costs KES 1,234.50, room 3 4 5, text 12345",
    ],
)
def test_what_is_no_number_stays_readable(text: str) -> None:
    assert phone.hide_all(text) == text
