from tests.store.conftest import Clock
from tests.store.opened import Opened
from ujumbe.store import drifts
from ujumbe.store.drifts import Compared
from ujumbe.store.subscriptions import Product

NEWS = Product("12345", "NEWS")


def test_the_latest_comparison_is_kept(store: Opened, ours: int, other: int, clock: Clock) -> None:
    assert store.read(drifts.find, ours, NEWS) is None
    store.write(drifts.put, ours, NEWS, listed=3, live=4, started=1, ended=2, recorded=False)
    assert store.read(drifts.find, ours, Product("12345", "news")) == Compared(3, 4, 1, 2, False, clock.now)
    clock.forward(1000)
    store.write(drifts.put, ours, NEWS, listed=3, live=3, started=0, ended=0, recorded=True)
    assert store.read(drifts.find, ours, NEWS) == Compared(3, 3, 0, 0, True, clock.now)
    assert store.read(drifts.find, other, NEWS) is None
    assert store.read(drifts.find, ours, Product("54321", "NEWS")) is None
