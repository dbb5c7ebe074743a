"""Roles and who may come in: sessions follow, and one admin stays."""

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk
from tests.flows.places import overlapped
from tests.flows.test_signing_in import let_in, person
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.role import Role
from ujumbe.flows import staff, welcoming
from ujumbe.flows.staff import LastAdminError
from ujumbe.store import sessions, users


def test_adding(desk: Desk, clock: Clock) -> None:
    made, secret = desk.store.write(staff.add, "Asha", Role.OPERATOR)
    assert desk.store.read(welcoming.look, secret).user == made
    for wrong in ("asha", "", "x" * 61):
        with pytest.raises(InvalidInputError):
            desk.store.write(staff.add, wrong, Role.OPERATOR)


def test_another_role_signs_them_out(desk: Desk, clock: Clock) -> None:
    person(desk, "boss")
    asha = person(desk, role=Role.VIEWER)
    cookie = let_in(desk, asha)
    desk.store.write(staff.set_role, asha.id, Role.VIEWER)
    assert desk.store.read(sessions.find, cookie) is not None, "it was theirs already"
    desk.store.write(staff.set_role, asha.id, Role.OPERATOR)
    assert desk.store.read(sessions.find, cookie) is None


def test_disabling_ends_everything_and_enabling_brings_nothing_back(desk: Desk, clock: Clock) -> None:
    person(desk, "boss")
    asha = person(desk)
    cookie = let_in(desk, asha)
    desk.store.write(staff.disable, asha.id)
    desk.store.write(staff.enable, asha.id)
    assert desk.store.read(sessions.find, cookie) is None
    assert desk.store.read(sessions.find, let_in(desk, asha)) is not None


def test_signing_out_everywhere(desk: Desk, clock: Clock) -> None:
    asha = person(desk)
    cookies = [let_in(desk, asha) for _ in range(3)]
    assert desk.store.write(staff.sign_out_everywhere, asha.id) == 3
    assert not any(desk.store.read(sessions.find, each) for each in cookies)


def test_the_last_admin_stays(desk: Desk, clock: Clock) -> None:
    asha, juma = person(desk, "Asha"), person(desk, "Juma", Role.OPERATOR)
    invited, _ = desk.store.write(staff.add, "Invited", Role.ADMIN)
    for attempt in (
        lambda tx: staff.disable(tx, asha.id),
        lambda tx: staff.set_role(tx, asha.id, Role.VIEWER),
    ):
        with pytest.raises(LastAdminError):
            desk.store.write(attempt)
    desk.store.write(staff.set_role, asha.id, Role.ADMIN)
    desk.store.write(staff.disable, invited.id)
    desk.store.write(staff.set_role, juma.id, Role.ADMIN)
    desk.store.write(staff.disable, asha.id)
    with pytest.raises(LastAdminError):
        desk.store.write(staff.disable, juma.id)
    desk.store.write(staff.set_role, asha.id, Role.VIEWER)


def test_nobody(desk: Desk, clock: Clock) -> None:
    for attempt in (staff.disable, staff.enable):
        with pytest.raises(InvalidInputError):
            desk.store.write(attempt, 1)
    with pytest.raises(InvalidInputError):
        desk.store.write(staff.set_role, 1, Role.ADMIN)


def test_two_admins_who_disable_each_other_at_once(shared: Desk) -> None:
    asha, juma = person(shared, "Asha"), person(shared, "Juma")
    with pytest.raises(LastAdminError):
        overlapped(
            shared.store, lambda tx: staff.disable(tx, asha.id), lambda tx: staff.set_role(tx, juma.id, Role.VIEWER)
        )
    assert [each.name for each in shared.store.read(users.list_all) if each.disabled_at is None] == ["Juma"]
