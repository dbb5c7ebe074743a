import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place
from ujumbe.domain.role import Role
from ujumbe.store import sign_in_links, users
from ujumbe.store.sign_in_links import LIFETIME_MS, Link


@pytest.fixture
def asha(clock: Clock, store: Opened) -> int:
    made = store.write(users.create, "Asha", Role.OPERATOR)
    assert made is not None
    return made.id


def opened(store: Opened, secret: str) -> Link:
    found = store.read(sign_in_links.find, secret)
    assert found is not None
    return found


def test_a_link_opens_once(store: Opened, database: Place, asha: int) -> None:
    secret = store.write(sign_in_links.make, asha)
    link = opened(store, secret)
    assert link.user == asha
    [row] = database.ask("SELECT * FROM sign_in_links")
    assert not any(secret.encode() in str(value).encode() for value in row)
    assert store.write(sign_in_links.use, link.id)
    assert not store.write(sign_in_links.use, link.id)
    assert store.read(sign_in_links.find, secret) is None


def test_a_link_opens_for_a_day(store: Opened, clock: Clock, asha: int) -> None:
    secret = store.write(sign_in_links.make, None)
    clock.forward(LIFETIME_MS - 1)
    link = opened(store, secret)
    assert link.user is None
    clock.forward(1)
    assert store.read(sign_in_links.find, secret) is None
    assert not store.write(sign_in_links.use, link.id)
    assert store.write(sign_in_links.forget, clock.now) == 0
    assert store.write(sign_in_links.forget, clock.now + 1) == 1


def test_of_one_user_only_the_newest_opens(store: Opened, asha: int) -> None:
    juma = store.write(users.create, "Juma", Role.VIEWER)
    assert juma is not None
    older, others = store.write(sign_in_links.make, asha), store.write(sign_in_links.make, juma.id)
    newer = store.write(sign_in_links.make, asha)
    assert store.read(sign_in_links.find, older) is None
    assert opened(store, newer).user == asha
    store.write(sign_in_links.void_of, asha)
    assert store.read(sign_in_links.find, newer) is None
    assert opened(store, others).user == juma.id


def test_set_up_links_open_side_by_side_until_all_are_void(store: Opened, asha: int) -> None:
    secrets = [store.write(sign_in_links.make, None) for _ in range(3)]
    invitation = store.write(sign_in_links.make, asha)
    assert all(opened(store, each).user is None for each in secrets)
    store.write(sign_in_links.void_set_up)
    assert not any(store.read(sign_in_links.find, each) for each in secrets)
    assert opened(store, invitation).user == asha


@pytest.mark.parametrize("wrong", ["", "x" * 10_000, "\x00", "\ud800"], ids=["none", "long", "NUL", "half"])
def test_a_wrong_link_opens_nothing(store: Opened, asha: int, wrong: str) -> None:
    store.write(sign_in_links.make, asha)
    assert store.read(sign_in_links.find, wrong) is None
