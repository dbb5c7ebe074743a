import pytest

from tests.store.opened import Opened, number
from ujumbe.store import opt_outs
from ujumbe.store.opt_outs import Source


@pytest.mark.parametrize(
    ("sender", "text_from", "forbidden"),
    [
        pytest.param("UJUMBE", "UJUMBE", True, id="the same sender"),
        pytest.param("ujumbe ", " UJUMBE", True, id="case and spaces do not matter"),
        pytest.param("12345", "12345", True, id="a short code"),
        pytest.param("UJUMBE", "12345", False, id="another sender"),
        pytest.param("", "12345", True, id="all senders"),
        pytest.param("", "AFRICASTKNG", True, id="all senders, AT's own too"),
        pytest.param("UJUMBE", "", False, id="asking about all is not asking about one"),
    ],
)
def test_scope(store: Opened, ours: int, other: int, sender: str, text_from: str, *, forbidden: bool) -> None:
    assert store.write(opt_outs.insert, ours, number(1), sender, Source.CALLBACK)
    assert store.read(opt_outs.in_force, ours, number(1), text_from) is forbidden
    assert not store.read(opt_outs.in_force, ours, number(2), text_from), "another number"
    assert not store.read(opt_outs.in_force, other, number(1), text_from), "another account"


@pytest.mark.parametrize("source", list(Source), ids=str)
def test_an_opt_out_is_recorded_once(store: Opened, ours: int, source: Source) -> None:
    assert store.write(opt_outs.insert, ours, number(1), "UJUMBE", source, "said so")
    assert not store.write(opt_outs.insert, ours, number(1), "Ujumbe", Source.IMPORT, "again")
    [found] = store.read(opt_outs.list_page, ours, before=None, limit=10)
    assert (found.number, found.sender, found.source, found.reason) == (number(1), "UJUMBE", source, "said so")
    assert (found.ended_at, found.ended_by) == (None, "")


def test_history_keeps_what_has_ended(store: Opened, ours: int) -> None:
    store.write(opt_outs.insert, ours, number(1), "UJUMBE", Source.CALLBACK, "first")
    assert store.write(opt_outs.end, ours, number(1), "ujumbe", "operator") == 1
    assert not store.read(opt_outs.in_force, ours, number(1), "UJUMBE")
    assert store.write(opt_outs.insert, ours, number(1), "UJUMBE", Source.KEYWORD, "second")
    history = store.read(opt_outs.history, ours, number(1))
    assert [(each.reason, each.ended_at is None, each.ended_by) for each in history] == [
        ("second", True, ""),
        ("first", False, "operator"),
    ]
    assert [each.reason for each in store.read(opt_outs.list_page, ours, before=None, limit=10)] == ["second"]


def test_pages(store: Opened, ours: int, other: int) -> None:
    for index in range(5):
        store.write(opt_outs.insert, ours, number(index), "", Source.IMPORT)
    store.write(opt_outs.insert, other, number(9), "", Source.IMPORT)
    page = store.read(opt_outs.list_page, ours, before=None, limit=2)
    assert [each.number for each in page] == [number(4), number(3)]
    rest = store.read(opt_outs.list_page, ours, before=page[-1].id, limit=9)
    assert [each.number for each in rest] == [number(2), number(1), number(0)]


@pytest.mark.parametrize(
    ("sender", "left"),
    [("UJUMBE", ["", "12345"]), ("ujumbe ", ["", "12345"]), ("", ["12345", "UJUMBE"]), ("X", None), (None, [])],
    ids=["one", "however it is written", "the one from all", "none of them", "every one"],
)
def test_ending(store: Opened, ours: int, other: int, sender: str | None, left: list[str] | None) -> None:
    for each in ("UJUMBE", "12345", ""):
        store.write(opt_outs.insert, ours, number(1), each, Source.CALLBACK)
        store.write(opt_outs.insert, ours, number(2), each, Source.CALLBACK)
        store.write(opt_outs.insert, other, number(1), each, Source.CALLBACK)
    left = ["", "12345", "UJUMBE"] if left is None else left
    assert store.write(opt_outs.end, ours, number(1), sender, "operator") == 3 - len(left)
    found = store.read(opt_outs.list_page, ours, before=None, limit=99)
    assert sorted(each.sender for each in found if each.number == number(1)) == left
    assert len([each for each in found if each.number == number(2)]) == 3
    assert len(store.read(opt_outs.list_page, other, before=None, limit=99)) == 3


@pytest.mark.parametrize(("sender", "found"), [("UJUMBE", {1, 3}), (" ujumbe", {1, 3}), ("12345", {3}), ("", {2, 3})])
def test_who_among_many(store: Opened, ours: int, other: int, sender: str, found: set[int]) -> None:
    store.write(opt_outs.insert, ours, number(1), "UJUMBE", Source.CALLBACK)
    store.write(opt_outs.insert, ours, number(2), "AFRICASTKNG", Source.CALLBACK)
    store.write(opt_outs.insert, ours, number(3), "", Source.CALLBACK)
    store.write(opt_outs.insert, ours, number(9_999), "", Source.CALLBACK)
    store.write(opt_outs.insert, other, number(4), "", Source.CALLBACK)
    numbers = [number(index) for index in range(5_000)]
    assert store.read(opt_outs.in_force_among, ours, numbers, sender) == {number(each) for each in found}
    assert store.read(opt_outs.in_force_among, ours, [], sender) == set()
