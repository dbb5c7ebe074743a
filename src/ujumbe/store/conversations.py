"""Conversations: pairs of numbers of which the other side has written, and all that went either way."""

from dataclasses import dataclass
from enum import StrEnum

from ujumbe.domain.message import State as MessageState
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


@dataclass(frozen=True, slots=True)
class Line:
    """A text of a conversation: one that came in (`state` is None), or a message of ours. `at` is epoch ms."""

    id: int
    ours: str
    text: str
    at: int
    state: MessageState | None
    reason: str


def hear(tx: Tx, account: int, number: str, ours: str, inbound: int) -> None:
    """Note that `number` wrote to our short code: the conversation begins, or is open again."""
    tx.run("conversations.hear", account=account, number=number, recipient=ours, inbound=inbound)


def list_page(tx: Tx, account: int, *, state: State | None, before: int | None, limit: int) -> list[Conversation]:
    """Conversations, the latest heard first; `before` is the `latest` of the last one of the page before."""
    rows = tx.all(
        "conversations.list",
        account=account,
        state=state or "",
        before=NEWEST if before is None else before,
        limit=limit,
    )
    return [_conversation(row) for row in rows]


def of_number(tx: Tx, account: int, number: str) -> list[Conversation]:
    """The conversations with one number, the latest heard first."""
    return [_conversation(row) for row in tx.all("conversations.of_number", account=account, number=number)]


def mark(tx: Tx, account: int, number: str, ours: str | None, state: State) -> int:
    """Bring the conversations of `number` (with one short code of ours, or with all) into `state`; how many."""
    return tx.run("conversations.mark", account=account, number=number, recipient=ours or "", state=state)


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
        Line(row["id"], row["recipient"], row["text"], row["received_at"], None, row["reply_note"])
        for row in tx.all("conversations.heard", **{key: place[key] for key in place if key != "scope"})
    ]
    said = [
        Line(row["id"], row["sender"], row["text"], row["created_at"], MessageState(row["state"]), row["reason"])
        for row in tx.all("conversations.said", **{key: place[key] for key in place if key != "recipient"})
    ]
    # Ids of both kinds are made by one clock: in their order is in the order of time.
    return sorted((*heard, *said), key=lambda each: -each.id)[:limit]


def _conversation(row: Row) -> Conversation:
    return Conversation(
        row["id"], row["number"], row["recipient"], State(row["state"]), row["latest"], row["text"], row["received_at"]
    )
