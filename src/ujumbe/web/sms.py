"""The seeds' routes under /sms: status, two ways to send at once, and AT's four callbacks. Raw ASGI, for speed."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import structlog

from ujumbe.africastalking import replies, verdict
from ujumbe.africastalking.callbacks import Kind
from ujumbe.africastalking.errors import ProviderError, Taken
from ujumbe.africastalking.form import fields
from ujumbe.domain import phone, text
from ujumbe.domain.errors import InvalidInputError, StoreUnavailableError, UjumbeError
from ujumbe.domain.outcome import Verdict
from ujumbe.flows import delivery, door, sending
from ujumbe.flows.sending import PausedError
from ujumbe.runtime import Runtime
from ujumbe.store.api_keys import Scope as KeyScope
from ujumbe.store.batches import Batch, Source
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.web.asgi import (
    BodyTooLargeError,
    ClientGoneError,
    Receive,
    Scope,
    Send,
    came_through_a_proxy,
    header,
    read_body,
    respond,
)
from ujumbe.web.auth import authorize, token_opens
from ujumbe.web.problems import Problem

DEFAULT_MESSAGE: Final = "Hello from Africa's Talking!"
LARGEST_BODY: Final = 64 * 1024
"""Bytes. AT's callbacks are below 2 KB; the longest text, percent-encoded, is below 20."""

TEXT: Final = b"text/plain; charset=utf-8"
JSON: Final = b"application/json"
INVOKE: Final = {"invoke-bulk-sms": "bulk", "invoke-twoway-sms": "two_way"}
CALLBACKS: Final = {kind.value: kind for kind in Kind}

log = structlog.get_logger()


