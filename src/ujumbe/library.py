"""The two functions that a script needs: `send_bulk_sms` and `send_twoway_sms`, over one shared client.

They keep no record. To know later who got what, run the service.
"""

import asyncio
import atexit
import os
import random
import threading
from collections import deque
from collections.abc import Collection, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final, TypeVar

from ujumbe.africastalking import replies, verdict, wire
from ujumbe.africastalking.client import CONNECT_SECONDS, READ_SECONDS, AfricasTalking
from ujumbe.africastalking.errors import NotTakenError, ProviderError, Taken
from ujumbe.domain import phone, retry, text
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.money import Money
from ujumbe.domain.outcome import Verdict
from ujumbe.settings import Settings

LONGEST_WAIT: Final = 60.0
"""Seconds between two tries: a caller is waiting."""

_T = TypeVar("_T")
Reply = dict[str, Any]


class PartlySentError(ProviderError):
    """A send of more than one call broke in the middle: `reply` holds what AT answered until then.

    `unsent` are the numbers that AT surely did not take; `unclear` those of the call that broke, where it
    may have taken them. Only `unsent` may be sent again without texting somebody twice.
    """

    def __init__(self, cause: ProviderError, reply: Reply, unsent: list[str], unclear: list[str]) -> None:
        done = len(reply["SMSMessageData"]["Recipients"])
        super().__init__(f"{cause} ({done:,} recipients were answered before)", http_status=cause.http_status)
        self.taken = cause.taken
        self.reply = reply
        self.unsent = unsent
        self.unclear = unclear


def send_bulk_sms(
    message: str,
    recipients: Sequence[str],
    *,
    sender_id: str | None = None,
    retries: int = 0,
    timeout: float = READ_SECONDS,
) -> Reply:
    """Send `message` to every number of `recipients` (E.164, e.g. `+254711000111`); return AT's reply as a dict.

    One call carries up to 1,000 numbers; the replies of several are merged into one of the same shape. A number
    that is listed twice is texted once. `sender_id` defaults to `AT_SENDER_ID`. `retries` repeats, with growing
    pauses, only what AT surely did not take: calls that never reached it or met HTTP 429, and recipients answered
    405, 500, 501 or 502 without an id. `timeout` is the wait for an answer, in seconds.

    Raises `ValueError` for an empty message, an empty list or a bad number (nothing is sent then), `SettingsError`
    (a `ValueError`) naming a missing `AT_USERNAME` or `AT_API_KEY`, `ProviderError` where AT gave no usable reply
    (its class says whether it may have taken the message) and `PartlySentError` where only some calls got one.
    Settings are read at each call. Usable from any thread, and inside a running event loop, which it blocks.
    """
    if isinstance(recipients, str) or not isinstance(recipients, Iterable):
        raise InvalidInputError("recipients", "Recipients must be a list of numbers, not one string")
    numbers = tuple(dict.fromkeys(_number(each, "recipients") for each in recipients))
    if not numbers:
        raise InvalidInputError("recipients", "Recipients list cannot be empty")
    settings = Settings.load()
    sender = settings.at_sender_id if sender_id is None else sender_id
    return _send(settings, wire.Outgoing(numbers, text.check(message), sender=sender), retries, timeout)


def send_twoway_sms(
    message: str,
    recipient: str,
    shortcode: str | None = None,
    *,
    retries: int = 0,
    timeout: float = READ_SECONDS,
) -> Reply:
    """Send `message` to one number from a short code, so that it can be answered; return AT's reply as a dict.

    `shortcode` defaults to `AT_SHORTCODE`. Where neither is given the text goes out from AT's own sender, a name that
    cannot be answered. For the rest see `send_bulk_sms`.
    """
    settings = Settings.load()
    outgoing = wire.Outgoing(
        (_number(recipient, "recipient"),),
        text.check(message),
        mode=wire.Mode.TWO_WAY,
        sender=settings.at_shortcode if shortcode is None else shortcode,
    )
    return _send(settings, outgoing, retries, timeout)


def _number(given: str, field: str) -> str:
    if not isinstance(given, str):
        raise InvalidInputError(field, "Invalid recipient format: a number is a string, as in '+254711000111'")
    try:
        return phone.parse(given, field=field)
    except InvalidInputError as error:
        raise InvalidInputError(field, f"Invalid recipient format: {error}") from None


def _send(settings: Settings, outgoing: wire.Outgoing, retries: int, read_timeout: float) -> Reply:
    settings.require("at_username", "at_api_key")
    if retries < 0:
        raise InvalidInputError("retries", "retries must be 0 or more")
    if read_timeout <= 0:
        raise InvalidInputError("timeout", "timeout must be more than 0 seconds")
    return _background.run(_send_all(settings, outgoing, retries, read_timeout))


