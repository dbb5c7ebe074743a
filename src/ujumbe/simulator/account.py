"""The one account: who may call, which senders it has, its money, its tokens."""

from __future__ import annotations

import hmac
import secrets
import uuid

from ujumbe.simulator import akka
from ujumbe.simulator.config import SimulatorConfig
from ujumbe.simulator.exchange import Request
from ujumbe.simulator.faults import DEFAULT_BALANCE
from ujumbe.simulator.fields import json_text, read_json, required_form, required_query
from ujumbe.simulator.pricing import Money
from ujumbe.simulator.store import Store, now_ms

DEFAULT_SENDER = "AFRICASTKNG"
"""What AT sends from when a request names nobody (documented)."""

TOKEN_SECONDS = 3600
"""Lifetime of an auth token (official SDKs)."""

CHECKOUT_WINDOW_MS, CHECKOUT_LIMIT = 300_000, 2
CHECKOUT_LIFE_MS = 600_000
"""Two checkout tokens per five minutes and address, each good for ten minutes (documented)."""


class Account:
    """The account of the simulator's configuration. Its balance is kept in the store and mirrored here."""

    def __init__(self, config: SimulatorConfig, store: Store) -> None:
        self.config = config
        self._store = store
        kept = store.setting("balance")
        self.balance = DEFAULT_BALANCE if kept is None else Money.parse(kept)

    def senders(self, added: tuple[str, ...]) -> tuple[str, ...]:
        """List the sender ids it may send from, `added` being those of the knob, without repeats."""
        own = (self.config.short_code, self.config.sender_id, DEFAULT_SENDER, *added)
        return tuple(dict.fromkeys(sender for sender in own if sender))

    def require_credentials(self, request: Request) -> None:
        """Raise the 401 for a request without credentials, before its body is looked at (akka's order, assumed)."""
        if request.header(b"apikey") is None and request.header(b"authtoken") is None:
            raise akka.no_credentials()

    def authenticate(self, request: Request, username: str) -> None:
        """Raise the 401 unless key (or token, assumed) and username are this account's; header names in any case."""
        self.require_credentials(request)
        key = request.header(b"apikey")
        if key is not None:
            known = hmac.compare_digest(key.encode(), self.config.api_key.encode())
        else:
            known = self._has_token("auth", request.header(b"authtoken") or "", TOKEN_SECONDS * 1000)
        if not known or username != self.config.username:
            raise akka.wrong_credentials()

    def set_balance(self, balance: Money) -> None:
        """Replace the balance, and with it the account's currency."""
        self.balance = balance
        self._store.keep("balance", str(balance))

    def charge(self, amount: int) -> None:
        """Take ten-thousandths of the account's currency; the caller has seen that they are there."""
        if amount:
            self.set_balance(Money(self.balance.currency, self.balance.amount - amount))

    def forget(self) -> None:
        """Return to the default balance, which a reset store has."""
        self.balance = DEFAULT_BALANCE

    def user_data(self, request: Request) -> dict[str, object]:
        """Answer `GET /version1/user` (recorded key and decimals)."""
        self.authenticate(request, required_query(request, "username")["username"])
        return {"UserData": {"balance": str(self.balance)}}

    def auth_token(self, request: Request) -> dict[str, object]:
        """Answer `POST /auth-token/generate` with a token for an hour (official SDKs)."""
        self.require_credentials(request)
        self.authenticate(request, json_text(read_json(request), "username"))
        token = f"ATAuth_{secrets.token_hex(32)}"
        self._keep_token("auth", token, request.client)
        return {"lifetimeInSeconds": TOKEN_SECONDS, "token": token}

    def checkout_token(self, request: Request) -> dict[str, object]:
        """Answer `POST /checkout/token/create`, which needs no key and is throttled by address (documented)."""
        required_form(request, "phoneNumber")
        since = now_ms() - CHECKOUT_WINDOW_MS
        found = self._store.row(
            "SELECT count(*) FROM tokens WHERE kind = 'checkout' AND client = ? AND at > ?", request.client, since
        )
        if found and found[0] >= CHECKOUT_LIMIT:
            return {"description": "Too many requests in the current window", "token": "None"}
        token = f"CkTkn_{uuid.uuid4()}"
        self._keep_token("checkout", token, request.client)
        return {"description": "Success", "token": token}

    def has_checkout_token(self, token: str) -> bool:
        """Whether a checkout token was given out here and is still good."""
        return self._has_token("checkout", token, CHECKOUT_LIFE_MS)

    def _keep_token(self, kind: str, token: str, client: str) -> None:
        with self._store.transaction():
            self._store.run("DELETE FROM tokens WHERE at < ?", now_ms() - TOKEN_SECONDS * 1000)
            self._store.run("INSERT INTO tokens VALUES (?, ?, ?, ?)", token, kind, client, now_ms())

    def _has_token(self, kind: str, token: str, life_ms: int) -> bool:
        return (
            self._store.row(
                "SELECT 1 FROM tokens WHERE token = ? AND kind = ? AND at > ?", token, kind, now_ms() - life_ms
            )
            is not None
        )
