"""Secrets that let somebody in (a session's cookie, a one-time link): only a hash of one is kept."""

import hashlib
import secrets

RANDOM_BYTES = 32


def make() -> str:
    """A new one, as it stands in a cookie or an address."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def hashed(secret: str) -> bytes:
    """What is kept of it. Plain SHA-256 is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
