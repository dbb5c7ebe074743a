"""Looking for a conversation by who it is with, or by its latest text."""

import re
from typing import Final, NamedTuple

from ujumbe.domain import phone
from ujumbe.store import conversations
from ujumbe.store.conversations import Conversation, State
from ujumbe.store.database import Tx

WINDOW: Final = 2_000
"""Conversations that are looked through at a time. No index has the ends of numbers or the words of texts."""
NATIONAL: Final = 9
"""Digits from which on a leading 0 stands for the country."""
_DIGITS = re.compile(r"\+?[0-9]{2,}")
_SEPARATORS = re.compile(r"[\s().-]+")


class Found(NamedTuple):
    """What was found, the latest heard first; the following page goes on before the text `next`, if there is more."""

    conversations: list[Conversation]
    next: int | None
    looked: bool
    """Whether `WINDOW` conversations were looked through, and there may be others that were not."""


def search(
    tx: Tx,
    account: int,
    words: str,
    *,
    country: str = "",
    state: State | None,
    before: int | None,
    limit: int,
    masked: bool = False,
) -> Found:
    """Conversations with the number `words`, or whose number ends so, or whose name or latest text holds them.

    A whole number is found wherever it stands, the rest among the latest `WINDOW` before `before`. With `masked` only
    what is left of masked numbers is compared, so that nobody can feel for the rest.
    """
    if before is None and not masked:
        whole = conversations.of_number(tx, account, phone.lenient(words, country))
        if whole:
            return Found([each for each in whole if state in (None, each.state)], None, looked=False)
    looked = conversations.rows(tx, account, state=state, before=before, limit=WINDOW)
    sought = _Sought(words, masked=masked)
    matching = [conversations.conversation(*row) for row in looked if sought.matches(row[1], row[5], row[7])]
    full = len(looked) == WINDOW
    if len(matching) > limit:
        return Found(matching[:limit], matching[limit - 1].latest, full)
    return Found(matching, looked[-1][4] if full else None, full)


class _Sought:
    """What somebody looks for, as it is compared."""

    def __init__(self, words: str, *, masked: bool) -> None:
        compact = _SEPARATORS.sub("", words)
        digits = compact.removeprefix("+") if _DIGITS.fullmatch(compact) else ""
        self._ending = digits.removeprefix("0") if len(digits) > NATIONAL else digits
        self._words = words.strip().casefold()
        self._masked = masked

    def matches(self, number: str, text: str, fields: str | None) -> bool:
        """Whether this number, latest text or name (in a contact's fields as they are stored) is what is sought."""
        name = conversations.called(fields) if fields is not None else ""
        if self._masked:
            number, text, name = phone.mask(number), phone.hide_all(text), phone.hide_all(name)
        return (
            (self._ending != "" and number.endswith(self._ending))
            or (not phone.is_number(number) and self._words in number.casefold())
            or self._words in text.casefold()
            or self._words in name.casefold()
        )
