"""Browsers that are signed in. What the cookie holds is not kept, only a hash of it."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from ujumbe.domain.role import Role
from ujumbe.store import secret as secrets
from ujumbe.store.database import Row, Tx

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
LIFETIME_MS: Final = 30 * DAY_MS
"""After so long one signs in again, however often the page was open."""
IDLE_MS: Final = 7 * DAY_MS
"""A browser that nobody has used for so long is signed out: a shop that closes for a week-end stays signed in."""
SEEN_MS: Final = 5 * MINUTE_MS
"""`seen_at` is written so often at most: looking at a page stays a read."""
LONGEST_AGENT: Final = 160


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in. Times are epoch milliseconds."""

    id: int
    created_at: int
    seen_at: int
    expires_at: int
    agent: str


class Seen(NamedTuple):
    """Whose cookie came with a request."""

    session: int
    user: int
    name: str
    role: Role
    stale: bool
    """Whether `touch` is due."""


def start(tx: Tx, user: int, agent: str) -> tuple[int, str]:
    """Sign a browser in: the session's id, and what its cookie holds. `agent` is what the browser calls itself."""
    session, secret = tx.new_id(), secrets.make()
    tx.run(
        "sessions.insert",
        id=session,
        user=user,
        hash=secrets.hashed(secret),
        now=tx.now,
        expires=tx.now + LIFETIME_MS,
        agent="".join(each if each.isprintable() else " " for each in agent)[:LONGEST_AGENT],
    )
    return session, secret


def find(tx: Tx, secret: str) -> Seen | None:
    """Whose cookie this is; None where the session has ended or its user is disabled. One read by an index."""
    row = tx.one("sessions.find", hash=secrets.hashed(secret), now=tx.now, active=tx.now - IDLE_MS)
    if row is None:
        return None
    return Seen(row["id"], row["user_id"], row["name"], Role(row["role"]), tx.now - row["seen_at"] >= SEEN_MS)


def touch(tx: Tx, session: int) -> None:
    """Note that a session is in use."""
    tx.run("sessions.touch", id=session, now=tx.now)


def of_user(tx: Tx, user: int) -> list[Session]:
    """Somebody's browsers that are signed in, the newest sign-in first."""
    return [_session(row) for row in tx.all("sessions.of_user", user=user, now=tx.now, active=tx.now - IDLE_MS)]


def end(tx: Tx, user: int, session: int) -> bool:
    """Sign one of somebody's browsers out; False where it is not theirs or had ended."""
    return tx.run("sessions.end", id=session, user=user, now=tx.now) > 0


def end_all(tx: Tx, user: int, *, but: int = 0) -> int:
    """Sign all of somebody's browsers out, but for one; how many these were."""
    return tx.run("sessions.end_all", user=user, but=but, now=tx.now)


def forget(tx: Tx, before: int) -> int:
    """Delete sessions that would have run out before that moment; how many."""
    return tx.run("sessions.forget", before=before)


def _session(row: Row) -> Session:
    return Session(row["id"], row["created_at"], row["seen_at"], row["expires_at"], row["agent"])
