"""Who may do what: API keys on requests, tokens on callbacks."""

import hmac
from collections.abc import Sequence

from ujumbe.runtime import Runtime
from ujumbe.store import api_keys
from ujumbe.store.api_keys import ApiKey, Scope
from ujumbe.web.problems import Problem


async def authorize(runtime: Runtime, authorization: str, scope: Scope, *, known: bool = False) -> ApiKey | None:
    """The key of an `Authorization: Bearer …` header, if it covers `scope`; None where no key is needed.

    `known` takes one that was looked up before, where the transaction itself sees to keys that were revoked since.
    Raises a `Problem`: 401 without a usable key, 403 where it lacks the scope.
    """
    if runtime.keyless:
        return None
    kind, _, secret = authorization.partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        raise Problem(
            "unauthorized",
            "Send `Authorization: Bearer <key>`; `ujumbe keys create` makes a key",
            headers={"WWW-Authenticate": "Bearer"},
        )
    key = runtime.known_keys.get(secret) if known else None
    if key is None:
        key = await runtime.db.read(api_keys.find, secret)
        if key is None:
            runtime.known_keys.pop(secret, None)
            raise refused()
        runtime.known_keys[secret] = key
    if not key.allows(scope):
        raise Problem("forbidden", f"The key has no scope `{scope}`; `ujumbe keys create --scopes {scope}` makes one")
    return key


def refused() -> Problem:
    """What is answered to a key that does not count."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Problem("unauthorized", "This API key is unknown or was revoked", headers=challenge)


def token_opens(given: str, tokens: Sequence[str]) -> bool:
    """Whether a callback's token is one of ours, compared in constant time. Without tokens all is open."""
    if not tokens:
        return True
    offered = given.encode("utf-8", "replace")
    # Every token is compared, so that the time taken does not tell which one came near.
    matches = [hmac.compare_digest(offered, token.encode()) for token in tokens]
    return any(matches)
