"""The key of the marks that stand in place of erased numbers. While there is none, nobody was ever erased."""

import secrets
from collections.abc import Iterable
from typing import Final

from ujumbe.domain import erased
from ujumbe.store.database import Tx

KEY_BYTES: Final = 32


def find(tx: Tx) -> bytes | None:
    """The key; None while nobody was ever erased. One row by its key: cheap enough for every transaction."""
    rows = tx.tuples("erasure.key")
    return bytes(rows[0][0]) if rows else None


def make(tx: Tx) -> bytes:
    """The key, made where there is none."""
    if find(tx) is None:
        tx.run("erasure.make_key", key=secrets.token_bytes(KEY_BYTES), now=tx.now)
    key = find(tx)
    assert key is not None
    return key


def with_marks(tx: Tx, numbers: Iterable[str]) -> dict[str, str]:
    """These numbers by what they may stand under: themselves, and their marks where somebody was ever erased."""
    given = list(numbers)
    names = {each: each for each in given}
    key = find(tx) if given else None
    return names if key is None else names | {erased.mark(key, each): each for each in given}


def marks(tx: Tx, numbers: Iterable[str]) -> dict[str, str]:
    """The same with the marks alone."""
    key = find(tx)
    return {} if key is None else {erased.mark(key, each): each for each in numbers}
