"""What events tell: the document of each, composed when it is read.

The log holds ids, so that nothing in it has to be erased with a person; what they name is looked up for a whole page of
events at a time, one query a kind. Of what is gone only the id is told.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ujumbe.domain import erased, ids
from ujumbe.domain.event import OF_STATE, Type
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show
from ujumbe.domain.pause import Pause
from ujumbe.store import accounts, events, inbound, messages, opt_outs, subscriptions
from ujumbe.store.database import Tx
from ujumbe.store.events import Event
from ujumbe.store.inbound import Inbound
from ujumbe.store.messages import Told
from ujumbe.store.opt_outs import OptOut
from ujumbe.store.subscriptions import Subscription

Document = dict[str, Any]

ENVELOPE: Final = {
    "id": "of the event; the same each time that it is told, so that you know it again",
    "seq": "its number in the log; each is above the one before it",
    "type": "what happened",
    "timestamp": "when it happened (RFC 3339)",
    "data": "what it happened to",
}
MESSAGE: Final = {
    "id": "of the message",
    "batch": "the request that it came with",
    "to": "the recipient's number",
    "from": "the sender; empty for Africa's Talking's own",
    "kind": "`bulk`, `two_way` or `premium`",
    "metadata": "the object that you sent with it",
    "state": "as the type says, not what it is by now; `accepted` is `queued` or `scheduled`",
    "reason": "why, where there is more to say and the message is still in this state; else empty",
    "segments": "texts that it is charged as",
    "cost": "as Africa's Talking stated it, e.g. `KES 0.8000`; null until it has",
    "network_code": "the network that reported, where it is known",
}
RECEIVED: Final = {
    "id": "of the incoming text",
    "provider_id": "Africa's Talking's id, by which a redelivery is known",
    "from": "who sent it",
    "to": "the short code it was sent to",
    "text": "what it says",
    "date": "Africa's Talking's date, where it could be read; else null",
    "date_raw": "that date as it came",
    "link_id": "for premium answers",
    "network_code": "the sender's network",
    "cost": "as it came",
    "received_at": "when we stored it",
    "reply": "the message that answered it, or null",
    "reply_note": "why nothing did",
    "rule": "what it came under: a stop word, a handler, one of your rules, the default",
    "task_state": "of a handler or a subscription: `waiting`, `running`, `done` or `failed`; null where there is none",
}
OPT_OUT: Final = {
    "id": "of the opt-out",
    "phone": "who",
    "from": "the sender it is about; null for all",
    "source": "who told us: `callback`, `refusal`, `report`, `keyword`, `operator` or `import`",
    "reason": "the words with it",
    "since": "when it began",
    "until": "when it ended; null in `optout.created`",
    "ended_by": "who ended it; empty in `optout.created`",
}
SUBSCRIPTION: Final = {
    "id": "of the subscription",
    "phone": "who",
    "short_code": "of the premium product",
    "keyword": "of the premium product",
    "since": "when it began",
    "until": "when it ended; null in `subscription.created`",
    "source": "who told us that it began: `callback`, `sync` or `api`",
    "ended_by": "who told us that it ended: `callback`, `sync`, `report` or `api`; null in `subscription.created`",
}
BALANCE: Final = {
    "username": "of the account at Africa's Talking",
    "sending": "whether it sends again by now",
    "reason": "why not; empty where it does",
}


class Page(NamedTuple):
    """Events as documents. `seen` is where to read on: up to that number there are no others."""

    items: list[Document]
    seen: int


def page(tx: Tx, account: int, after: int, limit: int, types: Collection[str] = ()) -> Page:
    """The log after the number `after`, at most `limit` events. Number it first (`events.number`)."""
    read = events.read(tx, account, after, limit, types)
    return Page(compose(tx, account, read.events), read.seen)


def compose(tx: Tx, account: int, told: Sequence[Event]) -> list[Document]:
    """The documents of these events, in their order."""
    wanted: dict[_Subject, set[int]] = {}
    for each in told:
        wanted.setdefault(_SUBJECTS[each.type], set()).add(each.subject)
    found = {subject: subject.find(tx, account, named) for subject, named in wanted.items()}
    return [envelope(each, _data(each, found[_SUBJECTS[each.type]])) for each in told]


def envelope(event: Event, data: Document) -> Document:
    """An event with its data, as the API and webhooks tell it."""
    return {
        "id": ids.show(Kind.EVENT, event.seq),
        "seq": event.seq,
        "type": event.type,
        "timestamp": show(event.made_at),
        "data": data,
    }


def body(document: Document) -> str:
    """A document as it is sent to a receiver, and signed: in ASCII, which no receiver's charset can spoil."""
    return json.dumps(document, separators=(",", ":"))


