"""People who sign in to the dashboard."""

from dataclasses import dataclass, field

from ujumbe.domain import user as rules
from ujumbe.domain.role import Role
from ujumbe.store.database import Row, Tx

LOCK = "users"
"""Held by what decides who is in: the first admin is made once, the last one stays, ended sessions are all of them."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. Times are epoch milliseconds."""

    id: int
    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    """None until they have chosen a password."""
    created_at: int
    disabled_at: int | None


def create(tx: Tx, name: str, role: Role) -> User | None:
    """Add somebody, still without a password; None where the name is taken, in capitals or not."""
    made = User(tx.new_id(), name, role, None, tx.now, None)
    added = tx.run("users.insert", id=made.id, name=name, name_key=rules.key(name), role=role, now=tx.now)
    return made if added else None


def find(tx: Tx, user: int) -> User | None:
    """One by id."""
    row = tx.one("users.find", id=user)
    return None if row is None else _user(row)


def by_name(tx: Tx, name: str) -> User | None:
    """One by name, however it is capitalised."""
    row = tx.one("users.by_name", name_key=rules.key(name))
    return None if row is None else _user(row)


def list_all(tx: Tx) -> list[User]:
    """Everybody, disabled ones too, oldest first."""
    return [_user(row) for row in tx.all("users.list")]


def any_ready(tx: Tx) -> bool:
    """Whether anybody has a password: then the service is set up."""
    return tx.one("users.any_ready") is not None


def other_admins(tx: Tx, user: int) -> int:
    """How many besides `user` are admins who can sign in."""
    [[number]] = tx.tuples("users.other_admins", id=user)
    return int(number)


def set_password(tx: Tx, user: int, password_hash: str) -> None:
    """Keep the hash of a new password."""
    tx.run("users.set_password", id=user, hash=password_hash)


def set_role(tx: Tx, user: int, role: Role) -> bool:
    """Give another role; False where it is theirs already."""
    return tx.run("users.set_role", id=user, role=role) > 0


def disable(tx: Tx, user: int) -> bool:
    """Let them in no more; False where that was so before."""
    return tx.run("users.disable", id=user, now=tx.now) > 0


def enable(tx: Tx, user: int) -> bool:
    """Let them in again; False where they were not disabled."""
    return tx.run("users.enable", id=user) > 0


def _user(row: Row) -> User:
    return User(row["id"], row["name"], Role(row["role"]), row["password_hash"], row["created_at"], row["disabled_at"])
