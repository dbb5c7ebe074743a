"""One-time links: the first admin, invitations, new passwords."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk
from tests.flows.places import overlapped
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.role import Role
from ujumbe.domain.throttle import Tries
from ujumbe.flows import signing_in, staff, welcoming
from ujumbe.flows.welcoming import LinkGoneError, Purpose
from ujumbe.store import audit, sessions, sign_in_tries, users
from ujumbe.store.sign_in_links import LIFETIME_MS
from ujumbe.store.users import User


def accept(desk: Desk, secret: str, name: str = "", password: str = "hash") -> tuple[User, str]:
    return desk.store.write(welcoming.accept, desk.account, secret, name, password, "Firefox")


def set_up(desk: Desk, name: str = "Asha") -> User:
    secret = desk.store.write(welcoming.set_up_link)
    assert secret is not None
    return accept(desk, secret, name)[0]


def gone(desk: Desk, secret: str) -> bool:
    try:
        desk.store.read(welcoming.look, secret)
    except LinkGoneError:
        return True
    return False


def test_the_first_admin_is_made_once(desk: Desk, clock: Clock) -> None:
    one, other = desk.store.write(welcoming.set_up_link), desk.store.write(welcoming.set_up_link)
    assert one is not None
    assert other is not None
    assert desk.store.read(welcoming.look, one).purpose is Purpose.SET_UP
    assert desk.store.read(welcoming.look, one).user is None, "looking uses nothing up"
    asha, secret = accept(desk, one, "Asha")
    assert asha.role is Role.ADMIN
    seen = desk.store.read(sessions.find, secret)
    assert seen is not None
    assert seen.user == asha.id
    for each in (one, other):
        assert gone(desk, each)
        with pytest.raises(LinkGoneError):
            accept(desk, each, "Eve")
    assert desk.store.write(welcoming.set_up_link) is None
    assert [each.name for each in desk.store.read(users.list_all)] == ["Asha"]
    actions = [each.action for each in desk.store.read(audit.list_page, desk.account, None, 10)]
    assert actions == ["sign in", "set up the dashboard"]


def test_a_set_up_link_is_void_once_anybody_has_a_password(desk: Desk, clock: Clock) -> None:
    secret = desk.store.write(welcoming.set_up_link)
    assert secret is not None
    _, invitation = desk.store.write(staff.add, "Juma", Role.ADMIN)
    accept(desk, invitation)
    assert gone(desk, secret)


def test_an_invitation(desk: Desk, clock: Clock) -> None:
    set_up(desk)
    juma, secret = desk.store.write(staff.add, "  Juma ", Role.VIEWER)
    assert juma.name == "Juma"
    welcome = desk.store.read(welcoming.look, secret)
    assert (welcome.purpose, welcome.user) == (Purpose.INVITATION, juma)
    came, cookie = accept(desk, secret, "another name")
    assert (came.id, came.name) == (juma.id, "Juma"), "a name counts for a set-up alone"
    assert desk.store.read(sessions.find, cookie) is not None
    assert gone(desk, secret)


def test_a_new_password_ends_what_was(desk: Desk, clock: Clock) -> None:
    asha = set_up(desk)
    known = desk.store.read(users.find, asha.id)
    assert known is not None
    before = desk.store.write(signing_in.let_in, desk.account, known, "", "")
    secret = desk.store.write(welcoming.link_for, asha.id)
    assert desk.store.read(welcoming.look, secret).purpose is Purpose.NEW_PASSWORD
    assert desk.store.read(sessions.find, before) is not None, "until it is used"
    desk.store.write(lambda tx: sign_in_tries.put(tx, "name:asha", Tries(99, tx.now)))
    _, after = accept(desk, secret, password="another")
    assert desk.store.read(sessions.find, before) is None
    assert desk.store.read(sessions.find, after) is not None
    assert desk.store.read(sign_in_tries.find, "name:asha") is None, "whoever was locked out by guesses is in again"


def test_links_run_out_and_newer_ones_replace_older(desk: Desk, clock: Clock) -> None:
    asha = set_up(desk)
    first = desk.store.write(welcoming.link_for, asha.id)
    second = desk.store.write(welcoming.link_for, asha.id)
    assert gone(desk, first)
    assert not gone(desk, second)
    clock.forward(LIFETIME_MS)
    assert gone(desk, second)


def test_a_disabled_user_has_no_link(desk: Desk, clock: Clock) -> None:
    set_up(desk)
    juma, secret = desk.store.write(staff.add, "Juma", Role.VIEWER)
    desk.store.write(staff.disable, juma.id)
    assert gone(desk, secret)
    for user in (juma.id, 1):
        with pytest.raises(InvalidInputError):
            desk.store.write(welcoming.link_for, user)


def test_a_taken_name_leaves_the_link_open(desk: Desk, clock: Clock) -> None:
    secret = desk.store.write(welcoming.set_up_link)
    assert secret is not None
    desk.store.write(staff.add, "Asha", Role.VIEWER)
    with pytest.raises(InvalidInputError):
        accept(desk, secret, "asha")
    assert accept(desk, secret, "Boss")[0].name == "Boss"


def test_two_who_use_one_link_at_once(shared: Desk) -> None:
    secret = shared.store.write(welcoming.set_up_link)
    assert secret is not None
    with pytest.raises(LinkGoneError):
        overlapped(
            shared.store,
            lambda tx: welcoming.accept(tx, shared.account, secret, "One", "hash", ""),
            lambda tx: welcoming.accept(tx, shared.account, secret, "Two", "hash", ""),
        )
    assert [each.name for each in shared.store.read(users.list_all)] == ["One"]