def _data(event: Event, found: Mapping[int, Any]) -> Document:
    subject, row = _SUBJECTS[event.type], found.get(event.subject)
    if row is None or _is_erased(row):
        return {"id": ids.show(subject.kind, event.subject)}
    return subject.tell(event.type, row)


def _is_erased(row: object) -> bool:
    """Whether the person that a row is about was erased: then it holds a mark where the number was."""
    return erased.is_mark(str(getattr(getattr(row, "content", row), "number", "")))


def _message(type_: Type, row: Told) -> Document:
    return {
        "id": ids.show(Kind.MESSAGE, row.id),
        "batch": ids.show(Kind.BATCH, row.batch),
        "to": row.number,
        "from": row.sender,
        "kind": row.mode,
        "metadata": json.loads(row.metadata),
        "state": type_.partition(".")[2],
        "reason": row.reason if OF_STATE.get(row.state) is type_ else "",
        "segments": row.segments,
        "cost": None if row.cost is None else str(row.cost),
        "network_code": row.network_code,
    }


def _received(_type: Type, row: Inbound) -> Document:
    content = row.content
    return {
        "id": ids.show(Kind.INBOUND, row.id),
        "provider_id": content.provider_id,
        "from": content.number,
        "to": content.recipient,
        "text": content.text,
        "date": None if content.date is None else show(content.date),
        "date_raw": content.date_raw,
        "link_id": content.link_id,
        "network_code": content.network_code,
        "cost": content.cost,
        "received_at": show(row.received_at),
        "reply": None if row.reply is None else ids.show(Kind.MESSAGE, row.reply),
        "reply_note": row.reply_note,
        "rule": row.rule,
        "task_state": row.task_state or None,
    }


def _opt_out(type_: Type, row: OptOut) -> Document:
    ended = row.ended_at if type_ is Type.OPTED_IN else None
    return {
        "id": ids.show(Kind.OPT_OUT, row.id),
        "phone": row.number,
        "from": row.sender or None,
        "source": row.source,
        "reason": row.reason,
        "since": show(row.started_at),
        "until": None if ended is None else show(ended),
        "ended_by": "" if ended is None else row.ended_by,
    }


def _subscription(type_: Type, row: Subscription) -> Document:
    ended = row.ended_at if type_ is Type.UNSUBSCRIBED else None
    return {
        "id": ids.show(Kind.SUBSCRIPTION, row.id),
        "phone": row.number,
        "short_code": row.short_code,
        "keyword": row.keyword,
        "since": show(row.started_at),
        "until": None if ended is None else show(ended),
        "source": row.source,
        "ended_by": None if ended is None else row.ended_by,
    }


def _balance(_type: Type, row: tuple[str, accounts.Health]) -> Document:
    username, health = row
    return {"username": username, "sending": health.pause is Pause.NONE, "reason": health.note}


def _accounts(tx: Tx, account: int, wanted: Collection[int]) -> dict[int, tuple[str, accounts.Health]]:
    """The account itself: an event about its balance names no other."""
    names = {number: each.username for each, number in accounts.list_all(tx).items()}
    return {account: (names[account], accounts.health(tx, account))} if account in wanted else {}


class _Subject(NamedTuple):
    """What events of a kind are about: its ids, its rows, what is told of one, and that in words."""

    kind: Kind
    find: Callable[[Tx, int, Collection[int]], Mapping[int, Any]]
    tell: Callable[[Type, Any], Document]


_BY_WORD: Final = {
    "message": (_Subject(Kind.MESSAGE, messages.told, _message), MESSAGE),
    "message.received": (_Subject(Kind.INBOUND, inbound.among, _received), RECEIVED),
    "optout": (_Subject(Kind.OPT_OUT, opt_outs.among, _opt_out), OPT_OUT),
    "subscription": (_Subject(Kind.SUBSCRIPTION, subscriptions.among, _subscription), SUBSCRIPTION),
    "balance": (_Subject(Kind.ACCOUNT, _accounts, _balance), BALANCE),
}
_BY_TYPE: Final = {each: _BY_WORD.get(each) or _BY_WORD[each.partition(".")[0]] for each in Type}
_SUBJECTS: Final = {each: subject for each, (subject, _) in _BY_TYPE.items()}
SCHEMA: Final = {each: schema for each, (_, schema) in _BY_TYPE.items()}
"""The fields of each type's data, with what they say."""
