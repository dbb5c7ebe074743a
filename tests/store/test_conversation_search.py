from typing import Any

import pytest

from tests.store.opened import Opened, number
from tests.store.test_conversations import hear
from ujumbe.store import contacts, conversation_search, conversations
from ujumbe.store.conversation_search import Found
from ujumbe.store.conversations import State

ASHA, JUMA, NAME = "+254711000111", "+254722000111", "Safaricom"


@pytest.fixture
def heard(store: Opened, ours: int) -> Opened:
    store.write(hear, ours, ASHA, "Nafungua ÉCOLE lini?")
    store.write(hear, ours, JUMA, "Call +254733000777 please")
    store.write(hear, ours, NAME, "Your bundle is used up")
    store.write(contacts.put, ours, ASHA, {"name": "Asha Mwangi", "city": "Juma Town"})
    return store


def search(store: Opened, account: int, words: str, **more: Any) -> Found:
    given = {"country": "KE", "state": None, "before": None, "limit": 10} | more
    return store.read(conversation_search.search, account, words, **given)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("+254711000111", [ASHA]),
        ("0711 000 111", [ASHA]),
        ("254722000111", [JUMA]),
        ("000111", [JUMA, ASHA]),
        ("22 000-111", [JUMA]),
        ("1", []),
        ("école", [ASHA]),
        ("asha m", [ASHA]),
        ("town", []),
        ("safari", [NAME]),
        ("733000777", [JUMA]),
        ("100%", []),
    ],
)
def test_by_number_its_end_name_or_text(heard: Opened, ours: int, other: int, words: str, found: list[str]) -> None:
    assert [each.number for each in search(heard, ours, words).conversations] == found
    assert search(heard, other, words).conversations == []


def test_masked_numbers_are_known_by_what_is_left_of_them(heard: Opened, ours: int) -> None:
    assert [each.number for each in search(heard, ours, "111", masked=True).conversations] == [JUMA, ASHA]
    for words in ("0111", "+254711000111", "711000111", "33000777"):
        assert search(heard, ours, words, masked=True).conversations == []


def test_only_in_one_state(heard: Opened, ours: int) -> None:
    heard.write(conversations.mark, ours, ASHA, None, State.DONE)
    assert [each.number for each in search(heard, ours, ASHA, state=State.DONE).conversations] == [ASHA]
    assert search(heard, ours, ASHA, state=State.OPEN).conversations == []
    assert [each.number for each in search(heard, ours, "111", state=State.OPEN).conversations] == [JUMA]


def test_so_many_at_a_time(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_search, "WINDOW", 3)
    latest = [store.write(hear, ours, number(each), f"text {each % 2}") for each in range(6)]
    first = search(store, ours, "text 1", limit=1)
    assert ([each.latest for each in first.conversations], first.next, first.looked) == ([latest[5]], latest[5], True)
    second = search(store, ours, "text 1", limit=1, before=first.next)
    assert ([each.latest for each in second.conversations], second.next) == ([latest[3]], latest[2])
    third = search(store, ours, "text 1", limit=1, before=second.next)
    assert ([each.latest for each in third.conversations], third.next, third.looked) == ([latest[1]], None, False)
    assert search(store, ours, number(0)) == Found(store.read(conversations.of_number, ours, number(0)), None, False)
