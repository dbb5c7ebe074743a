"""What somebody who signs in may be called, and what may be a password."""

import unicodedata
from typing import Final

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.text import storable

LONGEST_NAME: Final = 60
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 200
"""Characters. Nobody types more, and hashing takes as much of it as it is given."""
LEFT_WITHOUT_NAME: Final = 8


def called(name: str, *, field: str = "name") -> str:
    """`name` as it is shown: trimmed, each run of spaces one. Raises `InvalidInputError` naming `field`."""
    shown = " ".join(unicodedata.normalize("NFC", name).split())
    if not shown:
        raise InvalidInputError(field, "give a name, as in Asha")
    if len(shown) > LONGEST_NAME:
        raise InvalidInputError(field, f"a name has at most {LONGEST_NAME} characters")
    if not shown.isprintable():
        raise InvalidInputError(field, "the name holds a character that cannot be shown")
    return shown


def key(name: str) -> str:
    """`name` as it is compared: `Asha`, `asha ` and `ASHA` are one person."""
    return " ".join(storable(unicodedata.normalize("NFKC", name)).casefold().split())


def password(given: str, name: str, *, field: str = "password") -> str:
    """`given` as it is hashed, if it may be `name`'s password. Raises `InvalidInputError` naming `field`.

    Length is what counts, not what kinds of characters it has (NIST SP 800-63B); only little more than the own name is
    refused.
    """
    typed = as_typed(given)
    if len(typed) < SHORTEST_PASSWORD:
        raise InvalidInputError(
            field, f"a password has at least {SHORTEST_PASSWORD} characters; four words that do not belong together do"
        )
    if len(typed) > LONGEST_PASSWORD:
        raise InvalidInputError(field, f"a password has at most {LONGEST_PASSWORD} characters")
    own = key(name)
    if own and len(key(typed).replace(own, "")) < min(LEFT_WITHOUT_NAME, len(key(typed))):
        raise InvalidInputError(field, "this password is little more than your own name; choose another")
    return typed


def chosen(given: str, again: str, name: str) -> str:
    """The same for a password that was typed twice; fields are `password` and `again`."""
    typed = password(given, name)
    if given != again:
        raise InvalidInputError("again", "the two are not the same; type the password once more")
    return typed


def as_typed(given: str) -> str:
    """A password as it is hashed: keyboards make `é` in more than one way. What no keyboard makes becomes `?`."""
    return unicodedata.normalize("NFKC", given).encode("utf-8", "replace").decode("utf-8")
