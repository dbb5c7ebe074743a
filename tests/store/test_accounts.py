from tests.store.opened import Opened
from ujumbe.store import accounts
from ujumbe.store.accounts import Account


def test_an_account_is_made_once_for_each_username_and_host(store: Opened) -> None:
    pairs = [("sandbox", "a"), ("sandbox", "b"), ("live", "a"), ("sandbox", "a")]
    ids = [store.write(accounts.ensure, *pair) for pair in pairs]
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3
    listed = store.read(accounts.list_all)
    assert list(listed) == pairs[:3], "oldest first"
    assert [listed[each] for each in (Account(*pair) for pair in pairs)] == ids


def test_asking_for_a_known_account_in_one_group_gives_one_row(store: Opened) -> None:
    found = store.together([lambda tx: accounts.ensure(tx, "sandbox", "a")] * 5)
    assert len(set(found)) == 1
