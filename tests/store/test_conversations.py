"""Conversations as they are listed, found and marked; what follows from a text is in tests/flows/test_answering.py."""

from tests.store.opened import Opened, number, queued
from ujumbe.domain.message import State as MessageState
from ujumbe.store import contacts, conversations, inbound
from ujumbe.store.batches import Source
from ujumbe.store.conversations import Conversation, State
from ujumbe.store.database import Tx
from ujumbe.store.inbound import NewText


def hear(tx: Tx, account: int, who: str, text: str = "Habari", to: str = "12345", link: str = "") -> int:
    """A text comes in; its id."""
    new = NewText(f"at-{tx.new_id()}", who, to, text, None, "", link, "", "")
    stored = inbound.insert(tx, account, new)
    assert stored is not None
    conversations.hear(tx, account, who, to, stored)
    return stored


def listed(store: Opened, account: int, state: State | None = None, before: int | None = None) -> list[Conversation]:
    return store.read(conversations.list_page, account, state=state, before=before, limit=2)


def test_each_list_is_paged_by_the_latest_text(store: Opened, ours: int, other: int) -> None:
    ids = [store.write(hear, ours, number(each), f"text {each}") for each in range(4)]
    store.write(hear, other, number(9))
    assert store.write(conversations.mark_seen, ours, ids[1], ids[1], State.DONE)
    assert [each.id for each in listed(store, ours)] == [ids[3], ids[2]]
    assert [each.id for each in listed(store, ours, before=ids[2])] == [ids[1], ids[0]]
    assert [each.id for each in listed(store, ours, State.OPEN, ids[3])] == [ids[2], ids[0]]
    assert [(each.id, each.text) for each in listed(store, ours, State.DONE)] == [(ids[1], "text 1")]


def test_what_nobody_has_seen_is_not_marked(store: Opened, ours: int, other: int) -> None:
    first = store.write(hear, ours, number(1))
    second = store.write(hear, ours, number(1), "Bado")
    assert not store.write(conversations.mark_seen, ours, first, first, State.DONE)
    assert not store.write(conversations.mark_seen, other, first, second, State.DONE)
    assert store.write(conversations.mark_seen, ours, first, second, State.DONE)
    found = store.read(conversations.find, ours, first)
    assert found is not None
    assert (found.state, found.latest, found.text) == (State.DONE, second, "Bado")
    assert store.read(conversations.find, other, first) is None
    assert store.read(conversations.find, ours, second) is None, "it is known by its first text"


def test_the_next_open_one(store: Opened, ours: int) -> None:
    ids = [store.write(hear, ours, number(each)) for each in range(3)]

    def following(before: int) -> int | None:
        found = store.read(conversations.next_open, ours, before)
        return None if found is None else found.id

    assert following(ids[2]) == ids[1]
    assert following(ids[0]) == ids[2], "from the last one back to the first"
    for each in ids:
        store.write(conversations.mark_seen, ours, each, each, State.DONE)
    assert following(ids[2]) is None


def test_a_name_comes_from_the_contact(store: Opened, ours: int, other: int) -> None:
    first = store.write(hear, ours, number(1))
    store.write(contacts.put, other, number(1), {"name": "Somebody else"})
    assert [each.name for each in listed(store, ours)] == [""]
    store.write(contacts.put, ours, number(1), {"name": "Asha", "clinic": "Kisumu"})
    [one] = store.read(conversations.of_number, ours, number(1))
    assert (one.id, one.name) == (first, "Asha")


def test_a_line_says_what_came_of_it(store: Opened, ours: int) -> None:
    asked = store.write(hear, ours, number(1), "Saa?")
    [answer] = store.write(queued, ours, number(1), source=Source.REPLY, text="Nine.")
    store.write(inbound.answered, asked, answer, rule="rule “hours”")
    told = store.write(hear, ours, number(1), "Asante")
    store.write(inbound.answered, told, None, "auto-replies are off", rule="default")
    begun = store.write(hear, ours, number(1), "Bal")
    store.write(inbound.answered, begun, None, rule="handler shop.balance", task="handler shop.balance")
    store.write(queued, ours, number(1), text="By hand")
    lines = store.read(conversations.lines, ours, number(1), ours=None, before=None, limit=9)[::-1]
    assert [(each.text, each.state, each.automatic) for each in lines] == [
        ("Saa?", None, False),
        ("Nine.", MessageState.QUEUED, True),
        ("Asante", None, False),
        ("Bal", None, False),
        ("By hand", MessageState.QUEUED, False),
    ]
    assert [(each.rule, each.reply, each.reason, each.task) for each in lines if each.state is None] == [
        ("rule “hours”", answer, "", ""),
        ("default", None, "auto-replies are off", ""),
        ("handler shop.balance", None, "", "handler shop.balance"),
    ]
