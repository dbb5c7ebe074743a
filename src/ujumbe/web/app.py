"""The whole HTTP side as one ASGI app: what stands in front, and who answers which address."""

import logging
import time
from typing import Final

import structlog

from ujumbe.domain.phone import mask_all
from ujumbe.runtime import Runtime
from ujumbe.web.api import create_api
from ujumbe.web.asgi import App, Message, Receive, Scope, Send, respond
from ujumbe.web.problems import BROKEN, Problem
from ujumbe.web.sms import CALLBACKS, INVOKE, SmsRoutes

SIMULATOR: Final = "/simulator"
LONGEST_LOGGED_PATH: Final = 200

log = structlog.get_logger()


def create_app(runtime: Runtime, simulator: App | None = None) -> App:
    """The service's app; `simulator`, the local AT, answers under /simulator in `ujumbe dev`."""
    sms, api = SmsRoutes(runtime), create_api(runtime)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no lifespan (the runtime is opened around the server) and no WebSockets
        path = scope["path"]
        if path == "/sms" or path.startswith("/sms/"):
            await _watch(sms, "/sms", scope, receive, send)
        elif simulator is not None and (path == SIMULATOR or path.startswith(f"{SIMULATOR}/")):
            inner = {**scope, "root_path": scope.get("root_path", "") + SIMULATOR}
            await _watch(simulator, SIMULATOR, inner, receive, send)
        elif simulator is not None and path == "/":
            await respond(send, 307, b"text/plain", b"The phones are at /simulator/", (b"location", b"/simulator/"))
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
        log.exception("a request broke", method=scope["method"], path=_loggable(prefix, scope["path"]))
        if not status:
            await BROKEN.respond(note)
        elif not whole:
            raise  # the answer is half sent: only a broken connection can still say that it failed
    finally:
        log.log(
            logging.INFO if status >= 400 else logging.DEBUG,
            "request",
            method=scope["method"],
            path=_loggable(prefix, scope["path"]),
            status=status,
            ms=round((time.perf_counter() - started) * 1000, 1),
        )


def _loggable(prefix: str, path: str) -> str:
    """A path without secrets and numbers: under /sms the part after the name may be a callback token."""
    if prefix == "/sms":
        name = path.split("/")[2] if path.count("/") > 1 else ""
        return f"/sms/{name if name in INVOKE or name in CALLBACKS else ''}"
    path = path[:LONGEST_LOGGED_PATH]
    return mask_all(path.replace("/", " ")).replace(" ", "/")
