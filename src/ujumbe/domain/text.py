"""What may be a message text."""

from typing import Final

from ujumbe.domain.errors import InvalidInputError

LONGEST: Final = 1_600
"""Characters, ten to twenty-four segments. AT states no limit; others on AT stop at the same length."""


def storable(text: str) -> str:
    """`text` as every database takes it: half a surrogate pair becomes `?`, and NUL becomes U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def check(text: str, *, field: str = "message", longest: int = LONGEST) -> str:
    """`text` as it is, if it can be sent. Raises `InvalidInputError` naming `field`.

    Whitespace alone is no message; NUL and lone surrogates have no place in GSM 03.38 or in UTF-8.
    """
    if not text.strip():
        raise InvalidInputError(field, "Message cannot be empty")
    if len(text) > longest:
        raise InvalidInputError(field, f"the message has {len(text):,} characters; {longest:,} is the most")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInputError(field, "the message holds a character that no phone can show (NUL or half a pair)")
    return text
