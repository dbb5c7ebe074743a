"""Erasing a person on request: every step is a short transaction, and all of them may be done again at any time.

What must stay (that something was sent, when, at what price; that somebody opted out) stays under a keyed mark in place
of the number. See docs/decisions/0015-erasure.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ujumbe.africastalking.form import fields
from ujumbe.domain import erased
from ujumbe.store import accounts, erasure, erasure_key
from ujumbe.store.callbacks import Raw
from ujumbe.store.database import Database, Tx
from ujumbe.store.erasure import Person

FORM: Final = "application/x-www-form-urlencoded"
KEPT_FIELDS: Final = ("id", "status", "failureReason", "networkCode", "retryCount")
"""What a delivery report says of its message."""
OF_PERSON: Final = {"delivery-reports": "phoneNumber", "twoway": "from"}
"""The field that names the person."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was found of somebody: waiting messages that were canceled, and how many rows lost the number or went."""

    canceled: int = 0
    messages: int = 0
    inbound: int = 0
    callbacks: int = 0
    subscriptions: int = 0


Step = Callable[[Tx, Person], int]


def hide(raw: Raw, mark: str) -> Raw:
    """What is left of a callback: of a delivery report what it says of its message, of an incoming text AT's id."""
    form = fields(raw.body, raw.query, raw.content_type)
    kept = KEPT_FIELDS if raw.kind == "delivery-reports" else ("id",)
    left = {name: form[name] for name in kept if name in form}
    left[OF_PERSON.get(raw.kind, "phoneNumber")] = mark
    return Raw(raw.kind, b"", FORM, urlencode(left).encode())


STEPS: Final[dict[str, tuple[Step, ...]]] = {
    "canceled": (erasure.silence,),
    "messages": (erasure.messages, erasure.calls),
    "callbacks": (
        lambda tx, person: erasure.reports(tx, person, hide),
        lambda tx, person: erasure.waiting(tx, person, hide),
        erasure.callbacks,
        erasure.strange_callbacks,
    ),
    "inbound": (erasure.heard,),
    "subscriptions": (erasure.subscriptions, erasure.told),
}
"""In this order: first nothing more leaves, then what is stored goes."""


async def erase(db: Database, number: str) -> Erased:
    """Erase the person behind `number` (E.164) from every account of this database; what was found.

    Should it end early, begin it again: nothing is done twice.
    """
    mark = await db.write(_mark, number)
    counts = dict.fromkeys(STEPS, 0)
    for account in (await db.read(accounts.list_all)).values():
        person = Person(account, number, mark)
        for name, steps in STEPS.items():
            for step in steps:
                while changed := await db.write(step, person):
                    counts[name] += changed
    return Erased(**counts)


def _mark(tx: Tx, number: str) -> str:
    tx.lock("erasure")
    return erased.mark(erasure_key.make(tx), number)
