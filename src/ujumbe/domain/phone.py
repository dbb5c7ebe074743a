"""Phone numbers: from what people type to E.164, and to what a log may show."""

import re
import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from ujumbe.domain.errors import InvalidInputError

EXAMPLE: Final = "+254711000111"
OR_SET: Final = "; or set UJUMBE_DEFAULT_COUNTRY"
"""What whoever runs the service may do about national numbers, at the end of what everybody can."""
LONGEST_INPUT: Final = 40
"""Characters. Fifteen digits (ITU-T E.164) with generous separators; longer input is not a number."""

_SEPARATORS = re.compile(r"[\s().\u00a0\u2010-\u2015\u2212-]+")
_DIGIT_RUN = re.compile(r"(?:\+|%2[Bb])\d{7,15}|(?<![\w.:-])\d{9,15}(?![\w:-]|\.\d)")
"""Behind a `+`, however it is written, digits are a number; without one they may be part of an id or a time."""

_GAP = r"(?:[ \t.()/+_|*\u00a0\u00ad\u2010-\u2015\u2022\u2212\u200b-\u200d\u2060-]|%(?:20|28|29|2[BbDdEeFf]|09)){0,3}"
_WRITTEN = re.compile(
    # What holds many digits and is no number stays readable: ids, days and times.
    r"(?P<kept>\b(?:[a-z]{2,4}_[0-9a-z]{13}|ATXid_\w+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})\b"
    r"|(?<!\d)\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:?\d\d)?)?(?!\d))"
    rf"|(?:\+|%2[Bb]){_GAP}\d(?:{_GAP}\d){{6,}}|(?<!\d)\d(?:{_GAP}\d){{8,}}"
)
"""A number in whatever way people write it, `0711-000 111` or `tel:0711000111`: rather too much than too little."""

_PLAUSIBLE_NATIONAL_DIGITS = 9
"""Numbering plans grow before the metadata does, and the seeds call the nine-digit `+234803456789` valid:
what is short by the metadata but has nine national digits, the usual African mobile length, is left to
AT to judge (403 InvalidPhoneNumber). See docs/decisions/0003-numbers.md."""


def parse(text: str, *, field: str = "phone", default_country: str = "") -> str:
    """The number in E.164, e.g. `+254711000111`.

    Spaces, dashes, dots and brackets are dropped. A number without `+` is national and is refused unless
    `default_country` (ISO 3166, e.g. `KE`) says where. Raises `InvalidInputError` naming `field` and the
    reason; the text of the error never repeats the number.
    """
    if _is_plain(text):
        return text
    if not text.strip():
        raise InvalidInputError(field, f"the number is empty; give it as {EXAMPLE}")
    if len(text) > LONGEST_INPUT:
        raise InvalidInputError(field, f"the number is longer than {LONGEST_INPUT} characters")
    compact = _SEPARATORS.sub("", text)
    if _is_plain(compact):
        return compact
    # phonenumbers reads letters as keypad digits and ";ext=" as an extension: neither is a number to text.
    if not re.fullmatch(r"\+?[0-9]+", compact):
        raise InvalidInputError(field, f"the number may hold only digits after the '+', as in {EXAMPLE}")
    if not compact.startswith("+") and not default_country:
        raise InvalidInputError(field, f"the number must start with '+' and its country code, as in {EXAMPLE}{OR_SET}")
    try:
        number = phonenumbers.parse(compact, default_country or None)
    except NumberParseException as error:
        raise InvalidInputError(field, _PARSE_REASONS.get(error.error_type, "this is not a number")) from None
    reason = phonenumbers.is_possible_number_with_reason(number)
    digits = len(str(number.national_number))
    short_but_plausible = (
        reason in (ValidationResult.TOO_SHORT, ValidationResult.INVALID_LENGTH) and digits >= _PLAUSIBLE_NATIONAL_DIGITS
    )
    if reason != ValidationResult.IS_POSSIBLE and not short_but_plausible:
        raise InvalidInputError(field, _POSSIBLE_REASONS.get(reason, "no number has this length"))
    formatted = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not is_number(formatted):
        raise InvalidInputError(field, "E.164 numbers have 7 to 15 digits")
    return formatted


def _is_plain(text: str) -> bool:
    """Whether this is E.164 that phonenumbers would return as it is: a lookup instead of 30 µs of parsing."""
    if text[:1] != "+" or text[1:2] == "0" or not text.isascii() or not text[1:].isdigit():
        return False  # no calling code begins with a zero
    width = _plain_width(text[1:4], len(text))
    return width > 0 and text[1 + width] != "0"