class SmsRoutes:
    """The ASGI app for everything under /sms."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tokens = runtime.settings.tokens
        self._guarded = bool(self._tokens) or runtime.settings.open_callbacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever is wrong with it has an answer too."""
        path, method = scope["path"].removeprefix("/sms").strip("/"), scope["method"]
        name, _, tail = path.partition("/")
        kind = CALLBACKS.get(name) if "/" not in tail else None
        try:
            if path == "" and method in ("GET", "HEAD"):
                await respond(send, 200, JSON, b'{"service": "sms", "status": "ready"}', head=method == "HEAD")
            elif path in INVOKE and method in ("GET", "POST"):
                await self._invoke(INVOKE[path], scope, receive, send)
            elif kind is not None and method == "POST":
                await self._callback(kind, tail, scope, receive, send)
            elif path == "" or path in INVOKE or kind is not None:
                allowed = "POST" if kind is not None else "GET, HEAD" if path == "" else "GET, POST"
                raise Problem("method-not-allowed", f"Use {allowed} here", headers={"Allow": allowed})
            else:
                raise Problem("not-found", "There is no such address under /sms")
        except BodyTooLargeError:
            raise Problem("too-large", f"The body may have {LARGEST_BODY:,} bytes") from None
        except ClientGoneError:
            log.info("client went away", path=name)

    async def _invoke(self, mode: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Submit one text at once and answer with AT's own reply."""
        runtime = self._runtime
        try:
            key = await authorize(runtime, header(scope, b"authorization"), KeyScope.SEND)
        except Problem as problem:
            headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
            await respond(send, problem.status, JSON, _json({"error": problem.detail}), *headers)
            return
        except StoreUnavailableError as error:
            await respond(send, 503, JSON, _json(_not_stored(error)))
            return
        body = await read_body(scope, receive, LARGEST_BODY)
        form = fields(body, scope["query_string"], header(scope, b"content-type"))
        try:
            number, message = _what_to_send(form, runtime.settings.default_country)
        except InvalidInputError as error:
            await respond(send, 400, JSON, _json({"error": str(error)}))
            return
        sender = runtime.settings.at_sender_id if mode == "bulk" else runtime.settings.at_shortcode
        batch = Batch(runtime.account, Source.INVOKE, mode, sender, message, api_key=key.id if key else None)
        # Shielded: whatever becomes of this request, the submit goes on to its record.
        status, answer = await asyncio.shield(runtime.start(self._submit(batch, number)))
        await respond(send, status, JSON, _json(answer))

    async def _submit(self, batch: Batch, number: str) -> tuple[int, dict[str, Any]]:
        """Accept, submit, record: the status and body of the answer."""
        async with self._runtime.at_once:
            return await self._submit_now(batch, number)

    async def _submit_now(self, batch: Batch, number: str) -> tuple[int, dict[str, Any]]:
        runtime = self._runtime
        try:
            call = await runtime.db.write(sending.accept_now, batch, number, runtime.limits)
            runtime.metrics.accepted.labels(batch.source).inc()
        except StoreUnavailableError as error:
            return 503, _not_stored(error)
        if call is None:
            return 200, _answer(number, _opted_out(number))
        if isinstance(call, PausedError):
            return 500, {"error": str(call)}
        try:
            reply = await sending.submit(runtime.record, runtime.client, call)
        except ProviderError as error:
            advice = "; it will not be sent again by itself" if error.taken is Taken.MAYBE else ""
            return 500, {"error": f"{error}{advice}"}
        return 200, _answer(number, reply)

    async def _callback(self, kind: Kind, tail: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep a callback, apply it, answer after the commit."""
        runtime = self._runtime
        token, query = _split_token(scope["query_string"])
        if why := self._barred(tail, token, scope):
            client = (scope.get("client") or ("",))[0]
            log.warning("a callback was refused", kind=kind, why=why, client=client)
            runtime.metrics.callbacks_refused.labels(kind).inc()
            raise Problem("not-found", "There is no such address under /sms")
        body = await read_body(scope, receive, LARGEST_BODY)
        raw = Raw(kind, query, header(scope, b"content-type")[:200], body)
        answer = await self._take(kind, raw)
        await respond(send, 400 if answer == b"BAD" else 200, TEXT, answer)

    def _barred(self, tail: str, token: str, scope: Scope) -> str:
        """Why this callback may not come in; empty where it may."""
        if not token_opens(tail or token, self._tokens) or (tail and not self._tokens):
            return "its token is wrong or missing"
        if not self._guarded and came_through_a_proxy(scope):
            return "it came through a proxy and no token is set: set UJUMBE_CALLBACK_TOKEN"
        return ""

    async def _take(self, kind: Kind, raw: Raw) -> bytes:
        """Store and apply a callback; the answer to it. One that we cannot apply is kept aside, and answered too."""
        runtime = self._runtime
        fate, answer = Fate.BROKEN, b"OK"
        try:
            try:
                fate, answer = await self._apply(kind, raw)
            except StoreUnavailableError:
                raise
            except Exception as error:
                log.exception("a callback could not be applied; it is kept aside", kind=kind)
                why = str(error) if isinstance(error, UjumbeError) else type(error).__name__
                await runtime.db.write(door.keep_aside, runtime.account, raw, why)
                answer = door.answer(raw)
        except StoreUnavailableError as error:
            log.warning("a callback could not be stored", kind=kind, why=str(error))
            detail = "The database cannot take the callback now"
            raise Problem("unavailable", detail, headers={"Retry-After": "5"}) from None
        runtime.metrics.received(kind, fate)
        return answer

    async def _apply(self, kind: Kind, raw: Raw) -> tuple[Fate, bytes]:
        runtime = self._runtime
        if kind is Kind.REPORT:
            received = delivery.read(raw, runtime.settings.default_country)
            fate = await runtime.door.reports(received)
            if fate is Fate.WAITING:
                # Its send may have been recorded at the same moment, or its id may never have been learnt. It is
                # stored in any case: should this fail, upkeep looks again.
                with suppress(StoreUnavailableError):
                    await runtime.door.strays(received.report)
            return fate, b"OK"
        if kind is Kind.INCOMING:
            heard = await runtime.door.incoming(raw)
            runtime.tasks_due.set()
            if heard.rule:
                runtime.metrics.texts.labels(heard.rule).inc()
            if heard.replied:
                runtime.metrics.accepted.labels(Source.REPLY).inc()
            log.info("incoming text", fate=heard.fate, complete=heard.complete, auto_reply=heard.replied)
            return heard.fate, b"GOOD" if heard.complete else b"BAD"
        fate = await runtime.door.notices[kind](raw)
        log.info("notice", kind=kind, fate=fate)
        return fate, b"OK"


def _what_to_send(form: Mapping[str, str], default_country: str) -> tuple[str, str]:
    """The number and the text of an invoke request. Raises `InvalidInputError`."""
    if not form.get("phone", "").strip(" +"):
        raise InvalidInputError("phone", "Missing 'phone' query parameter")
    try:
        number = phone.parse_query(form["phone"], default_country=default_country)
    except InvalidInputError as error:
        raise InvalidInputError("phone", f"Invalid 'phone' query parameter: {error}") from None
    return number, text.check(form.get("message", DEFAULT_MESSAGE).strip())


def _answer(number: str, reply: replies.SendReply) -> dict[str, Any]:
    """The seeds' answer around AT's reply, which is given as it is; the words say what it means."""
    [(_, outcome)] = verdict.judge([number], reply)
    if outcome.verdict is Verdict.TAKEN:
        told = f"SMS sent to {number}"
    elif outcome.verdict is Verdict.UNCERTAIN:
        told = f"SMS may have been sent to {number}: {outcome.meaning}. It will not be sent again by itself"
    else:
        told = f"SMS not sent to {number}: {outcome.name or outcome.meaning}"
    return {"message": told, "response": dict(reply.raw)}


def _not_stored(error: StoreUnavailableError) -> dict[str, str]:
    log.warning("a send could not be stored", why=str(error))
    return {"error": "The database cannot take the message now; nothing was sent. Try again."}


def _opted_out(number: str) -> replies.SendReply:
    """What AT answers for a number that has opted out (recorded shape); here AT was not asked."""
    line = {"cost": "0", "messageId": "None", "number": number, "status": "UserInBlacklist", "statusCode": 406}
    document = {"SMSMessageData": {"Message": "Sent to 0/1 Total Cost: 0", "Recipients": [line]}}
    return replies.read_send(_json(document))


def _split_token(query: bytes) -> tuple[str, bytes]:
    """The callback token, and the query without it: a secret is not kept with the callback."""
    if b"token" not in query:
        return "", query
    # Latin-1 both ways brings every byte through, whatever the rest is encoded in.
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    rest = [pair for pair in pairs if pair[0] != "token"]
    token = next((value for name, value in pairs if name == "token"), "")
    return token, urlencode(rest, encoding="latin-1").encode("ascii")


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