async def _send_all(settings: Settings, outgoing: wire.Outgoing, retries: int, read_timeout: float) -> Reply:
    client = await _background.client(settings, read_timeout)
    most = wire.MOST_RECIPIENTS
    calls = deque((outgoing.to[start : start + most], 1) for start in range(0, len(outgoing.to), most))
    answers: list[replies.SendReply] = []
    answered: set[str] = set()
    while calls:
        numbers, tries = calls.popleft()
        wait = min(retry.delay(tries, random.random()), LONGEST_WAIT)
        try:
            reply = await client.send(replace(outgoing, to=numbers))
        except NotTakenError as error:
            if tries <= retries:
                await asyncio.sleep(max(wait, min(error.retry_after or 0.0, LONGEST_WAIT)))
                calls.appendleft((numbers, tries + 1))
            elif not answered.issuperset(numbers):
                raise _partly(error, answers, answered, numbers, calls) from error
            # else: a repeat that never got through; what AT said of these numbers before still holds
        except ProviderError as error:
            raise _partly(error, answers, answered, numbers, calls) from error
        else:
            answers.append(reply)
            answered.update(numbers)
            again = _refused_for_now(numbers, reply)
            if again and tries <= retries:
                await asyncio.sleep(wait)
                calls.appendleft((again, tries + 1))
    return _merge(answers, len(answered))


def _partly(
    error: ProviderError,
    answers: Sequence[replies.SendReply],
    answered: Collection[str],
    numbers: Sequence[str],
    calls: Collection[tuple[Sequence[str], int]],
) -> ProviderError:
    """The error to raise when the call for `numbers` broke and `calls` were still to come."""
    if not answers and (not calls or error.taken is not Taken.MAYBE):
        return error  # what it says of this call holds for all of them
    reply = _merge(answers, len(answered))
    unsent = [number for rest, _ in calls for number in rest]
    if error.taken is Taken.MAYBE:
        return PartlySentError(error, reply, unsent, list(numbers))
    return PartlySentError(error, reply, [*numbers, *unsent], [])


def _refused_for_now(numbers: Sequence[str], reply: replies.SendReply) -> tuple[str, ...]:
    judged = zip(numbers, verdict.judge(numbers, reply), strict=True)
    return tuple(number for number, (line, outcome) in judged if line is not None and outcome.retryable)


def _merge(answers: Sequence[replies.SendReply], asked: int) -> Reply:
    """The answers about `asked` numbers as one of AT's shape: the last word on each, in the order of asking."""
    if len(answers) == 1:
        return dict(answers[0].raw)
    rows: dict[str, Any] = {}
    taken: dict[str, bool] = {}
    for reply in answers:
        for row, line in zip(reply.raw["SMSMessageData"]["Recipients"], reply.recipients, strict=True):
            rows[line.number] = row
            taken[line.number] = line.outcome.verdict is Verdict.TAKEN
    totals = [reply.total for reply in answers if reply.total is not None]
    summary = f"Sent to {sum(taken.values())}/{asked}{_total(totals)}" if rows or not answers else answers[0].summary
    return {"SMSMessageData": {"Message": summary, "Recipients": list(rows.values())}}


def _total(totals: Iterable[Money]) -> str:
    """The cost part of AT's summary; left out where AT gave none or changed the currency between calls."""
    known = list(totals)
    charged = [each for each in known if each.micros]
    if not known or len({each.currency for each in charged}) > 1:
        return ""
    return f" Total Cost: {sum(charged, Money(0, ''))}"


class _Background:
    """One event loop in one daemon thread, with one client an account: made on the first call, kept till exit."""

    def __init__(self) -> None:
        self._inherited: list[object] = []
        os.register_at_fork(after_in_child=self._forked)
        self._fresh()

    def _forked(self) -> None:
        # A forked child (gunicorn, multiprocessing) has the loop but not its thread: it starts afresh. It must not
        # even collect what it inherited: closing its copies would take the parent's sockets out of the epoll that
        # both share, and the parent's next call would wait for an answer that it cannot see.
        self._inherited.append((self._loop, self._clients))
        self._fresh()

    def _fresh(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: dict[tuple[str, str, str, float], AfricasTalking] = {}

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        future: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def client(self, settings: Settings, read_timeout: float) -> AfricasTalking:
        secret = settings.at_api_key.get_secret_value()
        key = (settings.at_username, secret, settings.at_api_url, read_timeout)
        if key not in self._clients:
            client = AfricasTalking(
                settings.at_username,
                secret,
                api_url=settings.at_api_url,
                connect_timeout=min(CONNECT_SECONDS, read_timeout),
                read_timeout=read_timeout,
            )
            self._clients[key] = await client.__aenter__()
        return self._clients[key]

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="ujumbe-library", daemon=True)
                self._thread.start()
                atexit.register(self._stop)
            return self._loop

    def _stop(self) -> None:
        # A forked child that has called too is registered twice, once through its parent.
        loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._close(), loop).result(timeout=CONNECT_SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(timeout=CONNECT_SECONDS)
            loop.close()

    async def _close(self) -> None:
        for client in self._clients.values():
            await client.__aexit__()
        self._clients.clear()


_background = _Background()
