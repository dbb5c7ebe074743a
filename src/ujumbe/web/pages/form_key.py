"""Keys of forms: what a form does is done once, however often it is sent."""

import hashlib
import secrets
from typing import Final

LIFETIME_MS: Final = 20 * 3600 * 1000
"""What was sent with a key is remembered for 24 hours: a form that is older may not send with it."""
_BEGIN: Final = "page"


def new_key(now_ms: int) -> str:
    """An Idempotency-Key for one form, which tells when that was made."""
    return f"{_BEGIN}-{now_ms}-{secrets.token_urlsafe(16)}"


def next_key(key: str, mark: str) -> str:
    """The key of a form that was changed to `mark`: the same one whenever it is asked for.

    Who goes back to a check makes the browser ask for it again; a key by chance would let the same text go out twice.
    """
    made = key.split("-", 2)[1]
    return f"{_BEGIN}-{made}-{hashlib.sha256(f'{key} {mark}'.encode()).hexdigest()[:32]}"


def usable(key: str, now_ms: int) -> bool:
    """Whether a form with this key may still send."""
    begin, _, rest = key.partition("-")
    moment = rest.partition("-")[0]
    made = int(moment) if moment.isascii() and moment.isdigit() and len(moment) < 15 else 0
    return begin == _BEGIN and len(key) <= 60 and 0 <= now_ms - made < LIFETIME_MS
