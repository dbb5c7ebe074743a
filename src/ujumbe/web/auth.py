"""Who may do what: API keys on requests, tokens on callbacks."""

import hmac
import time
from collections.abc import Sequence
from typing import Final

from ujumbe.runtime import Runtime
from ujumbe.store import api_keys
from ujumbe.store.api_keys import ApiKey, Scope
from ujumbe.web.problems import Problem

KNOWN_SECONDS: Final = 1.0


async def authorize(runtime: Runtime, authorization: str, scope: Scope) -> ApiKey | None:
    """The key of an `Authorization: Bearer …` header, if it covers `scope`; None where no key is needed.

    Raises a `Problem`: 401 without a usable key, 403 where it lacks the scope.
    """
    if runtime.keyless:
        return None
    kind, _, secret = authorization.partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise Problem(
            "unauthorized",
            "Send `Authorization: Bearer <key>`; `ujumbe keys create` makes a key",
            headers={"WWW-Authenticate": "Bearer"},
        )
    key = await _find(runtime, secret.strip())
    if key is None:
        raise Problem(
            "unauthorized",
            "This API key is unknown or was revoked",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    if not key.allows(scope):
        raise Problem("forbidden", f"The key has no scope `{scope}`; `ujumbe keys create --scopes {scope}` makes one")
    return key


async def _find(runtime: Runtime, secret: str) -> ApiKey | None:
    """The key that `secret` is: looked up at most once a second, which is also how soon a revoked one is refused."""
    now = time.monotonic()
    known = runtime.known_keys.get(secret)
    if known is not None and now - known[1] < KNOWN_SECONDS:
        return known[0]
    key = await runtime.db.read(api_keys.find, secret)
    if key is not None:  # a wrong one is looked up each time: nobody fills our memory with guesses
        runtime.known_keys[secret] = (key, now)
    else:
        runtime.known_keys.pop(secret, None)
    return key


def token_opens(given: str, tokens: Sequence[str]) -> bool:
    """Whether a callback's token is one of ours, compared in constant time. Without tokens all is open."""
    if not tokens:
        return True
    offered = given.encode("utf-8", "replace")
    # Every token is compared, so that the time taken does not tell which one came near.
    matches = [hmac.compare_digest(offered, token.encode()) for token in tokens]
    return any(matches)
