import pytest

from tests.store.opened import Opened, batch
from ujumbe.store import batches, senders, subscriptions
from ujumbe.store.subscriptions import Product


def test_senders_are_offered_the_latest_first(store: Opened, ours: int, other: int) -> None:
    assert store.read(senders.lately, ours) == []
    for sender in ("CLINIC", "SHOP", "", "CLINIC", "12345"):
        store.write(batches.insert, batch(ours, sender=sender))
    store.write(batches.insert, batch(other, sender="THEIRS"))
    assert store.read(senders.lately, ours) == ["12345", "CLINIC", "SHOP"]


def test_the_look_back_ends(store: Opened, ours: int, other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(batches.insert, batch(ours, sender="OLD"))
    monkeypatch.setattr(senders, "LOOKED_AT", 3)
    store.write(batches.insert_all, [batch(other, sender="THEIRS")] * 3)
    assert store.read(senders.lately, ours) == []


def test_keywords_are_offered_with_their_short_code(store: Opened, ours: int) -> None:
    for index, keyword in enumerate(("NEWS", "FARM", "NEWS")):
        store.write(subscriptions.start, ours, f"+25471100000{index}", "12345", keyword)
    assert store.read(senders.keywords, ours) == [Product("12345", "NEWS"), Product("12345", "FARM")]
