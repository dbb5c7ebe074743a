"""Sending from a page: through the same door as the API, once, with a line in the list of who did what."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ujumbe.domain import recipients
from ujumbe.domain.message import State
from ujumbe.flows.accepting import Accepted
from ujumbe.store.database import Tx
from ujumbe.web.orders import Send, accept
from ujumbe.web.pages.page import Page
from ujumbe.web.problems import Problem

AGAIN_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 20.0
"""How long a second click waits for the first, which may be storing a hundred thousand texts."""


class Action(StrEnum):
    """What lists of who did what call it."""

    SEND = "send batch"
    TEST = "send test"
    ANSWER = "answer conversation"


class UsedKeyError(Exception):
    """The form's key has sent something else."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was accepted."""

    batches: list[str]
    """Ids as they are shown: one for each ten thousand numbers."""
    accepted: int
    held: int
    """How many of those are held back, since their people have opted out."""
    replayed: bool
    """Whether all of it had been accepted before, and nothing was now."""
    message: str
    """The id of its first message."""
    blocked: bool
    """Whether that is held back, since its person has opted out."""


async def send(page: Page, body: Send, key: str, detail: str = "", action: Action = Action.SEND) -> Sent:
    """Accept what `body` asks for, in parts where it is for more than one request takes; each part at most once.

    Where that breaks off in the middle, the same key goes on where it was. Raises `UsedKeyError`, a `Problem`,
    `InvalidInputError` or `StoreUnavailableError`.
    """
    parts = [body.to[begin : begin + recipients.MOST] for begin in range(0, len(body.to), recipients.MOST)]
    done: list[Accepted] = []
    for place, part in enumerate(parts or [[]]):  # subscribers are no list, and one request takes them all
        several = len(parts) > 1
        wanted = body.model_copy(update={"to": part}) if several else body
        accepted = await _accept(page, wanted, f"{key}-{place}" if several else key)
        if not accepted.replayed:
            await page.runtime.db.write(_note, page, action, accepted.document, detail)
        done.append(accepted)
    first = next(row for row in done[0].document["messages"] if row["id"])
    return Sent(
        [each.document["id"] for each in done],
        sum(each.document["accepted"] for each in done),
        sum(row["state"] == State.BLOCKED for each in done for row in each.document["messages"]),
        all(each.replayed for each in done),
        first["id"],
        first["state"] == State.BLOCKED,
    )


def _note(tx: Tx, page: Page, action: Action, document: dict[str, Any], detail: str) -> None:
    told = "; ".join(filter(None, (f"{document['accepted']:,} accepted", detail)))
    page.note(tx, action, document["id"], told)


async def _accept(page: Page, body: Send, key: str) -> Accepted:
    """Accept one part; where another request is just doing that, its answer is waited for."""
    tries = int(PATIENCE_SECONDS / AGAIN_SECONDS)
    for _ in range(tries):
        try:
            return await accept(page.runtime, body, None, key)
        except Problem as problem:
            if any(each["field"] == "Idempotency-Key" for each in problem.errors or ()):
                raise UsedKeyError from None
            if problem.name != "conflict":
                raise
        await asyncio.sleep(AGAIN_SECONDS)
    raise Problem("conflict", "This is being accepted already. Look under Messages in a moment")
