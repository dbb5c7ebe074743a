from tests.store.opened import Opened, number
from ujumbe.store import subscriptions

PRODUCT = (number(1), "12345", "NEWS")


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
