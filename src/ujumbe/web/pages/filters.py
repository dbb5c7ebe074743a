"""The filters of the list of messages: what stands in its fields and in the address, and what it asks for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ujumbe.domain import ids, search
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.moment import to_ms
from ujumbe.domain.money import Money
from ujumbe.domain.search import Sought
from ujumbe.domain.text import storable
from ujumbe.store.searching import Wanted

FIELDS: Final = ("q", "state", "network", "sender", "since", "until", "cost", "batch")
LONGEST: Final = 100
ANY_CURRENCY: Final = "XXX"
Reading = Callable[[str], Mapping[str, object]]
"""What a field asks for, by the names of `Wanted`. Raises `InvalidInputError`."""

MASKED: Final = "numbers are masked for you: give the whole number, or words of the text"
_DAY: Final = "a day is written as in 2026-03-04"
_COST = re.compile(r"(?:([A-Za-z]{3})\s*)?([0-9][0-9,]*(?:\.[0-9]{1,6})?)(?:\s*([A-Za-z]{3}))?")


@dataclass(slots=True)
class Filters:
    """What was asked for. `given` is what stands in each field, `errors` says for a field what would be right."""

    given: dict[str, str]
    sought: Sought = field(default_factory=Sought)
    wanted: Wanted = field(default_factory=Wanted)
    before: int | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything narrows the list."""
        return any(self.given.values())


def read(query: Mapping[str, str], country: str, zone: ZoneInfo, *, masked: bool) -> Filters:
    """Read the query of an address; times are on the viewer's clock. What is wrong stands in `errors`."""
    found = Filters({name: storable(query.get(name, "")).strip()[:LONGEST] for name in FIELDS})
    given = found.given
    found.sought = search.read(given["q"], country)
    if masked and search.guesses(found.sought):
        found.errors["q"] = MASKED
    values: dict[str, object] = {
        "number": found.sought.number,
        "part": found.sought.part,
        "text": found.sought.text,
        "message": found.sought.message,
        "provider_id": found.sought.provider_id,
        "network": given["network"],
        "sender": given["sender"] or None,
    }
    for name, reading in (("state", _state), ("cost", _cost), ("batch", _batch)):
        _take(found, values, name, reading, given[name])
    _take(found, values, "since", lambda text: {"since": moment(text, zone)}, given["since"])
    _take(found, values, "until", lambda text: {"until": moment(text, zone, end=True)}, given["until"])
    _take(found, {}, "before", lambda text: _before(found, text), query.get("before", "").strip())
    since, until = values.get("since"), values.get("until")
    if isinstance(since, int) and isinstance(until, int) and until <= since:
        found.errors["until"] = "this ends before it begins"
    found.wanted = Wanted(**values)  # type: ignore[arg-type]  # read above, field by field
    return found


def moment(text: str, zone: ZoneInfo, *, end: bool = False) -> int:
    """A day or a time on the viewer's clock as epoch milliseconds; of a day its beginning, or with `end` the next's.

    Raises `InvalidInputError`.
    """
    try:
        if len(text) == len("2026-03-04"):
            day = date.fromisoformat(text) + timedelta(days=end)
            at = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise InvalidInputError("since", _DAY) from None
    if not 1970 <= at.year <= 9000:
        raise InvalidInputError("since", _DAY)
    return to_ms(at)


def _take(found: Filters, values: dict[str, object], name: str, reading: Reading, text: str) -> None:
    if not text:
        return
    try:
        values |= reading(text)
    except InvalidInputError as error:
        found.errors[name] = str(error)


def _state(text: str) -> Mapping[str, object]:
    try:
        return {"state": State(text)}
    except ValueError:
        raise InvalidInputError("state", f"a state is one of {', '.join(State)}") from None


def _cost(text: str) -> Mapping[str, object]:
    told = "an amount is written as in 2.50, or with its currency: KES 2.50"
    parts = _COST.fullmatch(text)
    if parts is None or (parts[1] and parts[3]):
        raise InvalidInputError("cost", told)
    currency = (parts[1] or parts[3] or "").upper()
    amount = Money.parse(f"{currency or ANY_CURRENCY} {parts[2].replace(',', '')}")
    if amount is None:
        raise InvalidInputError("cost", told)
    return {"cost": amount.micros, "currency": currency}


def _batch(text: str) -> Mapping[str, object]:
    return {"batch": ids.read(Kind.BATCH, text, field="batch")}


def _before(found: Filters, text: str) -> Mapping[str, object]:
    found.before = ids.read(Kind.MESSAGE, text, field="before")
    return {}
