"""What is answered by itself, and when it is better not to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ECHO_ROUNDS: Final = 3
"""Replies to what looks like a machine, within an hour."""
QUICK_ROUNDS: Final = 10
"""Replies to one number from one short code within ten minutes, whatever it says: a person can still play."""
QUICK_SECONDS: Final = 600
MEMORY_SECONDS: Final = 3600

_FIELD = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Round:
    """An earlier exchange with one number: what it wrote, what we answered by ourselves, how long ago (s)."""

    heard: str
    answered: str
    age: float


def render(template: str, values: Mapping[str, str]) -> str:
    """`template` with `{text}` and its like filled in; a name that `values` lacks stays as it stands.

    One pass, so a `{…}` inside a value is never filled in again.
    """
    return _FIELD.sub(lambda found: values.get(found.group(1), found.group()), template)


def loop_reason(text: str, rounds: Sequence[Round]) -> str | None:
    """Why no reply should go to `text`, or None. `rounds` are the replies of the last hour, newest first.

    Two services that answer each other never tire. They are known by what they write: our own last words
    quoted back, or the same words again.
    """
    quick = sum(1 for each in rounds if each.age < QUICK_SECONDS)
    if quick >= QUICK_ROUNDS:
        return f"loop guard: {quick} replies to this number within {QUICK_SECONDS // 60} minutes"
    if len(rounds) >= ECHO_ROUNDS and _mechanical(text, rounds[0]):
        return f"loop guard: after {len(rounds)} replies it still repeats itself or us"
    return None


def _mechanical(text: str, last: Round) -> bool:
    heard = text.strip().casefold()
    return heard == last.heard.strip().casefold() or last.answered.strip().casefold() in heard
