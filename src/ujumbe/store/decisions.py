"""What was decided about messages outside of the usual way: by a person, a policy, or upkeep."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from ujumbe.domain.message import State
from ujumbe.store.database import Tx


class Rule(StrEnum):
    """Which rule decided."""

    POLICY = "on_uncertain"
    PERSON = "resolved"
    CANCELED = "canceled"
    LEASE = "lease ran out"
    INFERRED = "inferred"
    LATE = "late answer"
    OVERDUE = "overdue"


class Decision(NamedTuple):
    """A rule, the message it was about, the state that it led to, and words for a person."""

    message: int
    rule: Rule
    state: State
    note: str


class Made(NamedTuple):
    """A decision as it is shown. `at` is epoch milliseconds."""

    at: int
    rule: str
    state: str
    note: str


def insert(tx: Tx, new: Sequence[Decision]) -> None:
    """Keep decisions."""
    if new:
        names = ("message", "rule", "state", "note")
        columns = dict(zip(names, zip(*new, strict=True), strict=True))
        tx.many("decisions.insert", {"id": tx.new_ids(len(new)), **columns}, now=tx.now)


def of_message(tx: Tx, message: int) -> list[Made]:
    """Every decision about this message, oldest first."""
    return [
        Made(row["made_at"], row["rule"], row["state"], row["note"])
        for row in tx.all("decisions.of_message", message=message)
    ]
