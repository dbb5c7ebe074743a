"""`ujumbe serve`: the service against Africa's Talking."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import structlog
import typer

from ujumbe import telemetry
from ujumbe.africastalking.callbacks import Kind
from ujumbe.cli import server
from ujumbe.domain.errors import SettingsError
from ujumbe.runtime import open_runtime
from ujumbe.settings import LOOPBACK, Settings
from ujumbe.web.app import create_app
from ujumbe.worker import loop

log = structlog.get_logger()


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: UJUMBE_HOST or 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: UJUMBE_PORT or 8000]")] = None,
    open_callbacks: Annotated[
        bool | None,
        typer.Option("--open-callbacks", help="Accept callbacks without a token although others reach the address."),
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Only answer HTTP; leave sending to workers.")] = False,
) -> None:
    """Run the service and the worker against Africa's Talking, or what AT_API_URL names.

    Needs AT_USERNAME and AT_API_KEY, a database made by `ujumbe db upgrade`, and for requests an API key made by
    `ujumbe keys create`. On an address that others can reach it wants UJUMBE_CALLBACK_TOKEN too.
    """
    settings = Settings.load(host=host, port=port, open_callbacks=open_callbacks)
    settings.require("at_username", "at_api_key")
    if no_worker:
        raise SettingsError("--no-worker needs PostgreSQL: a SQLite file takes one process, which must also send")
    if settings.host not in LOOPBACK and not settings.tokens and not settings.open_callbacks:
        raise SettingsError(
            f"UJUMBE_CALLBACK_TOKEN is not set, and on {settings.host} anybody could post callbacks: "
            "set it to a long random word, or pass --open-callbacks if something else guards them"
        )
    telemetry.set_up(settings.log_level, settings.log_format)
    server.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    socket = server.listen(settings.host, settings.port)
    url = server.url_of(socket)
    stop = server.Stop()
    async with AsyncExitStack() as stack:
        stack.callback(socket.close)
        runtime = await stack.enter_async_context(open_runtime(settings, url=url))
        working = asyncio.create_task(loop.run(runtime))
        log.info(
            "serving",
            url=url,
            username=settings.at_username,
            at=runtime.client.api_base,
            callbacks=[f"/sms/{kind.value}{'?token=…' if settings.tokens else ''}" for kind in Kind],
        )
        await server.serve(create_app(runtime), socket, stop)
        runtime.stop()
        await working
    log.info("stopped")
