"""What may stand as the sender of a text."""

import re

from ujumbe.domain.errors import InvalidInputError

_SHORT_CODE = re.compile(r"\+?[0-9]{3,15}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ._&+-]{1,11}")


def check(sender: str, *, field: str = "from") -> str:
    """`sender` if AT can take it: a short code, a number, or a name of up to eleven characters.

    Eleven is what the GSM address field holds (3GPP TS 23.040); whether it is registered only AT knows (402
    InvalidSenderId). Empty is AT's default. Raises `InvalidInputError` naming `field`.
    """
    stripped = sender.strip()
    if stripped and not _SHORT_CODE.fullmatch(stripped) and not _NAME.fullmatch(stripped):
        raise InvalidInputError(
            field, "a sender is a short code of 3 to 15 digits, or a name of 1 to 11 letters, digits and spaces"
        )
    return stripped
