"""Answers to requests with an Idempotency-Key, kept to be given again."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ujumbe.store.database import Tx

KEPT_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a request the same as an earlier one: the caller's key, and a hash of the parsed body."""

    account: int
    api_key: int
    """The id of the API key; 0 where none is needed."""
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given before, and whether it was to the same body."""

    document: dict[str, Any]
    same_body: bool


def find(tx: Tx, request: Request) -> Answer | None:
    """The answer that this key got within the last day."""
    row = tx.one(
        "answers.find", account=request.account, api_key=request.api_key, key=request.key, since=tx.now - KEPT_MS
    )
    if row is None:
        return None
    return Answer(json.loads(zlib.decompress(row["answer"])), row["body_hash"] == request.body_hash)


def keep(tx: Tx, request: Request, document: dict[str, Any]) -> None:
    """Keep the answer to `request`; one that is a day old gives way."""
    tx.run(
        "answers.keep",
        account=request.account,
        api_key=request.api_key,
        key=request.key,
        body_hash=request.body_hash,
        answer=_packed(json.dumps(document, separators=(",", ":")).encode()),
        now=tx.now,
    )


def hide(tx: Tx, account: int, moments: Iterable[int], number: str, mark: str) -> None:
    """Put `mark` in place of `number` in the answers of these moments (epoch ms).

    An answer was kept in the transaction that stored its messages, so it is found by the moment that both carry.
    """
    recent = sorted({each for each in moments if each > tx.now - KEPT_MS})
    for api_key, key, answer in tx.tuples("answers.of_moments", account=account, moments=recent) if recent else []:
        document = zlib.decompress(answer)
        hidden = document.replace(number.encode(), mark.encode())
        if hidden != document:
            tx.run("answers.change", account=account, api_key=api_key, key=key, answer=_packed(hidden))


def forget(tx: Tx) -> int:
    """Delete the answers that are older than a day; how many there were."""
    return tx.run("answers.forget", before=tx.now - KEPT_MS)


def _packed(document: bytes) -> bytes:
    # The fastest level: ten thousand ids in a row shrink to a fifth even so.
    return zlib.compress(document, 1)
