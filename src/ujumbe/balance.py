"""The balance at Africa's Talking, as it was last told: pages show it, and none of them waits for AT."""

import asyncio
import time
from typing import Final

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain.money import Money

FRESH_SECONDS: Final = 180.0
"""It is asked for again so often at most, and only while somebody looks."""


class Balance:
    """What one process knows of the balance of its account."""

    def __init__(self, client: AfricasTalking) -> None:
        self._client = client
        self._asked_at = -FRESH_SECONDS
        self._asking: asyncio.Task[None] | None = None
        self.amount: Money | None = None
        """What it was; None before it was first told."""
        self.told_at = 0
        """When that was (epoch milliseconds)."""
        self.trouble = ""
        """Why AT did not tell it the last time; empty where it did."""

    def look(self) -> None:
        """Ask AT, unless that was done a moment ago; the answer is there for who looks next."""
        if self._asking is None and time.monotonic() - self._asked_at >= FRESH_SECONDS:
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask())

    def told(self, amount: Money) -> None:
        """Note what AT told."""
        self.amount, self.told_at, self.trouble = amount, time.time_ns() // 1_000_000, ""
        self._asked_at = time.monotonic()

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _ask(self) -> None:
        try:
            self.told(await self._client.fetch_balance())
        except ProviderError as error:
            self.trouble = str(error)
        finally:
            self._asking = None
