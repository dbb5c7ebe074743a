"""The local AT as an ASGI app: AT's own paths, the people's API and the page, under any mount point."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from ujumbe.simulator import akka, connection, inbox, messaging, pages, people, subscriptions, xml
from ujumbe.simulator.akka import Rejection
from ujumbe.simulator.config import SimulatorConfig
from ujumbe.simulator.exchange import Receive, Request, Response, Scope, Send, TooLargeError, read
from ujumbe.simulator.faults import Fate
from ujumbe.simulator.messaging import BrokenOffError
from ujumbe.simulator.people import RefusedError
from ujumbe.simulator.runtime import Runtime

log = logging.getLogger(__name__)

H = TypeVar("H")
Handler = Callable[[Runtime, Request], Response]
PhoneHandler = Callable[[Runtime, Request, str], Response]


def _get(answer: Callable[[Runtime, Request], dict[str, object]]) -> Handler:
    return lambda runtime, request: xml.answer(request, answer(runtime, request))


def _post(answer: Callable[[Runtime, Request], dict[str, object]]) -> Handler:
    return lambda runtime, request: xml.answer(request, answer(runtime, request), 201)


# 201 for every POST: it is documented or recorded for most, and suits all official SDKs for the others.
AT: dict[str, dict[str, Handler]] = {
    "/version1/messaging": {"GET": _get(inbox.fetch), "POST": messaging.send},
    "/version1/messaging/bulk": {"POST": messaging.send_bulk},
    "/version1/user": {"GET": _get(lambda runtime, request: runtime.account.user_data(request))},
    "/version1/subscription": {"GET": _get(subscriptions.list_them)},
    "/version1/subscription/create": {"POST": _post(subscriptions.create)},
    "/version1/subscription/delete": {"POST": _post(subscriptions.delete)},
    "/version1/subscription/safaricom": {"POST": _post(subscriptions.create_safaricom)},
    "/checkout/token/create": {"POST": _post(lambda runtime, request: runtime.account.checkout_token(request))},
    "/auth-token/generate": {"POST": _post(lambda runtime, request: runtime.account.auth_token(request))},
}
"""AT's paths and methods (documented and official SDKs)."""

SENDS = (messaging.send, messaging.send_bulk)

PEOPLE: dict[str, dict[str, Handler]] = {
    "/status": {"GET": people.status},
    "/phones": {"GET": people.phones, "POST": people.open_phone},
    "/faults": {"GET": people.knobs, "PUT": people.turn},
    "/ledger": {"GET": people.ledger},
    "/reset": {"POST": people.reset},
}

PHONE: dict[str, dict[str, PhoneHandler]] = {
    "messages": {"GET": people.messages, "POST": people.write},
    "read": {"POST": people.mark_read},
    "opt-out": {"POST": people.opt_out, "DELETE": people.opt_in},
    "subscriptions": {"POST": people.subscribe},
}


class Simulator:
    """The ASGI app. `start` and `stop` are the host's to call when it is mounted; alone, its lifespan calls them.

    One simulator has one event loop and may be started again after it was stopped.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self._runtime: Runtime | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Open the state and go on with the callbacks it kept. Raises `sqlite3.Error` if the file cannot be used."""
        if self._runtime is None:
            self._stopping = asyncio.Event()
            self._runtime = Runtime.open(self.config)
            self._runtime.callbacks.start()

    def let_go(self) -> None:
        """End event streams and hanging requests, which a server would otherwise wait for before it shuts down."""
        self._stopping.set()
        if self._runtime is not None:
            self._runtime.events.close()

    async def stop(self) -> None:
        """Stop calling back and close the state; requests are answered 503 from now on."""
        self.let_go()
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            await runtime.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            try:
                await (self.start() if message["type"] == "lifespan.startup" else self.stop())
            except Exception as error:
                log.exception("the simulator cannot start or stop")
                await send({"type": f"{message['type']}.failed", "message": str(error)})
                return
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _path_below_mount(scope)
        if path == "/events" and scope["method"] == "GET" and self._runtime is not None:
            last_event_id = next((value for name, value in scope["headers"] if name == b"last-event-id"), None)
            await self._runtime.events.stream(
                None if last_event_id is None else last_event_id.decode("latin-1"), receive, send
            )
            return
        try:
            request = await read(scope, receive, path)
            response = await self._answer(request, scope)
        except (Rejection, RefusedError) as refusal:
            response = refusal.response
        except TooLargeError:
            response = akka.too_large().response
        except BrokenOffError as broken:
            if broken.fate is Fate.TAKEN_HANG:
                await connection.hang(receive, send, self._stopping)
            else:
                await connection.reset(receive, send)
            return
        await response.send(send)

    async def _answer(self, request: Request, scope: Scope) -> Response:
        runtime = self._runtime
        if runtime is None:
            raise akka.unavailable()
        methods = AT.get(request.path)
        if methods is None:
            _refuse_other_sites(request)
            return _beside_at(runtime, request, scope)
        try:
            handler = _choose(methods, request.method)
            # A send throws its own dice, because a refused one belongs into the ledger too.
            if handler not in SENDS:
                refusal = runtime.dice.refusal(runtime.faults)
                if not refusal.taken:
                    raise akka.too_many_requests() if refusal is Fate.REFUSED else akka.server_error()
            return handler(runtime, request)
        finally:
            # After the deed, not before it: a client that gives up meanwhile has sent nonetheless.
            if runtime.faults.latency_ms:
                await asyncio.sleep(runtime.faults.latency_ms / 1000)


def create_app(config: SimulatorConfig) -> Simulator:
    """Make a local AT; nothing is opened before it is started."""
    return Simulator(config)


def _path_below_mount(scope: Scope) -> str:
    """Return the path below the mount point, which ASGI hosts leave in `path`, though some take it out."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if root and (path == root or path.startswith(root + "/")):
        return path[len(root) :]
    return path


def _beside_at(runtime: Runtime, request: Request, scope: Scope) -> Response:
    """Answer what is not AT's: the people's API and the page."""
    path, method = request.path, "GET" if request.method == "HEAD" else request.method
    if path in PEOPLE:
        return _choose(PEOPLE[path], method)(runtime, request)
    if path.startswith("/phones/"):
        number, _, rest = path.removeprefix("/phones/").partition("/")
        if rest not in PHONE:
            raise RefusedError(404, "a phone has messages, read, opt-out and subscriptions")
        return _choose(PHONE[rest], method)(runtime, request, people.number_in(number))
    page = None
    if path == "":
        # Relative, so that it holds behind any proxy: the last part of the mount point with a slash.
        name = scope.get("root_path", "").rstrip("/").rpartition("/")[2]
        return Response(307, headers=[(b"location", f"{name}/".encode())])
    if method == "GET" and path == "/":
        page = pages.index(runtime.config.home)
    elif method == "GET" and path.startswith("/static/"):
        page = pages.static(path.removeprefix("/static/"))
    if page is None:
        raise akka.not_found()
    return page


def _choose(methods: dict[str, H], method: str) -> H:
    if method not in methods:
        raise akka.wrong_method(methods)
    return methods[method]


def _refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site makes a browser ask: the people's API has no key to protect it."""
    if (
        request.header(b"sec-fetch-site") in {"cross-site", "same-site"}
        and request.header(b"sec-fetch-mode") != "navigate"
    ):
        raise RefusedError(403, "another site's page may not use the simulator")
