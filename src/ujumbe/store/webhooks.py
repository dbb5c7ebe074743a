"""Webhooks: whom we tell of events, which of them, and signed with what."""

import base64
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ujumbe.domain.errors import InvalidInputError
from ujumbe.store import events
from ujumbe.store.database import Row, Tx

OVERLAP_MS: Final = 24 * 3600 * 1000
"""How long the old secret signs beside a new one."""
MOST: Final = 50
"""Endpoints of one account: each is asked for at every look."""
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
"""As Standard Webhooks has it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint. Times are epoch milliseconds."""

    id: int
    url: str
    types: tuple[str, ...]
    """Empty for every type."""
    secret: str = field(repr=False)
    old_secret: str = field(repr=False)
    """Signs too until `old_until`; empty where there is none."""
    old_until: int
    position: int
    """Of events up to this number its deliveries are made."""
    failing_since: int | None
    disabled_at: int | None
    disabled_reason: str
    created_at: int

    def secrets(self, now: int) -> tuple[str, ...]:
        """What signs at this moment, the newest first."""
        return (self.secret, self.old_secret) if self.old_secret and now < self.old_until else (self.secret,)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many endpoints fail, and how many are disabled."""

    failing: int
    disabled: int


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: `whsec_` and base 64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(text: str, *, field: str) -> str:
    """A secret that somebody gives. Raises `InvalidInputError`, which does not repeat it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise InvalidInputError(field, f"a secret is {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base 64")
    return text


def create(tx: Tx, account: int, url: str, types: Collection[str]) -> Webhook | None:
    """Make an endpoint, which is told of what is committed from now on; None where there are `MOST` already."""
    if len(list_all(tx, account)) >= MOST:
        return None
    webhook, secret, listed = tx.new_id(), new_secret(), tuple(dict.fromkeys(types))
    while events.number(tx):  # what happened before is not for it
        pass
    position = events.last(tx)
    values = {"url": url, "types": json.dumps(listed), "secret": secret, "position": position}
    tx.run("webhooks.insert", id=webhook, account=account, now=tx.now, **values)
    return Webhook(webhook, url, listed, secret, "", 0, position, None, None, "", tx.now)


def list_all(tx: Tx, account: int) -> list[Webhook]:
    """Every endpoint of an account, oldest first."""
    return [_webhook(row) for row in tx.all("webhooks.list", account=account)]


def find(tx: Tx, account: int, webhook: int) -> Webhook | None:
    """One endpoint of this account."""
    row = tx.one("webhooks.find", account=account, id=webhook)
    return None if row is None else _webhook(row)


def retype(tx: Tx, account: int, webhook: int, types: Collection[str]) -> None:
    """Change which types an endpoint is told of, from what it has not been told yet; none named: every type."""
    tx.run("webhooks.retype", id=webhook, account=account, types=json.dumps(list(dict.fromkeys(types))))


def enable(tx: Tx, account: int, webhook: int) -> bool:
    """Let a disabled endpoint go on where it stood; False where it is not disabled."""
    return tx.run("webhooks.enable", id=webhook, account=account) > 0


def disable(tx: Tx, account: int, webhook: int, reason: str) -> bool:
    """Send it nothing more until somebody enables it again; False where that is so already."""
    return tx.run("webhooks.disable", id=webhook, account=account, reason=reason, now=tx.now) > 0


def rotate(tx: Tx, account: int, webhook: int) -> str | None:
    """Give an endpoint a new secret; the one before signs too for a day. None where there is no such endpoint."""
    secret = new_secret()
    values = {"id": webhook, "account": account, "secret": secret, "until": tx.now + OVERLAP_MS}
    return secret if tx.run("webhooks.rotate", **values) else None


def delete(tx: Tx, account: int, webhook: int) -> bool:
    """Delete an endpoint, its secrets at once, and what it was sent little by little; False where there is none."""
    return tx.run("webhooks.delete", id=webhook, account=account, now=tx.now) > 0


def advance(tx: Tx, webhook: Webhook, position: int) -> bool:
    """Note that deliveries are made up to `position`; False where another process was quicker, or it was deleted."""
    return tx.run("webhooks.advance", id=webhook.id, was=webhook.position, position=position) > 0


def lowest_position(tx: Tx) -> int:
    """The number up to which every endpoint of every account was told of events; as high as can be without one."""
    [[lowest]] = tx.tuples("webhooks.lowest_position")
    return events.EVER if lowest is None else int(lowest)


def succeeded(tx: Tx, webhook: int) -> None:
    """Note that a delivery succeeded."""
    tx.run("webhooks.succeeded", id=webhook)


def failed(tx: Tx, webhook: int) -> int:
    """Note that a delivery failed; since when (epoch ms) none has succeeded."""
    rows = tx.tuples("webhooks.failed", id=webhook, now=tx.now)
    return int(rows[0][0]) if rows else tx.now


def standing(tx: Tx, account: int) -> Standing:
    """How the endpoints of an account stand."""
    row = tx.all("webhooks.standing", account=account)[0]
    return Standing(int(row["failing"]), int(row["disabled"]))


def forget(tx: Tx) -> int:
    """Delete the rows of deleted endpoints whose deliveries are gone; how many there were."""
    return tx.run("webhooks.forget")


def _webhook(row: Row) -> Webhook:
    return Webhook(
        row["id"],
        row["url"],
        tuple(json.loads(row["types"])),
        row["secret"],
        row["old_secret"],
        row["old_until"],
        row["position"],
        row["failing_since"],
        row["disabled_at"],
        row["disabled_reason"],
        row["created_at"],
    )
