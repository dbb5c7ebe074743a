"""Forms as AT posts them: bytes to fields (application/x-www-form-urlencoded). Nothing strange is an error.

Read here and not by a library: this runs for every delivery report, and takes a quarter of what `parse_qsl` does.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from ujumbe.domain.text import storable

LONGEST_FIELD: Final = 4_096
"""Characters of a field that is applied; the raw body is kept whole in any case."""
MOST_FIELDS: Final = 1_000
"""AT sends a dozen; what comes after these is not looked at."""


def fields(body: bytes, query: bytes = b"", content_type: str = "") -> dict[str, str]:
    """The fields of a callback: query parameters first, then the form (or a JSON object), first one wins.

    Never raises: undecodable bytes become U+FFFD, and so does NUL, which PostgreSQL's text refuses.
    """
    found = dict(reversed(list(_body_pairs(body, content_type))))
    return found | dict(reversed(list(_pairs(query)))) if query else found


def _body_pairs(body: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    if body.lstrip()[:1] == b"{" or content_type.partition(";")[0].strip().lower() == "application/json":
        with contextlib.suppress(ValueError, RecursionError):  # nested too deeply, to read or to write again
            document = json.loads(body)
            if isinstance(document, dict):
                pairs = [(_clean(name), _clean(_text(value))) for name, value in document.items() if value is not None]
                return iter(pairs)
    return _pairs(body)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pairs(form: bytes) -> Iterator[tuple[str, str]]:
    for pair in form.decode("utf-8", "replace").split("&", MOST_FIELDS)[:MOST_FIELDS]:
        if pair:
            name, _, value = pair.partition("=")
            yield _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return _clean(unquote(text, errors="replace") if "%" in text else text)


def _clean(text: str) -> str:
    return storable(text if len(text) <= LONGEST_FIELD else text[:LONGEST_FIELD])
