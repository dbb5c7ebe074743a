import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, number
from ujumbe.domain import erased
from ujumbe.store import erasure_key, opt_out_search, opt_outs
from ujumbe.store.opt_out_search import Filters, Found
from ujumbe.store.opt_outs import Source

ANY = Filters()


def look(store: Opened, account: int, wanted: Filters = ANY, *, before: int | None = None, limit: int = 10) -> Found:
    return store.read(opt_out_search.look, account, wanted, before=before, limit=limit)


def numbers(found: Found) -> list[str]:
    return [each.number for each in found.items]


@pytest.fixture
def said(store: Opened, ours: int, other: int) -> None:
    """Four opt-outs, of which the second has ended; one of another account."""
    store.write(opt_outs.insert, ours, number(1), "", Source.KEYWORD)
    store.write(opt_outs.insert, ours, number(2), "UJUMBE", Source.CALLBACK)
    store.write(opt_outs.end, ours, number(2), "UJUMBE", "operator")
    store.write(opt_outs.insert, ours, number(11), "ujumbe ", Source.IMPORT)
    store.write(opt_outs.insert, ours, number(3), "12345", Source.IMPORT)
    store.write(opt_outs.insert, other, number(1), "OTHERS", Source.KEYWORD)


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Filters(), [3, 11, 1], id="in force, newest first"),
        pytest.param(Filters(ended=True), [3, 11, 2, 1], id="ended ones too"),
        pytest.param(Filters(ending="0001"), [1], id="last digits"),
        pytest.param(Filters(ending="11"), [11], id="fewer digits"),
        pytest.param(Filters(ending=number(3)[1:]), [3], id="all digits"),
        pytest.param(Filters(number=number(1)), [1], id="a whole number"),
        pytest.param(Filters(number=number(2)), [], id="one that has ended"),
        pytest.param(Filters(number=number(2), ended=True), [2], id="one that has ended, wanted"),
        pytest.param(Filters(number=number(1), source=Source.IMPORT), [], id="a number that another one told"),
        pytest.param(Filters(source=Source.IMPORT), [3, 11], id="who told us"),
        pytest.param(Filters(sender="ujumbe"), [11], id="about one sender"),
        pytest.param(Filters(sender="ujumbe", ended=True), [11, 2], id="about one sender, ended ones too"),
        pytest.param(Filters(sender=""), [1], id="about all senders"),
        pytest.param(Filters(source=Source.IMPORT, sender="12345", ending="3"), [3], id="all of it"),
    ],
)
def test_what_is_wanted(store: Opened, ours: int, wanted: Filters, found: list[int]) -> None:
    page = look(store, ours, wanted)
    assert numbers(page) == [number(each) for each in found]
    assert (page.next, page.looked_to) == (None, None)


def test_pages_by_key(store: Opened, ours: int) -> None:
    for index in range(5):
        store.write(opt_outs.insert, ours, number(index), "", Source.IMPORT)
    for wanted in (Filters(), Filters(source=Source.IMPORT)):
        first = look(store, ours, wanted, limit=2)
        assert numbers(first) == [number(4), number(3)]
        assert first.next == first.items[-1].id
        last = look(store, ours, wanted, before=first.next, limit=3)
        assert numbers(last) == [number(2), number(1), number(0)]
        assert last.next is None


def test_a_look_reaches_so_far_and_says_so(
    store: Opened, ours: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_search, "REACH", 3)
    for index in range(6):
        store.write(opt_outs.insert, ours, number(index), "", Source.KEYWORD if index == 0 else Source.IMPORT)
        clock.forward(1000)
    wanted = Filters(source=Source.KEYWORD)
    first = look(store, ours, wanted)
    assert first.items == []
    everything = {each.number: each for each in look(store, ours).items}
    assert first.looked_to == everything[number(2)].started_at
    assert first.next == everything[number(2)].id
    second = look(store, ours, wanted, before=first.next)
    assert numbers(second) == [number(0)]
    assert (second.next, second.looked_to) == (None, None)


def test_an_erased_person_is_found_by_the_number(store: Opened, ours: int) -> None:
    mark = erased.mark(store.write(erasure_key.make), number(1))
    store.write(opt_outs.insert, ours, mark, "", Source.KEYWORD)
    assert numbers(look(store, ours, Filters(number=number(1)))) == [mark]
    assert numbers(look(store, ours, Filters(ending="0001"))) == []


@pytest.mark.usefixtures("said")
def test_how_many_and_from_whom(store: Opened, ours: int) -> None:
    assert store.read(opt_out_search.in_force, ours, 100) == 3
    assert store.read(opt_out_search.in_force, ours, 2) == 2
    assert [each.strip().lower() for each in store.read(opt_out_search.senders, ours)] == ["12345", "ujumbe"]
