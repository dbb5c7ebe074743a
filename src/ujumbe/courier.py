"""Brings events to receivers: the one object that calls addresses which somebody else chose."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook
from yarl import URL

from ujumbe.domain import failure
from ujumbe.domain.address import Reach, allowed, check_url
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.text import storable
from ujumbe.flows import telling
from ujumbe.flows.dispatching import Answer
from ujumbe.settings import Settings
from ujumbe.store.clock import steady
from ujumbe.store.deliveries import LARGEST_BODY

TOTAL_SECONDS: Final = 15.0
"""For all of a request: name, connection, answer, and as much of its body as is read."""
MOST_READ: Final = 4_096
"""Bytes of an answer's body."""
IDLE_SECONDS: Final = 1.5
"""How long an unused connection is kept; shorter than the usual servers do (two seconds and up)."""
LOOKUPS: Final = 32
"""Names looked up at a time. They have threads of their own: a name server that hangs must delay nothing else."""

Lookup = Callable[[str, int], Iterable[tuple[socket.AddressFamily, str]]]
"""The addresses of a host; raises `OSError`."""


def reach_of(settings: Settings, *, dev: bool) -> Reach:
    """How far webhooks may go."""
    if settings.webhooks_private:
        return Reach.ANY
    return Reach.LOOPBACK if dev else Reach.PUBLIC


def lookup(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a host, as this machine knows them; blocks."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, str(address[0])) for family, _, _, _, address in found]


class PrivateAddressError(OSError):
    """A name leads nowhere but to addresses that webhooks may not go to."""


class Courier:
    """Posts events, signed as Standard Webhooks. Open it with `async with`; safe for many requests at once.

    Where it goes is checked twice: the URL's own words, and the addresses that its name leads to when the connection
    is made, so that a name which is changed in between changes nothing. Redirects are not followed, and no proxy of
    the environment is used.
    """

    def __init__(self, reach: Reach, *, lookup: Lookup = lookup) -> None:
        self._reach = reach
        self._lookup = lookup
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = _Resolver(self._reach, self._lookup)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "Content-Type": "application/json", "User-Agent": "ujumbe"},
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        self._resolver = resolver
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            await self._resolver.close()
            self._session = None

    async def post(self, url: str, secrets: Iterable[str], document: dict[str, Any]) -> Answer:
        """Post one event, signed with each of `secrets`. Never raises for what the receiver does."""
        began = steady()
        status, body, error = None, bytearray(), ""
        try:
            status = await self._exchange(check_url(url, self._reach), secrets, document, body)
        except InvalidInputError as refused:
            error = str(refused)
        except TimeoutError:
            error = f"no answer within {TOTAL_SECONDS:g} s"
        except aiohttp.ClientResponseError:
            error = "its answer cannot be read as HTTP"
        except (aiohttp.ClientError, OSError, ValueError) as trouble:
            error = f"it could not be reached ({_cause(trouble)})"
        if status is not None and not 200 <= status < 300:
            error = f"it answered {status}" + ("; redirects are not followed" if 300 <= status < 400 else "")
        text = storable(bytes(body).decode("utf-8", "replace"))[:LARGEST_BODY]
        return Answer(status, text, error, round((steady() - began) * 1000))

    async def _exchange(self, url: str, secrets: Iterable[str], document: dict[str, Any], body: bytearray) -> int:
        """The receiver's status; what is read of its body goes into `body`, and may end early or never."""
        if self._session is None:
            raise RuntimeError("Courier is not open; use `async with`")
        content, now = telling.body(document), datetime.now(UTC)
        signatures = [Webhook(each).sign(document["id"], now, content) for each in secrets]
        headers = {
            "webhook-id": document["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        status = None
        try:
            async with (
                asyncio.timeout(TOTAL_SECONDS),
                self._session.post(
                    URL(url, encoded=True), data=content.encode(), headers=headers, allow_redirects=False
                ) as response,
            ):
                status = response.status
                while len(body) < MOST_READ and (more := await response.content.read(MOST_READ - len(body))):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError):
            if status is None:
                raise
        return status  # the answer is in the status: that its body broke off takes nothing from it


class _Resolver(AbstractResolver):
    """Names to addresses, without those that webhooks may not go to."""

    def __init__(self, reach: Reach, lookup: Lookup) -> None:
        self._reach = reach
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(LOOKUPS, "webhook-names")

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - both are wanted
    ) -> list[ResolveResult]:
        """The addresses to try. Raises `PrivateAddressError` where every one of them is private."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._look, host, port)
        usable = [
            ResolveResult(hostname=host, host=each, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, each in found
            if allowed(ip_address(each.partition("%")[0]), self._reach)
        ]
        if found and not usable:
            raise PrivateAddressError("its name leads to a private address")
        return usable

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _look(self, host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        return list(self._lookup(host, port))


def _cause(error: BaseException) -> str:
    inner = getattr(error, "os_error", None) or error
    return str(inner) if isinstance(inner, PrivateAddressError) else failure.cause(error)
