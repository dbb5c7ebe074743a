from dataclasses import replace

import pytest

from tests.store.opened import Opened, number, queued
from ujumbe.store import inbound
from ujumbe.store.batches import Source
from ujumbe.store.inbound import Exchange, NewText

TEXT = NewText(
    "id-1", number(1), "12345", "Habari \U0001f44b", 1_700_000_000_000, "2023-11-14", "link", "63902", "KES 1"
)


def test_a_text_is_stored_as_it_came(store: Opened, ours: int) -> None:
    stored = store.write(inbound.insert, ours, TEXT)
    [found] = store.read(inbound.list_page, ours, number=None, before=None, limit=10)
    assert found.content == TEXT
    assert (found.id, found.reply, found.reply_note) == (stored, None, "")


def test_an_unreadable_date_is_none(store: Opened, ours: int) -> None:
    store.write(inbound.insert, ours, replace(TEXT, date=None, date_raw="yesterday"))
    [found] = store.read(inbound.list_page, ours, number=None, before=None, limit=10)
    assert (found.content.date, found.content.date_raw) == (None, "yesterday")


def test_an_id_of_at_is_stored_once_for_each_account(store: Opened, ours: int, other: int) -> None:
    assert store.write(inbound.insert, ours, TEXT) is not None
    assert store.write(inbound.insert, ours, replace(TEXT, text="something else")) is None
    assert store.write(inbound.insert, other, TEXT) is not None
    [found] = store.read(inbound.list_page, ours, number=None, before=None, limit=10)
    assert found.content.text == TEXT.text


@pytest.mark.parametrize("reply", [True, False], ids=["answered", "not answered"])
def test_what_became_of_it(store: Opened, ours: int, reply: bool) -> None:
    stored = store.write(inbound.insert, ours, TEXT)
    assert stored is not None
    message = store.write(queued, ours, number(1))[0] if reply else None
    store.write(inbound.answered, stored, message, "" if reply else "loop guard")
    [found] = store.read(inbound.list_page, ours, number=None, before=None, limit=10)
    assert (found.reply, found.reply_note) == (message, "" if reply else "loop guard")


def test_pages_by_number_newest_first(store: Opened, ours: int, other: int) -> None:
    rows = [
        store.write(inbound.insert, ours, replace(TEXT, provider_id=str(index), number=number(index % 2)))
        for index in range(7)
    ]
    store.write(inbound.insert, other, TEXT)
    assert [each.id for each in store.read(inbound.list_page, ours, number=None, before=None, limit=3)] == rows[:3:-1]
    assert [each.id for each in store.read(inbound.list_page, ours, number=None, before=rows[4], limit=9)] == rows[
        3::-1
    ]
    odd = store.read(inbound.list_page, ours, number=number(1), before=rows[5], limit=9)
    assert [each.id for each in odd] == [rows[3], rows[1]]


def test_exchanges_are_what_we_answered_to_that_pair(store: Opened, ours: int) -> None:
    def exchange(provider_id: str, sender: str, recipient: str, *, answer: bool = True) -> None:
        text = replace(TEXT, provider_id=provider_id, number=sender, recipient=recipient, text=f"heard {provider_id}")
        stored = store.write(inbound.insert, ours, text)
        assert stored is not None
        if answer:
            [reply] = store.write(queued, ours, sender, source=Source.REPLY, text=f"answered {provider_id}")
            store.write(inbound.answered, stored, reply)

    exchange("1", number(1), "12345")
    exchange("2", number(1), "12345")
    exchange("3", number(2), "12345")
    exchange("4", number(1), "54321")
    exchange("5", number(1), "12345", answer=False)
    found = store.read(inbound.exchanges, ours, number(1), "12345", 0)
    assert [(each.heard, each.answered) for each in found] == [("heard 2", "answered 2"), ("heard 1", "answered 1")]
    latest: Exchange = found[0]
    assert store.read(inbound.exchanges, ours, number(1), "12345", latest.at) == []
