"""Running an ASGI app: a socket with a clear error, signals that end it cleanly, nothing printed by the server."""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
import uvloop

from ujumbe import telemetry
from ujumbe.cli.protocol import BoundedProtocol
from ujumbe.domain.errors import UjumbeError
from ujumbe.web.asgi import App

GRACE_SECONDS: Final = 45
"""Requests under way get this long at the end: one that waits for AT needs up to 40 s."""


class AddressError(UjumbeError):
    """The address cannot be listened on."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop, with logs that never hold it up."""
    # What is loaded by now stays to the end; looking at all of it for garbage time and again cost 6 % of every request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    with telemetry.unhurried(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `AddressError` that says what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(2048)
    except OSError as error:
        server.close()
        hint = "; another program has it: try --port with another number" if error.errno == errno.EADDRINUSE else ""
        raise AddressError(f"cannot listen on {host} port {port} ({error.strerror}){hint}") from None
    server.setblocking(False)
    return server


def url_of(server: socket.socket) -> str:
    """The base URL of a listening socket, as a browser on this machine reaches it."""
    host, port = server.getsockname()[:2]
    # S104 warns of binding to every address; this only names the one to show for it.
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


class Stop:
    """Set by Ctrl-C or SIGTERM; a second one no longer waits for requests under way."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.insisted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self._ask)

    def _ask(self) -> None:
        if self.asked.is_set():
            self.insisted.set()
        self.asked.set()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals are ours (see Stop): more than a server has to end, and in order.
        yield


async def serve(
    app: App,
    server: socket.socket,
    stop: Stop,
    *,
    let_go: Callable[[], None] | None = None,
    trusted_proxies: Sequence[str] = (),
) -> None:
    """Serve `app` until `stop` is asked for and the requests under way are answered.

    `let_go` is called first at the end, to close streams that would otherwise stay open for ever. What
    `trusted_proxies` (addresses or networks) say of the client is believed; of anybody else it is not looked at.
    """
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    running = _Server(config)
    serving = asyncio.create_task(running.serve(sockets=[server]))
    asked = asyncio.create_task(stop.asked.wait())
    await asyncio.wait([serving, asked], return_when=asyncio.FIRST_COMPLETED)
    if let_go is not None:
        let_go()
    running.should_exit = True
    insisted = asyncio.create_task(stop.insisted.wait())
    await asyncio.wait([serving, insisted], return_when=asyncio.FIRST_COMPLETED)
    running.force_exit = True
    await serving
    for waiter in (asked, insisted):
        waiter.cancel()
