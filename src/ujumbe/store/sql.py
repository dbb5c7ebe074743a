"""Named SQL: `sql/messages.sql` holds `messages.claim` and its like, each under a `-- name:` line."""

import re
from functools import cache
from importlib import resources

_HEADER = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements() -> dict[str, str]:
    """All statements by `file.name`. Raises `ValueError` for a name given twice."""
    found: dict[str, str] = {}
    for file in sorted(resources.files("ujumbe.store").joinpath("sql").iterdir(), key=lambda each: each.name):
        noun = file.name.removesuffix(".sql")
        _, *parts = _HEADER.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            key = f"{noun}.{name}"
            if key in found:
                raise ValueError(f"the SQL statement {key} stands twice")
            found[key] = text.strip().rstrip(";")
    return found
