"""Passwords: Argon2id with the library's parameters (RFC 9106's second choice: 64 MB, three passes).

Hashing takes memory and time, so it happens beside the event loop, two at a time in one process (128 MB at most).
Others wait. Strangers cannot make much of that: a try that the throttle refuses is refused before anything is hashed.
"""

import asyncio
import secrets
from functools import cache
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ujumbe.domain.user import LONGEST_PASSWORD, as_typed
from ujumbe.runtime import Runtime

_HASHER: Final = PasswordHasher()


class Verdict(NamedTuple):
    """Whether a password was right, and its hash anew where the parameters have changed since."""

    right: bool
    rehashed: str | None = None


async def hashed(runtime: Runtime, password: str) -> str:
    """What is kept of a password (see `domain.user.password`)."""
    async with runtime.hashing:
        return await asyncio.to_thread(_HASHER.hash, password)


async def verify(runtime: Runtime, kept: str | None, given: str) -> Verdict:
    """Whether `given` is the password that `kept` is the hash of; without one it takes as long, and is wrong."""
    async with runtime.hashing:
        return await asyncio.to_thread(_verify, kept, given)


def _verify(kept: str | None, given: str) -> Verdict:
    nobody = _nobody()  # made before the first answer to anybody, so that no answer tells by its time
    typed = as_typed(given[: 4 * LONGEST_PASSWORD])
    try:
        _HASHER.verify(kept or nobody, typed)
    except (VerificationError, InvalidHashError):
        return Verdict(False)
    if kept is None:
        return Verdict(False)
    return Verdict(True, _HASHER.hash(typed) if _HASHER.check_needs_rehash(kept) else None)


@cache
def _nobody() -> str:
    """The hash of what nobody can type: an unknown name is compared with it."""
    return _HASHER.hash(secrets.token_urlsafe(64))
