"""Which of the numbers of one request can be texted."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ujumbe.domain import phone
from ujumbe.domain.errors import InvalidInputError

MOST: Final = 10_000
"""Numbers in one request."""
TWICE: Final = "it is listed twice; it gets the text once"


class Verdict(NamedTuple):
    """One number as it was given, in E.164 where it can be texted, and why not otherwise."""

    given: str
    number: str | None
    reason: str


def judge(given: Sequence[str], default_country: str = "") -> list[Verdict]:
    """A verdict for each number, in their order; one that is listed twice is texted once. Never raises."""
    seen: set[str] = set()
    verdicts = []
    for each in given:
        try:
            number = phone.parse(each, field="to", default_country=default_country)
        except InvalidInputError as error:
            verdicts.append(Verdict(each, None, str(error)))
            continue
        if number in seen:
            verdicts.append(Verdict(each, None, TWICE))
            continue
        seen.add(number)
        verdicts.append(Verdict(each, number, ""))
    return verdicts
