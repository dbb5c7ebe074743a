from typing import Any

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place, number
from ujumbe.domain.event import Type
from ujumbe.store import events, subscriptions
from ujumbe.store.database import DataRefusedError
from ujumbe.store.subscriptions import Filters, Offered, Product, Source, Subscription

PRODUCT = (number(1), "12345", "NEWS")
NEWS = Product("12345", "NEWS")


def listed(
    store: Opened, account: int, *, limit: int = 100, before: int | None = None, **by: Any
) -> list[Subscription]:
    return store.read(subscriptions.list_page, account, Filters(**by), before=before, limit=limit)


def told(store: Opened, account: int) -> list[tuple[Type, int]]:
    store.write(events.number)
    return [(each.type, each.subject) for each in store.read(events.after, account, 0, 1_000)]


def test_starting_and_ending_each_count_once(store: Opened, ours: int) -> None:
    assert store.write(subscriptions.start, ours, *PRODUCT)
    assert not store.write(subscriptions.start, ours, number(1), "12345", "news"), "keywords have no case"
    assert store.write(subscriptions.end, ours, number(1), "12345", "News")
    assert not store.write(subscriptions.end, ours, *PRODUCT)
    assert store.write(subscriptions.start, ours, *PRODUCT)
    history = store.read(subscriptions.list_page, ours, before=None, limit=10)
    assert [(each.keyword, each.ended_at is None) for each in history] == [("NEWS", True), ("NEWS", False)]


def test_products_numbers_and_accounts_are_apart(store: Opened, ours: int, other: int) -> None:
    products = [PRODUCT, (number(2), "12345", "NEWS"), (number(1), "54321", "NEWS"), (number(1), "12345", "")]
    for product in products:
        assert store.write(subscriptions.start, ours, *product)
    assert store.write(subscriptions.start, other, *PRODUCT)
    assert store.write(subscriptions.end, other, *PRODUCT)
    found = store.read(subscriptions.list_page, ours, before=None, limit=10)
    assert [(each.number, each.short_code, each.keyword) for each in found] == products[::-1]
    assert all(each.ended_at is None for each in found)
    rest = store.read(subscriptions.list_page, ours, before=found[1].id, limit=1)
    assert [each.id for each in rest] == [found[2].id]


def test_ending_what_never_began(store: Opened, ours: int) -> None:
    assert not store.write(subscriptions.end, ours, *PRODUCT)
    assert store.read(subscriptions.list_page, ours, before=None, limit=10) == []


@pytest.mark.parametrize("began", Source)
@pytest.mark.parametrize("ended", Source)
def test_who_told_us(store: Opened, ours: int, began: Source, ended: Source) -> None:
    store.write(subscriptions.start, ours, *PRODUCT, began)
    store.write(subscriptions.start, ours, *PRODUCT, ended)
    [running] = listed(store, ours)
    assert (running.source, running.ended_by) == (began, None), "the first who told it"
    store.write(subscriptions.end, ours, *PRODUCT, ended)
    store.write(subscriptions.end, ours, *PRODUCT, began)
    [over] = listed(store, ours)
    assert (over.source, over.ended_by) == (began, ended)
    assert store.read(subscriptions.find, ours, over.id) == over


def test_nobody_else_tells_us(store: Opened, ours: int) -> None:
    with pytest.raises(DataRefusedError, match=r"(?i)check"):
        store.write(subscriptions.start, ours, *PRODUCT, "rumour")  # type: ignore[arg-type]


def test_what_was_there_before_came_by_callback(database: Place, store: Opened, ours: int) -> None:
    store.write(subscriptions.start, ours, *PRODUCT)
    with database.beside() as somebody:
        somebody.execute(
            "INSERT INTO subscriptions (id, account_id, number, short_code, keyword, started_at) "
            f"SELECT 7, account_id, '{number(9)}', short_code, keyword, started_at FROM subscriptions"
        )
    assert [each.source for each in listed(store, ours)] == [Source.CALLBACK] * 2


def test_only_what_began_before(store: Opened, ours: int, clock: Clock) -> None:
    store.write(subscriptions.start, ours, *PRODUCT)
    assert not store.write(subscriptions.end, ours, *PRODUCT, Source.REPORT, before=clock.now)
    assert store.write(subscriptions.end, ours, *PRODUCT, Source.REPORT, before=clock.now + 1)


def test_many_at_once(store: Opened, ours: int, other: int) -> None:
    store.write(subscriptions.start, ours, number(2), "12345", "news")
    store.write(subscriptions.start, other, *PRODUCT)
    three = [number(1), number(2), number(3)]
    assert store.write(subscriptions.start_all, ours, NEWS, three, Source.SYNC) == [number(1), number(3)]
    assert store.write(subscriptions.start_all, ours, NEWS, three, Source.SYNC) == []
    assert store.write(subscriptions.start_all, ours, NEWS, [], Source.SYNC) == []
    live = store.read(subscriptions.live, ours, NEWS)
    assert [each.number for each in live] == [number(2), number(1), number(3)], "the earliest first"
    assert [each.number for each in store.read(subscriptions.live, ours, NEWS, 2)] == [number(2), number(1)]
    gone = [each.id for each in live[:2]]
    assert store.write(subscriptions.end_these, other, gone, Source.SYNC) == 0, "not theirs"
    assert store.write(subscriptions.end_these, ours, gone, Source.SYNC) == 2
    assert store.write(subscriptions.end_these, ours, gone, Source.SYNC) == 0
    assert store.write(subscriptions.end_these, ours, [], Source.SYNC) == 0
    started = [(Type.SUBSCRIBED, each.id) for each in live]
    assert told(store, ours) == [*started, *[(Type.UNSUBSCRIBED, each) for each in gone]]


