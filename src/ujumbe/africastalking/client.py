"""The one object that talks to AT. It never repeats a call by itself: that is decided where the records are."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self, TypeVar

import aiohttp
from aiohttp.connector import Connection

from ujumbe.africastalking import replies, wire
from ujumbe.africastalking.errors import CredentialsError, MaybeTakenError, NotTakenError, RefusedError
from ujumbe.domain.money import Money
from ujumbe.domain.text import storable

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
TRICKLE_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 3.0
"""How long an unused connection is kept. Shorter than the usual servers do (5 s and up), because a request on
a connection that the server is just closing ends as "maybe taken"."""
MOST_REPLY_BYTES: Final = 8 << 20
"""A reply for a thousand recipients is about 150 KB."""
MOST_KEPT: Final = 2_000
"""Characters of a strange reply that errors keep for the record."""

_T = TypeVar("_T")


class AfricasTalking:
    """AT's SMS API for one account. Open it with `async with`; safe for many calls at once on one event loop.

    Every method makes exactly one request (aiohttp repeats a GET once on a connection that the server was just
    closing; a GET changes nothing) and raises a `ProviderError` whose class says whether AT took it.
    Timeouts are in seconds; `api_url` replaces both of AT's hosts (a local AT, or a proxy).
    """

    def __init__(
        self,
        username: str,
        api_key: str,
        *,
        api_url: str = "",
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
        connections: int = 64,
    ) -> None:
        self.username = username
        self._bases = wire.bases(username, api_url)
        # A packed reply of a few kilobytes may unpack to gigabytes, and a plain one is small.
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "apiKey": api_key,
            "User-Agent": "ujumbe",
        }
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=connect_timeout, sock_read=read_timeout
        )
        # A reply that trickles in resets the read timeout with each byte: this bounds the whole of it.
        self._answer_seconds = connect_timeout + read_timeout + TRICKLE_SECONDS
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def api_base(self) -> str:
        """The base URL that sends go to: with the username it names the account."""
        return self._bases[wire.Host.API]

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=self._timeout,
            auto_decompress=False,
            request_class=_Request,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, outgoing: wire.Outgoing) -> replies.SendReply:
        """Send one text to up to a thousand numbers. A reply says nothing yet: look at each recipient's outcome."""
        status, reply = await self._exchange(wire.send(self.username, outgoing), replies.read_send)
        return reply if status == reply.http_status else replace(reply, http_status=status)

    async def fetch_inbox(self, last_received_id: int = 0) -> list[replies.InboxMessage]:
        """Fetch incoming texts after `last_received_id`; call again with the highest id until none comes."""
        return await self._call(wire.fetch_inbox(self.username, last_received_id), replies.read_inbox)

    async def fetch_balance(self) -> Money:
        """Fetch the account's balance, which may be negative."""
        return await self._call(wire.application_data(self.username), replies.read_balance)

    async def fetch_subscriptions(
        self, short_code: str, keyword: str, last_received_id: int = 0
    ) -> list[replies.Subscriber]:
        """Fetch the subscribers of a premium product, paged as `fetch_inbox` is."""
        request = wire.list_subscriptions(self.username, short_code, keyword, last_received_id)
        return await self._call(request, replies.read_subscriptions)

    async def create_subscription(self, short_code: str, keyword: str, number: str) -> replies.SubscriptionChange:
        """Subscribe `number`; the subscriber confirms on the handset, and AT's notification tells the end."""
        request = wire.create_subscription(self.username, short_code, keyword, number)
        return await self._call(request, replies.read_subscription_change)

    async def delete_subscription(self, short_code: str, keyword: str, number: str) -> replies.SubscriptionChange:
        """End the subscription of `number`."""
        request = wire.delete_subscription(self.username, short_code, keyword, number)
        return await self._call(request, replies.read_subscription_change)

    async def _call(self, request: wire.Request, read: Callable[[bytes], _T]) -> _T:
        return (await self._exchange(request, read))[1]

    async def _exchange(
        self, request: wire.Request, read: Callable[[bytes], _T], connections_left: int = 3
    ) -> tuple[int, _T]:
        """One request. The exceptions are sorted by one rule: before the request left, it was not taken."""
        if self._session is None:
            raise RuntimeError("AfricasTalking is not open; use `async with`")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if request.form is not None else None
        try:
            async with (
                asyncio.timeout(self._answer_seconds),
                self._session.request(
                    request.method,
                    self._bases[request.host] + request.target,
                    data=request.body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                body = await _read(response)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientConnectorCertificateError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as error:
            raise NotTakenError(f"Africa's Talking could not be reached ({_cause(error)}); it took nothing") from None
        except _SpoiltConnectionError:
            if connections_left:
                return await self._exchange(request, read, connections_left - 1)
            raise NotTakenError("Africa's Talking answers before it is asked; nothing was sent to it") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Not chained: aiohttp's own error holds the request with its API key, for whoever logs it in full.
            raise MaybeTakenError(
                f"Africa's Talking gave no answer ({_cause(error)}); it may have taken the request"
            ) from None
        return status, _judge(status, retry_after, body, read)


class _SpoiltConnectionError(Exception):
    """Something came on a kept connection that nobody had asked for; no request was written to it."""


class _Request(aiohttp.ClientRequest):
    """A request that does not go out where the server has already spoken: that would be read as its answer."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            raise _SpoiltConnectionError
        return await super().send(conn)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = await response.content.read(MOST_REPLY_BYTES)
    while len(body) < MOST_REPLY_BYTES and (more := await response.content.read(MOST_REPLY_BYTES - len(body))):
        body += more
    return body


def _judge(status: int, retry_after: str, body: bytes, read: Callable[[bytes], _T]) -> _T:
    text = storable(body[:MOST_KEPT].decode("utf-8", "replace"))
    if status in (200, 201):
        try:
            return read(body)
        except replies.UnreadableReplyError as error:
            raise MaybeTakenError(
                f"Africa's Talking answered {status}, but {error}; it may have taken the request",
                http_status=status,
                body=text,
            ) from error
    if status == 429:
        seconds = float(retry_after) if retry_after.isdecimal() else None
        raise NotTakenError(
            "Africa's Talking asks for fewer requests (429); it took nothing",
            http_status=429,
            body=text,
            retry_after=seconds,
        )
    if status == 401:
        raise CredentialsError(
            "Africa's Talking refused the username or API key (401): check AT_USERNAME and AT_API_KEY, and that "
            "both are of the same environment; a new key starts working after some minutes",
            http_status=401,
            body=text,
        )
    if 400 <= status < 500 and status != 408:
        raise RefusedError(f"Africa's Talking refused the request ({status})", http_status=status, body=text)
    raise MaybeTakenError(
        f"Africa's Talking failed ({status}); it may have taken the request", http_status=status, body=text
    )


def _cause(error: BaseException) -> str:
    """The system's word for the failure, else its kind; never the URL, whose query may hold names."""
    kind = type(error).__name__.removesuffix("Error")
    # Of an error and its cause the cause speaks for the system; aiohttp's own words may quote the URL.
    inner = getattr(error, "os_error", None) or error.__cause__ or error
    word = getattr(inner, "strerror", None)
    return str(word) if word else kind
