"""What may be kept of a person beside the number: a few short texts, which templates fill in."""

import re
from collections.abc import Mapping
from typing import Final

from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.text import storable

MOST_FIELDS: Final = 50
LONGEST_VALUE: Final = 500
TAKEN: Final = frozenset({"text", "from", "to"})
"""What templates fill in themselves."""
_NAME: Final = re.compile(r"[a-z_]{1,30}")


def check(given: Mapping[str, str], *, field: str = "fields") -> dict[str, str]:
    """The fields as they are kept. Raises `InvalidInputError` naming the one that cannot be."""
    if len(given) > MOST_FIELDS:
        raise InvalidInputError(field, f"at most {MOST_FIELDS} fields are kept of one person")
    for name, value in given.items():
        if not _NAME.fullmatch(name):
            raise InvalidInputError(
                field, "a field's name has 1 to 30 of the letters a to z and _, as templates name it"
            )
        if name in TAKEN:
            raise InvalidInputError(f"{field}.{name}", f"{{{name}}} is the text's own in templates; take another name")
        if len(value) > LONGEST_VALUE:
            raise InvalidInputError(f"{field}.{name}", f"a value has at most {LONGEST_VALUE} characters")
    return {name: storable(value) for name, value in given.items()}
