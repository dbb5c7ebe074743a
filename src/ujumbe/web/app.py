"""The whole HTTP side as one ASGI app: what stands in front, and who answers which address."""

import logging
import time
from typing import Final

import structlog

from ujumbe.domain.phone import mask_all
from ujumbe.runtime import Runtime
from ujumbe.web import sends as raw
from ujumbe.web.api import LARGEST_BODY, create_api
from ujumbe.web.asgi import App, Message, Receive, Scope, Send, header, headers
from ujumbe.web.pages.app import create_pages, is_page
from ujumbe.web.problems import BROKEN, Problem
from ujumbe.web.sms import CALLBACKS, INVOKE, SmsRoutes

SIMULATOR: Final = "/simulator"
LONGEST_LOGGED_PATH: Final = 40
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

OF_PROGRAMS: Final = frozenset({"v1", "healthz", "readyz", "metrics", "openapi.json"})
"""What the addresses of the API begin with."""
KNOWN_PATHS: Final = frozenset({raw.PATH})
"""Answered before a router has named them."""

log = structlog.get_logger()


def create_app(runtime: Runtime, simulator: App | None = None) -> App:
    """The service's app; `simulator`, the local AT, answers under /simulator in `ujumbe dev`."""
    sms, sends, api = SmsRoutes(runtime), raw.SendRoute(runtime, LARGEST_BODY), create_api(runtime)
    pages = create_pages(runtime, phones="" if simulator is None else f"{SIMULATOR}/")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no lifespan (the runtime is opened around the server) and no WebSockets
        refusal = _foreign(scope, keyless=runtime.keyless)
        if refusal is not None:
            log.warning("a request of another site was refused", method=scope["method"])
            await refusal.respond(send)
            return
        path = scope["path"]
        if path == raw.PATH and scope["method"] == "POST":
            await _watch(sends, "", scope, receive, send)
        elif path == "/sms" or path.startswith("/sms/"):
            await _watch(sms, "/sms", scope, receive, send)
        elif simulator is not None and (path == SIMULATOR or path.startswith(f"{SIMULATOR}/")):
            inner = {**scope, "root_path": scope.get("root_path", "") + SIMULATOR}
            await _watch(simulator, SIMULATOR, inner, receive, send)
        elif is_page(path) or _mistyped(scope):
            await _watch(pages, "", scope, receive, send)
        else:
            await _watch(api, "", scope, receive, send)

    return app


async def _watch(app: App, prefix: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `app` for one request: a line in the log, and an answer whatever happens."""
    started = time.perf_counter()
    status, whole = 0, False

    async def note(message: Message) -> None:
        nonlocal status, whole
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)
        whole = message["type"] == "http.response.body" and not message.get("more_body")

    try:
        await app(scope, receive, note)
    except Problem as problem:
        if not status:
            await problem.respond(note)
    except Exception:
        log.exception("a request broke", method=scope["method"], path=_loggable(prefix, scope))
        if not status:
            await BROKEN.respond(note)
        elif not whole:
            raise  # the answer is half sent: only a broken connection can still say that it failed
    finally:
        level = logging.INFO if status >= 400 else logging.DEBUG
        if logging.getLogger().isEnabledFor(level):  # asked before the line is made: it is made for every request
            path, took = _loggable(prefix, scope), round((time.perf_counter() - started) * 1000, 1)
            log.log(level, "request", method=scope["method"], path=path, status=status, ms=took)


def _mistyped(scope: Scope) -> bool:
    """Whether a person opens an address that is nothing of ours: they are told so by a page, programs by a problem."""
    first = scope["path"].strip("/").partition("/")[0]
    return first not in OF_PROGRAMS and headers(scope).get(b"sec-fetch-dest") == b"document"


def _foreign(scope: Scope, *, keyless: bool) -> Problem | None:
    """Why a browser may not send this: another site's page asks for it, or (without keys) under a name of its own.

    Browsers say so in `Sec-Fetch-Site`; AT, curl and programs send no such header. A link to a page may be followed.
    The host matters where no key protects: a name that an attacker points at 127.0.0.1 counts as the same site.
    """
    if keyless:
        given = header(scope, b"host")
        host = given.rpartition("]")[0] + "]" if given.startswith("[") else given.partition(":")[0]
        if host and host.lower() not in LOOPBACK_HOSTS:
            return Problem("forbidden", "`ujumbe dev` answers only under 127.0.0.1 or localhost")
    if headers(scope).get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
        followed = header(scope, b"sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        if followed and not scope["path"].startswith("/sms/"):
            return None
        return Problem("forbidden", "A page of another site may not send requests here")
    return None


def _loggable(prefix: str, scope: Scope) -> str:
    """A path without secrets and numbers: the route's own pattern, and of an unknown address its first part."""
    path: str = scope["path"]
    if prefix == "/sms":
        name = path.split("/")[2] if path.count("/") > 1 else ""
        return f"/sms/{name if name in INVOKE or name in CALLBACKS else ''}"
    route = getattr(scope.get("route"), "path", "")
    if route:
        return f"/v1{route}" if path.startswith("/v1/") and not str(route).startswith("/v1/") else str(route)
    if path in KNOWN_PATHS:
        return path
    return mask_all("/" + (prefix.strip("/") or path.strip("/").partition("/")[0])[:LONGEST_LOGGED_PATH])
