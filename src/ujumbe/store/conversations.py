"""Conversations: pairs of numbers of which the other side has written, and all that went either way."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ujumbe.domain.message import State as MessageState
from ujumbe.store.batches import Source
from ujumbe.store.database import Row, Tx

NEWEST = (1 << 63) - 1


class State(StrEnum):
    """Whether somebody still has to look at a conversation."""

    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. `latest` is the id of its latest incoming text, `at` when that came (epoch ms)."""

    id: int
    number: str
    ours: str
    state: State
    latest: int
    text: str
    at: int
    name: str = ""
    """What the person is called, where contacts say so."""


@dataclass(frozen=True, slots=True)
class Line:
    """A text of a conversation: one that came in (`state` is None), or a message of ours. `at` is epoch ms."""

    id: int
    ours: str
    text: str
    at: int
    state: MessageState | None
    reason: str
    rule: str = ""
    """Which rule theirs came under, in words."""
    reply: int | None = None
    """The message that answered theirs by itself."""
    task: str = ""
    """What is being done about theirs at this moment."""
    automatic: bool = False
    """Whether ours was an answer that was given by itself."""


def hear(tx: Tx, account: int, number: str, ours: str, inbound: int, *, settled: bool = False) -> None:
    """Note that `number` wrote to our short code: the conversation begins, or is open again.

    A text of which nothing is left to do for a person (`settled`) opens none, and leaves an open one open.
    """
    state = State.DONE if settled else State.OPEN
    tx.run("conversations.hear", account=account, number=number, recipient=ours, inbound=inbound, state=state)


def list_page(tx: Tx, account: int, *, state: State | None, before: int | None, limit: int) -> list[Conversation]:
    """Conversations, the latest heard first; `before` is the `latest` of the last one of the page before."""
    return [conversation(*row) for row in rows(tx, account, state=state, before=before, limit=limit)]


def rows(tx: Tx, account: int, *, state: State | None, before: int | None, limit: int) -> list[tuple[Any, ...]]:
    """The same as it is stored, for `conversation`: where most are looked at and left."""
    place = {"account": account, "before": NEWEST if before is None else before, "limit": limit}
    if state is None:
        return tx.tuples("conversations.list", **place)
    return tx.tuples("conversations.list_in", state=state, **place)


def of_number(tx: Tx, account: int, number: str) -> list[Conversation]:
    """The conversations with one number, the latest heard first."""
    return [conversation(*row) for row in tx.tuples("conversations.of_number", account=account, number=number)]


def find(tx: Tx, account: int, conversation_id: int) -> Conversation | None:
    """One conversation of this account."""
    for row in tx.tuples("conversations.find", account=account, id=conversation_id):
        return conversation(*row)
    return None


def next_open(tx: Tx, account: int, before: int) -> Conversation | None:
    """The open conversation that was heard last before the text `before`; the latest of all where that is none."""
    for place in (before, None):
        for each in list_page(tx, account, state=State.OPEN, before=place, limit=1):
            return each
    return None


def mark(tx: Tx, account: int, number: str, ours: str | None, state: State) -> int:
    """Bring the conversations of `number` (with one short code of ours, or with all) into `state`; how many."""
    return tx.run("conversations.mark", account=account, number=number, recipient=ours or "", state=state)


def mark_seen(tx: Tx, account: int, conversation_id: int, seen: int, state: State) -> bool:
    """Bring one conversation into `state`, unless a text came after `seen`, the latest that somebody has looked at."""
    return tx.run("conversations.mark_seen", account=account, id=conversation_id, seen=seen, state=state) > 0


def lines(tx: Tx, account: int, number: str, *, ours: str | None, before: int | None, limit: int) -> list[Line]:
    """What went either way between us and `number`, newest first; `before` is an id of either kind."""
    place = {
        "account": account,
        "number": number,
        "recipient": ours or "",
        "scope": (ours or "").strip().casefold(),
        "before": NEWEST if before is None else before,
        "limit": limit,
    }
    heard = [
        _heard(row) for row in tx.all("conversations.heard", **{key: place[key] for key in place if key != "scope"})
    ]
    said = [
        _said(row) for row in tx.all("conversations.said", **{key: place[key] for key in place if key != "recipient"})
    ]
    # Ids of both kinds are made by one clock: in their order is in the order of time.
    return sorted((*heard, *said), key=lambda each: -each.id)[:limit]


def conversation(
    first: int, number: str, ours: str, state: str, latest: int, text: str, at: int, fields: str | None
) -> Conversation:
    """A conversation of what is stored; `fields` are those of the contact, as JSON."""
    return Conversation(first, number, ours, State(state), latest, text, at, called(fields))


def called(fields: str | None) -> str:
    """What a person is called by these fields; empty where they do not say."""
    found: str = json.loads(fields).get("name", "") if fields else ""
    return found


def _heard(row: Row) -> Line:
    return Line(
        row["id"],
        row["recipient"],
        row["text"],
        row["received_at"],
        None,
        row["reply_note"],
        rule=row["rule"],
        reply=row["reply_id"],
        task=row["task"] if row["task_state"] in ("waiting", "running") else "",
    )


def _said(row: Row) -> Line:
    return Line(
        row["id"],
        row["sender"],
        row["text"],
        row["created_at"],
        MessageState(row["state"]),
        row["reason"],
        automatic=row["source"] == Source.REPLY,
    )
