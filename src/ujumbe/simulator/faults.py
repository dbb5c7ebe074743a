"""The knobs that make the local AT slow, forgetful or poor, and the dice they are thrown with."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from ujumbe.simulator.pricing import Money


class BadKnobError(ValueError):
    """A knob that does not exist or a value that it cannot take; `field` names it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Faults:
    """All knobs but `balance`, which is the account's. Rates are probabilities from 0 to 1."""

    latency_ms: float = 0
    refuse_rate: float = 0
    error_rate: float = 0
    accept_then_500_rate: float = 0
    accept_then_hang_rate: float = 0
    accept_then_reset_rate: float = 0
    reports: str = "full"
    report_delay_ms: float = 400
    report_drop_rate: float = 0
    report_duplicate_rate: float = 0
    report_shuffle: bool = False
    senders: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def tampers_with_reports(self) -> bool:
        """Whether reports have to be looked at one by one."""
        return bool(self.report_drop_rate or self.report_duplicate_rate or self.report_shuffle)

    def turned(self, wanted: Mapping[str, Any]) -> Faults:
        """Return these knobs with those named in `wanted` changed; raises `BadKnobError` and changes nothing."""
        checked = {}
        for name, value in wanted.items():
            if name not in KNOBS:
                raise BadKnobError(name, f"unknown knob; known are {', '.join(KNOBS)}")
            if name != "balance":
                checked[name] = KNOBS[name].check(name, value)
        return replace(self, **checked)

    def as_dict(self) -> dict[str, Any]:
        """Return the knobs as JSON has them."""
        return {**asdict(self), "senders": list(self.senders)}


class Fate(StrEnum):
    """What becomes of one request to send; also the ledger's `outcome`."""

    ANSWERED = "answered"
    REFUSED = "refused_429"
    ERROR = "error_500"
    TAKEN_500 = "taken_500"
    TAKEN_HANG = "taken_hang"
    TAKEN_RESET = "taken_reset"

    @property
    def taken(self) -> bool:
        """Whether the request is carried out, whatever the client then sees."""
        return self not in {Fate.REFUSED, Fate.ERROR}


class Dice:
    """The randomness of the faults; the same seed gives the same throws to the same requests in the same order."""

    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)

    def hits(self, rate: float) -> bool:
        """Throw once; a rate of 0 costs nothing and leaves the sequence as it is."""
        return rate > 0 and self._random.random() < rate

    def shuffle(self, items: list[Any]) -> None:
        """Put a list into a random order."""
        self._random.shuffle(items)

    def refusal(self, faults: Faults) -> Fate:
        """Decide whether a request is refused before it is looked at."""
        if self.hits(faults.refuse_rate):
            return Fate.REFUSED
        return Fate.ERROR if self.hits(faults.error_rate) else Fate.ANSWERED

    def fate(self, faults: Faults) -> Fate:
        """Decide what becomes of a request to send; the first rate that hits, in the knobs' order, wins."""
        refusal = self.refusal(faults)
        if not refusal.taken:
            return refusal
        for rate, fate in (
            (faults.accept_then_500_rate, Fate.TAKEN_500),
            (faults.accept_then_hang_rate, Fate.TAKEN_HANG),
            (faults.accept_then_reset_rate, Fate.TAKEN_RESET),
        ):
            if self.hits(rate):
                return fate
        return Fate.ANSWERED


@dataclass(frozen=True, slots=True)
class Knob:
    """What a knob takes, in words and as a check that returns the value or raises `BadKnobError`."""

    takes: str
    does: str
    check: Callable[[str, Any], Any]


def _number(low: float, high: float) -> Callable[[str, Any], float]:
    def check(name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadKnobError(name, f"expected a number from {low} to {high}")
        return value

    return check


def _report_mode(name: str, value: object) -> str:
    if value not in ("none", "final", "full"):
        raise BadKnobError(name, 'expected "none", "final" or "full"')
    return str(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadKnobError(name, "expected true or false")
    return value


def _seed(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise BadKnobError(name, "expected an integer or null")
    return value


def _balance(name: str, value: object) -> Money:
    try:
        return Money.parse(value if isinstance(value, str) else "")
    except ValueError as error:
        raise BadKnobError(name, str(error)) from None


# Eleven characters are what a GSM address holds; AT publishes no rule (assumed).
_SENDER = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 _.&-]{1,11}", re.ASCII)


def _senders(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 100:
        raise BadKnobError(name, "expected a list of at most 100 sender ids")
    for sender in value:
        if not isinstance(sender, str) or not _SENDER.fullmatch(sender):
            raise BadKnobError(name, "a sender id is a short code, or 1 to 11 letters, digits, spaces and _.&-")
    return tuple(value)


_RATE = _number(0, 1)
_ACCEPTED = "0 to 1"

KNOBS = {
    "latency_ms": Knob("0 to 600000", "waits so long before answering on AT's paths", _number(0, 600_000)),
    "refuse_rate": Knob(_ACCEPTED, "429 with `Retry-After: 1` on AT's paths; nothing is taken", _RATE),
    "error_rate": Knob(_ACCEPTED, "500 on AT's paths; nothing is taken", _RATE),
    "accept_then_500_rate": Knob(_ACCEPTED, "a send is taken, then answered 500", _RATE),
    "accept_then_hang_rate": Knob(_ACCEPTED, "a send is taken and not answered; dropped after 120 s", _RATE),
    "accept_then_reset_rate": Knob(_ACCEPTED, "a send is taken, then the TCP connection is reset", _RATE),
    "reports": Knob(
        "`none`, `final`, `full`", "which delivery reports go out for texts sent from now on", _report_mode
    ),
    "report_delay_ms": Knob("0 to 3600000", "before the first report, and between two", _number(0, 3_600_000)),
    "report_drop_rate": Knob(_ACCEPTED, "a report is never sent", _RATE),
    "report_duplicate_rate": Knob(_ACCEPTED, "a report is sent twice", _RATE),
    "report_shuffle": Knob("`true`, `false`", "the reports of one message go out in random order", _flag),
    "balance": Knob(
        '`"KES 100.0000"`', "the account's money and its currency; goes down with each text taken", _balance
    ),
    "senders": Knob("list of sender ids", "allowed besides the account's own and `AFRICASTKNG`", _senders),
    "seed": Knob("integer or `null`", "makes the rates' dice repeatable; setting it starts the sequence anew", _seed),
}
"""Every knob by name: exactly those of `Faults`, and `balance`."""

DEFAULT_BALANCE = Money.parse("KES 1000000.0000")

if KNOBS.keys() - {"balance"} != {field.name for field in fields(Faults)}:  # pragma: no cover - raises at import
    raise AssertionError("each knob needs a field and a check")


def as_markdown() -> str:
    """Write the table for the documentation."""
    defaults = Faults().as_dict() | {"balance": str(DEFAULT_BALANCE)}
    shown = {None: "`null`", False: "`false`"}
    rows = []
    for name, knob in KNOBS.items():
        default = defaults[name]
        text = shown.get(default, f"`{default}`") if default is None or default is False else f"`{default}`"
        rows.append(f"| `{name}` | {knob.takes} | {text} | {knob.does} |")
    return "\n".join(["| knob | takes | default | does |", "|---|---|---|---|", *rows])
