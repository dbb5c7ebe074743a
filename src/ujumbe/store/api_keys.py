"""API keys: only a hash is kept, the key itself is shown once."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ujumbe.store.database import Row, Tx


class Scope(StrEnum):
    """What a key may do: `send` also cancels and handles opt-outs, `admin` may do everything."""

    SEND = "send"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed. Times are epoch milliseconds."""

    id: int
    name: str
    scopes: frozenset[Scope]
    created_at: int
    revoked_at: int | None

    def allows(self, scope: Scope) -> bool:
        """Whether this key may do what `scope` covers."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def create(tx: Tx, name: str, scopes: frozenset[Scope]) -> tuple[ApiKey, str]:
    """Make a key; the second value is the secret itself, which is not kept."""
    secret = f"ujumbe_{secrets.token_urlsafe(32)}"
    key = ApiKey(tx.new_id(), name, scopes, tx.now, None)
    words = ",".join(sorted(scopes))
    tx.run("api_keys.insert", id=key.id, name=name, scopes=words, hash=_hash(secret), now=tx.now)
    return key, secret


def find(tx: Tx, secret: str) -> ApiKey | None:
    """The key that `secret` is, unless it was revoked."""
    row = tx.one("api_keys.by_hash", hash=_hash(secret))
    return _key(row) if row is not None else None


def revoked_among(tx: Tx, key_ids: Iterable[int | None]) -> set[int]:
    """Those of these keys that were revoked."""
    given = list(key_ids)
    return {row[0] for row in tx.tuples("api_keys.revoked_among", ids=given)} if given else set()


def list_all(tx: Tx) -> list[ApiKey]:
    """Every key, revoked ones too, oldest first."""
    return [_key(row) for row in tx.all("api_keys.list")]


def revoke(tx: Tx, key_id: int) -> bool:
    """Revoke a key; False where it is unknown or was revoked before."""
    return tx.run("api_keys.revoke", id=key_id, now=tx.now) > 0


def _hash(secret: str) -> bytes:
    # Plain SHA-256 is enough for 256 random bits: there is nothing to guess, unlike with passwords.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _key(row: Row) -> ApiKey:
    scopes = frozenset(Scope(word) for word in row["scopes"].split(","))
    return ApiKey(row["id"], row["name"], scopes, row["created_at"], row["revoked_at"])
