"""One-time links: the one that sets the service up, invitations, and those by which somebody chooses a new password."""

from dataclasses import dataclass
from enum import StrEnum

from ujumbe.domain.errors import InvalidInputError, UjumbeError
from ujumbe.domain.role import Role
from ujumbe.flows import signing_in
from ujumbe.store import audit, sign_in_links, users
from ujumbe.store.database import Tx
from ujumbe.store.sign_in_links import Link
from ujumbe.store.users import User


class LinkGoneError(UjumbeError):
    """The link was used, ran out, or was replaced by a newer one."""


class Purpose(StrEnum):
    """What a link is for."""

    SET_UP = "set-up"
    INVITATION = "invitation"
    NEW_PASSWORD = "new-password"  # noqa: S105 - a word in a page, no password


@dataclass(frozen=True, slots=True)
class Welcome:
    """A link that opens: whoever has it chooses a password, and for a set-up a name too."""

    link: Link
    purpose: Purpose
    user: User | None
    """None for a set-up."""


def set_up_link(tx: Tx) -> str | None:
    """A link that makes the first admin; None where somebody has a password already."""
    return None if users.any_ready(tx) else sign_in_links.make(tx, None)


def link_for(tx: Tx, user: int) -> str:
    """A link by which `user` chooses a password; earlier ones are void. The password so far goes on until it is used.

    Raises `InvalidInputError` for nobody, and for somebody who is disabled.
    """
    found = users.find(tx, user)
    if found is None:
        raise InvalidInputError("user", "nobody has this id")
    if found.disabled_at is not None:
        raise InvalidInputError("user", f"{found.name} is disabled; enable them first")
    return sign_in_links.make(tx, user)


def look(tx: Tx, secret: str) -> Welcome:
    """What a link is for; looking does not use it up. Raises `LinkGoneError`."""
    link = sign_in_links.find(tx, secret)
    if link is None:
        raise LinkGoneError("it was used, ran out, or was replaced by a newer one")
    if link.user is None:
        if users.any_ready(tx):
            raise LinkGoneError("the service was set up")
        return Welcome(link, Purpose.SET_UP, None)
    user = users.find(tx, link.user)
    if user is None or user.disabled_at is not None:
        raise LinkGoneError("its user is disabled")
    return Welcome(link, Purpose.INVITATION if user.password_hash is None else Purpose.NEW_PASSWORD, user)


def accept(
    tx: Tx, account: int, secret: str, name: str, password_hash: str, agent: str, *, old: str = ""
) -> tuple[User, str]:
    """Use a link up: keep the password, sign in; who that is, and what the cookie holds. `name` counts for a set-up.

    Raises `LinkGoneError`, or `InvalidInputError` where the name is taken (the link still opens then).
    """
    tx.lock(users.LOCK)
    welcome = look(tx, secret)
    user = welcome.user
    if user is None:
        user = users.create(tx, name, Role.ADMIN)
        if user is None:
            raise InvalidInputError("name", "somebody has this name already; choose another")
    if not sign_in_links.use(tx, welcome.link.id):
        raise LinkGoneError("it was used")
    signing_in.change_password(tx, user, password_hash)
    sign_in_links.void_set_up(tx)
    what = {
        Purpose.SET_UP: "set up the dashboard",
        Purpose.INVITATION: "accept invitation",
        Purpose.NEW_PASSWORD: "choose new password",
    }
    audit.add(tx, account, user.id, user.name, what[welcome.purpose])
    return user, signing_in.begin(tx, account, user, agent, old=old)
