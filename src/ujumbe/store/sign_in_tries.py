"""Tries to sign in that have not succeeded, for all processes together.

Names and addresses stand as hashes, so that no list of them lies about. (Whoever has the file can try all addresses;
that is why they go after a day.)
"""

import hashlib

from ujumbe.domain.throttle import Tries
from ujumbe.store.database import Tx

LOCK = "sign-in tries"
"""Held from looking to counting: guesses that come at once are counted one after the other."""


def find(tx: Tx, subject: str) -> Tries | None:
    """What stands against `subject`, e.g. `name:asha`."""
    row = tx.one("sign_in_tries.find", subject=_hash(subject))
    return None if row is None else Tries(row["failures"], row["last_at"])


def put(tx: Tx, subject: str, tries: Tries) -> None:
    """Keep what stands against `subject` now."""
    tx.run("sign_in_tries.put", subject=_hash(subject), failures=tries.failures, last=tries.last)


def clear(tx: Tx, subject: str) -> None:
    """Nothing stands against `subject` any more."""
    tx.run("sign_in_tries.clear", subject=_hash(subject))


def forget(tx: Tx, before: int) -> int:
    """Delete what last failed before that moment; how many."""
    return tx.run("sign_in_tries.forget", before=before)


def _hash(subject: str) -> bytes:
    return hashlib.sha256(subject.encode("utf-8", "replace")).digest()
