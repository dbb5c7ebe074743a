"""Signing in: a try is counted before it is judged, and taken back when it was right.

So guesses that come at the same time, through several processes, are bounded as those one after the other are. The rule
is in domain/throttle.py, its reasons in docs/decisions/0017-signing-in.md.
"""

from ipaddress import IPv6Address, ip_address
from typing import Final

from ujumbe.domain import throttle
from ujumbe.domain import user as rules
from ujumbe.domain.errors import UjumbeError
from ujumbe.domain.throttle import BY_ADDRESS, BY_NAME, Bound, Tries
from ujumbe.store import audit, sessions, sign_in_links, sign_in_tries, users
from ujumbe.store.database import Tx
from ujumbe.store.users import User

ONE_HOME: Final = 64
"""Bits of an IPv6 address that one connection has: it may change the others as it likes."""


class WrongError(UjumbeError):
    """Name and password do not belong together, or their user is disabled: whoever asks is not told which."""


class WaitError(UjumbeError):
    """Too many tries failed: even the right password is refused for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many tries")
        self.seconds = seconds


def knock(tx: Tx, name: str, address: str) -> User | None:
    """Count a try to sign in as `name` from `address`; whose password to compare with, None for nobody's.

    Raises `WaitError` where it is too early: then nothing is counted.
    """
    tx.lock(sign_in_tries.LOCK)
    subjects = _subjects(name, address)
    found = [(subject, bound, sign_in_tries.find(tx, subject)) for subject, bound in subjects]
    wait = max(throttle.free_at(bound, tries, tx.now) for _, bound, tries in found) - tx.now
    if wait > 0:
        raise WaitError(-(-wait // 1000))
    for subject, bound, tries in found:
        sign_in_tries.put(tx, subject, throttle.failed(bound, tries, tx.now))
    user = users.by_name(tx, name)
    return user if user is not None and user.disabled_at is None and user.password_hash is not None else None


def let_in(
    tx: Tx, account: int, knocked: User, address: str, agent: str, *, rehashed: str | None = None, old: str = ""
) -> str:
    """Sign `knocked` in, whose password was right; what the cookie holds. The session of the cookie `old` ends.

    `rehashed` is kept in place of a hash of older parameters. Raises `WrongError` where they were disabled or their
    password was changed in the meantime.
    """
    tx.lock(sign_in_tries.LOCK)
    tx.lock(users.LOCK)  # no session begins while all of them are ended
    user = users.find(tx, knocked.id)
    if user is None or user.disabled_at is not None or user.password_hash != knocked.password_hash:
        raise WrongError("disabled, or changed in the meantime")
    if rehashed is not None:
        users.set_password(tx, user.id, rehashed)
    take_back(tx, user, address)
    return begin(tx, account, user, agent, old=old)


def take_back(tx: Tx, user: User, address: str) -> None:
    """The password was right: nothing stands against the name any more.

    Of the address only this try is taken back: one good account frees no guesses at others.
    """
    tx.lock(sign_in_tries.LOCK)
    sign_in_tries.clear(tx, f"name:{rules.key(user.name)}")
    tries = sign_in_tries.find(tx, _by_address(address))
    if tries is not None:
        sign_in_tries.put(tx, _by_address(address), Tries(max(tries.failures - 1, 0), tries.last))


def begin(tx: Tx, account: int, user: User, agent: str, *, old: str = "") -> str:
    """A new session, whatever the browser had before: a cookie that somebody put there is worth nothing afterwards."""
    if old and (before := sessions.find(tx, old)) is not None:
        sessions.end(tx, before.user, before.session)
    _, secret = sessions.start(tx, user.id, agent)
    audit.add(tx, account, user.id, user.name, "sign in")
    return secret


def sign_out(tx: Tx, account: int, secret: str) -> None:
    """End the session of a cookie, if it is one."""
    found = sessions.find(tx, secret)
    if found is not None and sessions.end(tx, found.user, found.session):
        audit.add(tx, account, found.user, found.name, "sign out")


def change_password(tx: Tx, user: User, password_hash: str, *, but: int = 0) -> None:
    """Keep a new password: every other browser is signed out, waiting links are void, and no try stands against it.

    Raises `WrongError` where it was changed in the meantime, or they were disabled.
    """
    tx.lock(users.LOCK)
    now = users.find(tx, user.id)
    if now is None or now.disabled_at is not None or now.password_hash != user.password_hash:
        raise WrongError("disabled, or changed in the meantime")
    users.set_password(tx, user.id, password_hash)
    sessions.end_all(tx, user.id, but=but)
    sign_in_links.void_of(tx, user.id)
    sign_in_tries.clear(tx, f"name:{rules.key(user.name)}")


def forget(tx: Tx) -> int:
    """Delete tries that count no more, and sessions and links that ran out a month ago; how many rows."""
    past = tx.now - sessions.LIFETIME_MS
    tries = sign_in_tries.forget(tx, tx.now - max(BY_NAME.forgotten, BY_ADDRESS.forgotten))
    return tries + sessions.forget(tx, past) + sign_in_links.forget(tx, past)


def _subjects(name: str, address: str) -> list[tuple[str, Bound]]:
    return [(f"name:{rules.key(name)}", BY_NAME), (_by_address(address), BY_ADDRESS)]


def _by_address(address: str) -> str:
    """Whom an address stands for: of IPv6 the network that one connection has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "address:"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        return f"address:{int(parsed) >> 128 - ONE_HOME:x}"
    return f"address:{parsed}"