def test_lists_by_product_number_and_end(store: Opened, ours: int, other: int) -> None:
    for index, code, keyword in (
        (1, "12345", "NEWS"),
        (2, "12345", "news"),
        (1, "12345", "JOKE"),
        (1, "54321", "NEWS"),
    ):
        store.write(subscriptions.start, ours, number(index), code, keyword)
    store.write(subscriptions.end, ours, *PRODUCT)
    store.write(subscriptions.start, other, *PRODUCT)

    def found(**by: Any) -> list[tuple[str, str, str]]:
        return [(each.number, each.short_code, each.keyword) for each in listed(store, ours, **by)]

    assert found(short_code="12345", keyword="News") == [(number(2), "12345", "news"), (number(1), "12345", "NEWS")]
    assert found(keyword="news", active=True) == [(number(1), "54321", "NEWS"), (number(2), "12345", "news")]
    assert found(active=False) == [(number(1), "12345", "NEWS")]
    assert found(number=number(2)) == [(number(2), "12345", "news")]
    assert found(short_code="54321", number=number(2)) == []
    assert found(keyword="") == []
    first, *rest = listed(store, ours, short_code="12345")
    assert listed(store, ours, short_code="12345", before=first.id) == rest
    assert listed(store, ours, short_code="12345", before=first.id, limit=1) == rest[:1]
    assert store.read(subscriptions.find, other, first.id) is None


def test_products_with_how_many_are_subscribed(store: Opened, ours: int, other: int) -> None:
    assert store.read(subscriptions.products, ours) == []
    assert store.read(subscriptions.spelling, ours, Product("12345", "nEWS")) == "nEWS"
    for index, code, keyword in (
        (1, "54321", "NEWS"),
        (1, "12345", "NEWS"),
        (2, "12345", "News"),
        (1, "12345", "JOKE"),
    ):
        store.write(subscriptions.start, ours, number(index), code, keyword)
    store.write(subscriptions.end, ours, number(1), "12345", "JOKE")
    store.write(subscriptions.start, other, number(1), "12345", "OTHER")
    assert store.read(subscriptions.products, ours) == [
        Offered(Product("12345", "JOKE"), 0),
        Offered(Product("12345", "News"), 2),
        Offered(Product("54321", "NEWS"), 1),
    ]
    assert store.read(subscriptions.spelling, ours, Product("12345", "nEWS")) == "News", "as it was told last"


def test_who_left_since(store: Opened, ours: int, clock: Clock) -> None:
    for index in (1, 2):
        store.write(subscriptions.start, ours, number(index), *NEWS)
    store.write(subscriptions.end, ours, number(1), *NEWS)
    clock.forward(10)
    then = clock.now
    store.write(subscriptions.end, ours, number(2), *NEWS)
    assert store.read(subscriptions.ended_since, ours, Product("12345", "news"), then) == {number(2)}
    assert store.read(subscriptions.ended_since, ours, Product("12345", "JOKE"), then) == set()


def test_products_are_named_one_by_one(store: Opened, ours: int, other: int) -> None:
    assert store.read(subscriptions.product_names, ours, 10) == []
    for index, (code, keyword) in enumerate([("2", ""), ("12345", "NEWS"), ("12345", ""), ("12345", "JOKE")]):
        store.write(subscriptions.start, ours, number(index), code, keyword)
    store.write(subscriptions.start, ours, number(9), "12345", "News")
    store.write(subscriptions.start, other, number(9), "12345", "OTHERS")
    store.write(subscriptions.end, ours, number(3), "12345", "joke")
    expected = [Product("12345", ""), Product("12345", "JOKE"), Product("12345", "News"), Product("2", "")]
    assert store.read(subscriptions.product_names, ours, 10) == expected
    assert store.read(subscriptions.product_names, ours, 2) == expected[:2]
    assert [store.read(subscriptions.count_live, ours, each, 10) for each in expected] == [1, 0, 2, 1]
    assert store.read(subscriptions.count_live, ours, NEWS, 1) == 1


def test_pages_of_a_product(store: Opened, ours: int, other: int) -> None:
    def page(product: Product, *, ever: bool, before: int | None = None, limit: int = 10) -> list[Subscription]:
        return store.read(subscriptions.product_page, ours, product, ever=ever, before=before, limit=limit)

    for index, (code, keyword) in enumerate(
        [("12345", "NEWS"), ("12345", "NEW"), ("12345", "NEWSY"), ("54321", "NEWS")]
    ):
        store.write(subscriptions.start, ours, number(index), code, keyword)
    store.write(subscriptions.start, other, number(9), "12345", "NEWS")
    for index in range(10, 13):
        store.write(subscriptions.start, ours, number(index), "12345", "news")
    store.write(subscriptions.end, ours, number(11), "12345", "News")
    ever = page(NEWS, ever=True)
    assert [each.number for each in ever] == [number(each) for each in (12, 11, 10, 0)]
    assert [each.number for each in page(NEWS, ever=False)] == [number(each) for each in (12, 10, 0)]
    assert page(NEWS, ever=True, limit=2) + page(NEWS, ever=True, before=ever[1].id) == ever
    assert page(Product("1", "NEWS"), ever=True) == []
