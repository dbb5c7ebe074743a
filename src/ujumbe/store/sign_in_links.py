"""One-time links: to set the service up, to accept an invitation, to choose a new password."""

from dataclasses import dataclass
from typing import Final

from ujumbe.store import secret as secrets
from ujumbe.store.database import Tx

LIFETIME_MS: Final = 24 * 3600 * 1000
"""Long enough for a message that is read in the evening; a new one takes a click."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that still opens."""

    id: int
    user: int | None
    """Who chooses a password by it; None for the one that makes the first admin."""


def make(tx: Tx, user: int | None) -> str:
    """Make a link; what its address ends with, which is not kept. Earlier links of that user open no more.

    Set-up links stay side by side: each of several processes shows one of its own when it starts.
    """
    if user is not None:
        tx.run("sign_in_links.void_of", user=user, now=tx.now)
    secret = secrets.make()
    hash_, expires = secrets.hashed(secret), tx.now + LIFETIME_MS
    tx.run("sign_in_links.insert", id=tx.new_id(), user=user, hash=hash_, now=tx.now, expires=expires)
    return secret


def find(tx: Tx, secret: str) -> Link | None:
    """The link, if it still opens."""
    row = tx.one("sign_in_links.find", hash=secrets.hashed(secret), now=tx.now)
    return None if row is None else Link(row["id"], row["user_id"])


def use(tx: Tx, link: int) -> bool:
    """Use a link up; False where another has, or where it opens no more."""
    return tx.run("sign_in_links.use", id=link, now=tx.now) > 0


def void_set_up(tx: Tx) -> None:
    """No set-up link opens any more."""
    tx.run("sign_in_links.void_set_up", now=tx.now)


def void_of(tx: Tx, user: int) -> None:
    """No link of this user opens any more."""
    tx.run("sign_in_links.void_of", user=user, now=tx.now)


def forget(tx: Tx, before: int) -> int:
    """Delete links that ran out before that moment; how many."""
    return tx.run("sign_in_links.forget", before=before)
