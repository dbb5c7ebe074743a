from tests.store.opened import Opened, number
from ujumbe.domain import erased
from ujumbe.store import erasure_key


def test_it_is_made_once_and_stays(store: Opened) -> None:
    assert store.read(erasure_key.find) is None
    assert store.read(erasure_key.with_marks, [number(1)]) == {number(1): number(1)}
    assert store.read(erasure_key.marks, [number(1)]) == {}
    key = store.write(erasure_key.make)
    assert len(key) == erasure_key.KEY_BYTES
    assert store.write(erasure_key.make) == store.read(erasure_key.find) == key
    mark = erased.mark(key, number(1))
    assert store.read(erasure_key.with_marks, [number(1)]) == {number(1): number(1), mark: number(1)}
    assert store.read(erasure_key.marks, [number(1)]) == {mark: number(1)}
