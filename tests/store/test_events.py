"""The log of events: numbered in the order of commits, and nothing is missed or told twice."""

import itertools

import pytest

from tests.store.opened import Opened
from ujumbe.domain.event import Type
from ujumbe.store import events
from ujumbe.store.database import Tx


def told(store: Opened, account: int, after: int = 0, limit: int = 1_000, *types: Type) -> list[tuple[int, Type, int]]:
    found = store.read(events.after, account, after, limit, types)
    assert all(each.made_at > 0 for each in found)
    return [each[:3] for each in found]


def test_they_are_numbered_once_and_after_the_commit(store: Opened, ours: int) -> None:
    store.write(events.add, ours, Type.SENT, [7, 8, 9])
    assert told(store, ours) == []
    assert store.read(events.unnumbered)
    assert [store.write(events.number) for _ in range(2)] == [1, 0]
    assert told(store, ours) == [(1, Type.SENT, 7), (2, Type.SENT, 8), (3, Type.SENT, 9)]
    store.write(events.add, ours, Type.RECEIVED, [5])
    store.write(events.add, ours, Type.RECEIVED, [])
    store.write(events.number)
    assert told(store, ours, 2) == [(3, Type.SENT, 9), (4, Type.RECEIVED, 5)]
    assert store.read(events.last) == 4
    assert not store.read(events.unnumbered)


def test_each_account_reads_its_own(store: Opened, ours: int, other: int) -> None:
    store.write(events.add, ours, Type.SENT, [1, 2])
    store.write(events.add, other, Type.SENT, [3])
    store.write(events.add, ours, Type.SENT, [4])
    store.write(events.number)
    assert told(store, ours) == [(1, Type.SENT, 1), (2, Type.SENT, 2), (4, Type.SENT, 4)]
    assert told(store, other, 1) == [(3, Type.SENT, 3)]


def test_only_some_types(store: Opened, ours: int) -> None:
    for index in range(5):
        store.write(events.add, ours, Type.SENT, [index])
        store.write(events.add, ours, Type.FAILED, [index])
    store.write(events.number)
    assert [each[2] for each in told(store, ours, 0, 3, Type.FAILED)] == [0, 1, 2]
    assert told(store, ours, 0, 9, Type.RECEIVED) == []


def test_what_a_transaction_told_is_gone_with_it(store: Opened, ours: int) -> None:
    def fails(tx: Tx) -> None:
        events.add(tx, ours, Type.SENT, [1])
        raise LookupError

    with pytest.raises(LookupError):
        store.write(fails)
    assert store.write(events.number) == 0


@pytest.mark.parametrize(("limit", "largest"), [*itertools.product([1, 2, 3, 7, 100], [1, 3, 1_000])])
def test_pages_of_any_size_tell_everything_once(
    store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch, limit: int, largest: int
) -> None:
    monkeypatch.setattr(events, "LARGEST_ROW", largest)
    monkeypatch.setattr(events, "MOST_NUMBERED", 2)
    subjects = itertools.count()
    listed = [[next(subjects) for _ in range(size)] for size in (1, 5, 2, 1, 7)]
    for each in listed:
        store.write(events.add, ours, Type.SENT, each)
    while store.write(events.number):
        pass
    seen: list[tuple[int, Type, int]] = []
    while page := told(store, ours, seen[-1][0] if seen else 0, limit):
        assert len(page) <= limit
        seen += page
    assert [each[2] for each in seen] == list(itertools.chain.from_iterable(listed))
    assert [each[0] for each in seen] == list(range(1, 17))


def test_a_look_goes_through_so_many_rows_and_says_how_far_it_came(
    store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_READ", 3)
    for index in range(7):
        store.write(events.add, ours, Type.FAILED if index == 6 else Type.SENT, [index, 10 + index])
    store.write(events.number)
    looks: list[tuple[int, list[int]]] = []
    seen = -1
    while not looks or looks[-1][0] != seen:
        seen = looks[-1][0] if looks else 0
        page = store.read(events.read, ours, seen, 9, [Type.FAILED])
        looks.append((page.seen, [each.subject for each in page.events]))
    assert looks == [(6, []), (12, []), (14, [6, 16]), (14, [])]
    assert store.read(events.read, ours, 13, 1, [Type.FAILED]).events[0].subject == 16


def test_what_others_did_is_not_read_again_and_again(store: Opened, ours: int, other: int) -> None:
    store.write(events.add, other, Type.SENT, list(range(50)))
    store.write(events.number)
    assert store.read(events.read, ours, 0, 10) == ([], 50)
    assert store.read(events.read, ours, 50, 10) == ([], 50)
