"""Who may sign in, and as what. One admin who can sign in always stays."""

from ujumbe.domain import user as rules
from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.role import Role
from ujumbe.flows import welcoming
from ujumbe.store import sessions, sign_in_links, users
from ujumbe.store.database import Tx
from ujumbe.store.users import User


class LastAdminError(UjumbeError):
    """Nobody would be left who can see to people."""


def add(tx: Tx, name: str, role: Role) -> tuple[User, str]:
    """Add somebody; also what their link ends with. Raises `InvalidInputError` where the name is taken or is none."""
    user = users.create(tx, rules.called(name), role)
    if user is None:
        raise InvalidInputError("name", "somebody has this name already")
    return user, welcoming.link_for(tx, user.id)


def set_role(tx: Tx, user: int, role: Role) -> User:
    """Give `user` another role; they sign in again with it. Raises `LastAdminError` or `InvalidInputError`."""
    found = _guarded(tx, user, stays=role is Role.ADMIN)
    if users.set_role(tx, user, role):
        sessions.end_all(tx, user)
    return found


def disable(tx: Tx, user: int) -> User:
    """Let `user` in no more: sessions end and links are void. Raises `LastAdminError` or `InvalidInputError`."""
    found = _guarded(tx, user, stays=False)
    users.disable(tx, user)
    sessions.end_all(tx, user)
    sign_in_links.void_of(tx, user)
    return found


def enable(tx: Tx, user: int) -> User:
    """Let `user` in again, with the password they had. Raises `InvalidInputError` for nobody."""
    users.enable(tx, user)
    return _known(tx, user)


def sign_out_everywhere(tx: Tx, user: int) -> int:
    """End all sessions of `user`; how many there were."""
    tx.lock(users.LOCK)
    return sessions.end_all(tx, user)


def _guarded(tx: Tx, user: int, *, stays: bool) -> User:
    tx.lock(users.LOCK)  # two admins must not take the role from each other at the same time
    found = _known(tx, user)
    able = found.role is Role.ADMIN and found.disabled_at is None and found.password_hash is not None
    if able and not stays and not users.other_admins(tx, user):
        raise LastAdminError(f"{found.name} is the only admin who can sign in; make somebody else an admin first")
    return found


def _known(tx: Tx, user: int) -> User:
    found = users.find(tx, user)
    if found is None:
        raise InvalidInputError("user", "nobody has this id")
    return found