def _is_international(text: str, country: str) -> bool:
    """Whether this is plain but for its `+`, begins with the country's own code, and is too long to be national there.

    Spreadsheets take the `+` away from whole columns: a lookup instead of 120 µs of parsing for each.
    """
    code = phonenumbers.country_code_for_region(country)
    return text.startswith(str(code)) and _is_plain(f"+{text}") and len(text) not in _plain_lengths(code)


@lru_cache(maxsize=4_096)
def _plain_width(begin: str, length: int) -> int:
    """Digits of the calling code of numbers that begin so and have `length` characters; 0 where they need parsing."""
    for width in (3, 2, 1):
        lengths = _plain_lengths(int(begin[:width])) if len(begin) == 3 else frozenset[int]()
        if lengths:
            return width if 9 <= length <= 16 and length - 1 - width in lengths else 0
    return 0


@cache
def _plain_lengths(calling_code: int) -> frozenset[int]:
    """Lengths of national numbers under this code; empty where parsing does more than drop a leading zero."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code)
    if not regions:
        return frozenset()
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(calling_code, regions[0])
    if plan is None or plan.national_prefix_transform_rule or plan.national_prefix_for_parsing not in (None, "0"):
        return frozenset()
    return frozenset(plan.general_desc.possible_length if plan.general_desc else ())


def parse_query(text: str, *, field: str = "phone", default_country: str = "") -> str:
    """The number of a query parameter, in E.164.

    The seeds' routes take it without `+`; a `+` that was not percent-encoded arrives as a space. A number
    that starts with `0` is national, so `default_country` decides; without one it is refused. Any other is national
    only where that country has such a number: lengths alone would make `254711000111` a Nigerian one.
    """
    stripped = text.strip()
    if default_country and _is_international(stripped, default_country):
        return f"+{stripped}"
    if default_country and not stripped.startswith("+"):
        with suppress(InvalidInputError):
            national = parse(stripped, field=field, default_country=default_country)
            if stripped.startswith("0") or phonenumbers.is_valid_number(phonenumbers.parse(national)):
                return national
            with suppress(InvalidInputError):
                return parse(f"+{stripped}", field=field)
            return national
    if stripped.startswith("0"):
        raise InvalidInputError(
            field, f"a national number needs UJUMBE_DEFAULT_COUNTRY; give it as {EXAMPLE.removeprefix('+')}"
        )
    return parse(stripped if stripped.startswith("+") or not stripped else f"+{stripped}", field=field)


def lenient(text: str, default_country: str = "") -> str:
    """The number in E.164 where it is one, else the text as it came, stripped: for what AT tells us.

    Takes other spellings too (`00254…`, `tel:+254…`, full-width digits): an opt-out must not fail over them.
    """
    if _is_plain(text):
        return text
    stripped = text.strip()
    plain = unicodedata.normalize("NFKC", stripped).rstrip(",;").removeprefix("tel:").strip()
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    try:
        return parse_query(plain, default_country=default_country)
    except InvalidInputError:
        return stripped


def is_number(text: str) -> bool:
    """Whether `text` is already E.164 by shape, so that it can be texted. Short codes and names are not."""
    return re.fullmatch(r"\+[1-9][0-9]{6,14}", text) is not None


def mask(text: str) -> str:
    """A number as logs may show it: `+254711000111` → `+254******111`."""
    if len(text) <= 7:
        return "*" * len(text)
    return f"{text[:4]}{'*' * (len(text) - 7)}{text[-3:]}"


def mask_all(text: str) -> str:
    """Every number inside a longer text masked, e.g. in a request path or a driver's error."""
    return _DIGIT_RUN.sub(lambda found: mask(found.group()), text)


def hide_all(text: str) -> str:
    """A text of somebody's with every number in it masked, however it is written: for who may see no numbers."""
    return _WRITTEN.sub(lambda found: found.group() if found["kept"] else mask(found.group()), text)


_PARSE_REASONS = {
    NumberParseException.INVALID_COUNTRY_CODE: "no country has this calling code",
    NumberParseException.TOO_SHORT_NSN: "the number is too short",
    NumberParseException.TOO_SHORT_AFTER_IDD: "the number is too short",
    NumberParseException.TOO_LONG: "the number is too long",
}
_POSSIBLE_REASONS = {
    ValidationResult.TOO_SHORT: "the number is too short for its country",
    ValidationResult.TOO_LONG: "the number is too long for its country",
    ValidationResult.INVALID_COUNTRY_CODE: "no country has this calling code",
}
