import pytest

from tests.store.opened import Opened, Place
from ujumbe.domain.role import Role
from ujumbe.store import users
from ujumbe.store.users import User


def added(store: Opened, name: str = "Asha", role: Role = Role.VIEWER) -> User:
    made = store.write(users.create, name, role)
    assert made is not None
    return made


def test_somebody_new_has_no_password(store: Opened) -> None:
    made = added(store)
    assert store.read(users.find, made.id) == made
    assert (made.password_hash, made.disabled_at) == (None, None)
    assert not store.read(users.any_ready)
    store.write(users.set_password, made.id, "$argon2id$…")
    assert store.read(users.any_ready)
    found = store.read(users.find, made.id)
    assert found is not None
    assert found.password_hash == "$argon2id$…"
    assert "argon2" not in repr(found)


@pytest.mark.parametrize(
    ("first", "second"), [("Asha", "asha"), ("ÉLODIE", "élodie"), ("Straße", "STRASSE"), ("A B", "a  b ")]
)
def test_a_name_is_taken_however_it_is_written(store: Opened, first: str, second: str) -> None:
    made = added(store, first)
    assert store.write(users.create, second, Role.ADMIN) is None
    assert store.read(users.by_name, second) == made
    assert store.read(users.list_all) == [made]


@pytest.mark.parametrize(
    "wrong", ["", "nobody", "a\x00", "\ud800", "x" * 10_000], ids=["none", "no", "NUL", "half", "long"]
)
def test_a_wrong_name_finds_nobody(store: Opened, wrong: str) -> None:
    added(store)
    assert store.read(users.by_name, wrong) is None


def test_disabling_and_enabling(store: Opened) -> None:
    made = added(store)
    assert store.write(users.disable, made.id)
    assert not store.write(users.disable, made.id), "a second time changes nothing"
    found = store.read(users.by_name, "asha")
    assert found is not None
    assert found.disabled_at is not None
    assert store.write(users.enable, made.id)
    assert not store.write(users.enable, made.id)
    assert not store.write(users.disable, 1), "nobody"


def test_roles(store: Opened, database: Place) -> None:
    made = added(store)
    assert store.write(users.set_role, made.id, Role.OPERATOR)
    assert not store.write(users.set_role, made.id, Role.OPERATOR)
    assert database.ask("SELECT role FROM users") == [("operator",)]


def test_other_admins_are_those_who_can_sign_in(store: Opened) -> None:
    first, second = added(store, "first", Role.ADMIN), added(store, "second", Role.ADMIN)
    viewer = added(store, "viewer")
    store.write(users.set_password, viewer.id, "hash")
    assert store.read(users.other_admins, first.id) == 0, "the second one has no password"
    store.write(users.set_password, second.id, "hash")
    assert store.read(users.other_admins, first.id) == 1
    assert store.read(users.other_admins, second.id) == 0
    store.write(users.disable, second.id)
    assert store.read(users.other_admins, first.id) == 0
