"""Signing in: who is let in, how often one may try, and what ends a session."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk
from tests.flows.places import during, overlapped
from ujumbe.domain.role import Role
from ujumbe.domain.throttle import BY_ADDRESS, BY_NAME, DAY
from ujumbe.flows import signing_in, staff, upkeep
from ujumbe.flows.signing_in import WaitError, WrongError
from ujumbe.store import audit, sessions, sign_in_links, users
from ujumbe.store.users import User

HERE = "203.0.113.7"


def person(desk: Desk, name: str = "Asha", role: Role = Role.ADMIN, password: str = "hash") -> User:
    made = desk.store.write(users.create, name, role)
    assert made is not None
    desk.store.write(users.set_password, made.id, password)
    found = desk.store.read(users.find, made.id)
    assert found is not None
    return found


def knock(desk: Desk, name: str = "asha", address: str = HERE) -> User | None:
    return desk.store.write(signing_in.knock, name, address)


def let_in(desk: Desk, user: User, address: str = HERE, **more: str) -> str:
    return desk.store.write(signing_in.let_in, desk.account, user, address, "Firefox", **more)


def waits(desk: Desk, name: str = "asha", address: str = HERE) -> int:
    """Seconds that a try has to wait; 0 where it was let through."""
    try:
        knock(desk, name, address)
    except WaitError as wait:
        return wait.seconds
    return 0


def test_the_right_one_is_let_in_and_it_is_noted(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    assert knock(desk, " ASHA ") == asha
    secret = let_in(desk, asha)
    found = desk.store.read(sessions.find, secret)
    assert found is not None
    assert (found.user, found.role) == (asha.id, Role.ADMIN)
    [entry] = desk.store.read(audit.list_page, desk.account, None, 10)
    assert (entry.user, entry.actor, entry.action) == (asha.id, "Asha", "sign in")


def test_nobody_disabled_and_invited_are_all_nobody(desk: Desk, clock: Clock) -> None:
    person(desk, "boss")
    asha = person(desk)
    desk.store.write(staff.disable, asha.id)
    desk.store.write(staff.add, "Juma", Role.VIEWER)
    assert [knock(desk, each) for each in ("asha", "juma", "nobody", "")] == [None] * 4


def test_guesses_at_one_name_wait_from_wherever_they_come(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    tries = [waits(desk, address=f"203.0.113.{n}") for n in range(BY_NAME.free + 1)]
    assert tries == [0] * BY_NAME.free + [BY_NAME.first // 1000]
    assert waits(desk) == BY_NAME.first // 1000, "the right password is refused too, and nothing is counted"
    clock.forward(BY_NAME.first - 1)
    assert waits(desk) == 1
    clock.forward(1)
    assert waits(desk) == 0, "one more"
    assert waits(desk) == 2 * BY_NAME.first // 1000
    clock.forward(BY_NAME.longest)
    assert knock(desk) == asha
    let_in(desk, asha)
    assert [waits(desk) for _ in range(BY_NAME.free)] == [0] * BY_NAME.free, "all is forgotten once it was right"


def test_an_unknown_name_waits_as_a_known_one_does(desk: Desk, clock: Clock) -> None:
    person(desk)
    known, unknown = ([waits(desk, name) for _ in range(BY_NAME.free + 2)] for name in ("asha", "nobody"))
    assert known == unknown


@pytest.mark.parametrize(
    ("addresses", "one"),
    [
        ([HERE], True),
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], True),
        ([HERE, f"::ffff:{HERE}"], True),
        (["2001:db8:1:2::1", "2001:db8:1:3::1"], False),
        (["", "unix"], True),
    ],
    ids=["one", "one IPv6 network", "one in two forms", "two networks", "none"],
)
def test_guesses_from_one_address_wait_whatever_the_name(
    desk: Desk, clock: Clock, addresses: list[str], one: bool
) -> None:
    for n in range(BY_ADDRESS.free):
        assert waits(desk, f"name {n}", addresses[n % len(addresses)]) == 0
    assert (waits(desk, "another", addresses[0]) > 0) is one
    assert waits(desk, "another", "192.0.2.1") == 0, "from elsewhere nobody waits"


def test_one_good_account_frees_no_guesses_at_others(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    for n in range(BY_ADDRESS.free - 1):
        waits(desk, f"name {n}")
        assert knock(desk) == asha
        let_in(desk, asha)
    assert waits(desk, "the last") == 0
    assert waits(desk, "beyond") > 0


def test_a_session_of_the_same_browser_ends(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    first = let_in(desk, asha)
    second = let_in(desk, asha, old=first)
    assert first != second
    assert desk.store.read(sessions.find, first) is None
    third = let_in(desk, asha, old="planted")
    assert desk.store.read(sessions.find, "planted") is None
    for each in (second, third):
        assert desk.store.read(sessions.find, each) is not None
    desk.store.write(signing_in.sign_out, desk.account, third)
    desk.store.write(signing_in.sign_out, desk.account, third)
    assert desk.store.read(sessions.find, third) is None
    assert [each.action for each in desk.store.read(audit.list_page, desk.account, None, 10)].count("sign out") == 1


def test_a_hash_of_older_parameters_is_replaced(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    let_in(desk, asha, rehashed="newer")
    found = desk.store.read(users.find, asha.id)
    assert found is not None
    assert found.password_hash == "newer"


def test_who_changed_in_the_meantime_is_not_let_in(desk: Desk, clock: Clock) -> None:
    person(desk, "boss")
    asha = person(desk)
    assert knock(desk) == asha
    desk.store.write(signing_in.change_password, asha, "another")
    with pytest.raises(WrongError):
        let_in(desk, asha)
    changed = knock(desk)
    assert changed is not None
    desk.store.write(staff.disable, asha.id)
    with pytest.raises(WrongError):
        let_in(desk, changed)


def test_a_new_password_signs_the_other_browsers_out(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    here, there = let_in(desk, asha), let_in(desk, asha)
    link = desk.store.write(sign_in_links.make, asha.id)
    seen = desk.store.read(sessions.find, here)
    assert seen is not None
    desk.store.write(signing_in.change_password, asha, "another", but=seen.session)
    assert desk.store.read(sessions.find, here) is not None
    assert desk.store.read(sessions.find, there) is None
    assert desk.store.read(sign_in_links.find, link) is None
    with pytest.raises(WrongError):
        desk.store.write(signing_in.change_password, asha, "from what was known before")


def test_forgetting(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    let_in(desk, asha)
    waits(desk)
    desk.store.write(sign_in_links.make, None)
    assert desk.store.write(upkeep.forget, 0, 0) == 0
    clock.forward(DAY + 1)
    assert desk.store.write(upkeep.forget, 0, 0) == 2, "tries by name and by address"
    clock.forward(2 * sessions.LIFETIME_MS)
    assert desk.store.write(upkeep.forget, 0, 0) == 2, "a session and a link"


def test_guesses_at_once_are_counted_one_after_the_other(shared: Desk) -> None:
    """On PostgreSQL, through several connections: without a lock both would see nothing standing against them."""
    person(shared)
    for _ in range(BY_NAME.free - 1):
        waits(shared)
    with pytest.raises(WaitError):
        overlapped(
            shared.store,
            lambda tx: signing_in.knock(tx, "asha", HERE),
            lambda tx: signing_in.knock(tx, "asha", "192.0.2.1"),
        )


def test_no_session_begins_while_all_are_ended(shared: Desk) -> None:
    asha = person(shared)
    with pytest.raises(WrongError):
        overlapped(
            shared.store,
            lambda tx: signing_in.change_password(tx, asha, "another"),
            lambda tx: signing_in.let_in(tx, shared.account, asha, HERE, ""),
        )


def test_a_page_is_read_while_somebody_signs_in(shared: Desk) -> None:
    asha = person(shared)
    secret = let_in(shared, asha)
    assert during(shared.store, lambda tx: signing_in.knock(tx, "asha", HERE), lambda tx: sessions.find(tx, secret))
