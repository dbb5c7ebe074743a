from tests.store.opened import Opened, Place
from ujumbe.domain.throttle import Tries
from ujumbe.store import sign_in_tries


def test_what_stands_against_somebody(store: Opened, database: Place) -> None:
    assert store.read(sign_in_tries.find, "name:asha") is None
    store.write(sign_in_tries.put, "name:asha", Tries(1, 1_000))
    store.write(sign_in_tries.put, "name:asha", Tries(2, 2_000))
    store.write(sign_in_tries.put, "address:\ud800\x00", Tries(9, 3_000))
    assert store.read(sign_in_tries.find, "name:asha") == Tries(2, 2_000)
    assert all(b"asha" not in bytes(subject) for [subject] in database.ask("SELECT subject FROM sign_in_tries"))
    store.write(sign_in_tries.clear, "name:asha")
    assert store.read(sign_in_tries.find, "name:asha") is None
    assert store.read(sign_in_tries.find, "address:\ud800\x00") == Tries(9, 3_000)


def test_forgetting(store: Opened) -> None:
    store.write(sign_in_tries.put, "name:asha", Tries(1, 1_000))
    store.write(sign_in_tries.put, "name:juma", Tries(1, 2_000))
    assert store.write(sign_in_tries.forget, 2_000) == 1
    assert store.read(sign_in_tries.find, "name:juma") == Tries(1, 2_000)
