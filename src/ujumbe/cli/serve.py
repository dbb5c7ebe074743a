"""`ujumbe serve`: the service against Africa's Talking."""

from typing import Annotated

import typer

from ujumbe import telemetry
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import LOOPBACK, Settings


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
    settings = Settings.load(
        required=("at_username", "at_api_key"), host=host, port=port, open_callbacks=open_callbacks
    )
    if no_worker and settings.database_path is not None:
        raise SettingsError("--no-worker needs PostgreSQL: a SQLite file takes one process, which must also send")
    if settings.host not in LOOPBACK and not settings.tokens and not settings.open_callbacks:
        raise SettingsError(
            f"UJUMBE_CALLBACK_TOKEN is not set, and on {settings.host} anybody could post callbacks: "
            "set it to a long random word, or pass --open-callbacks if something else guards them"
        )
    telemetry.set_up(settings.log_level, settings.log_format)
    from ujumbe.cli import running, server  # noqa: PLC0415 - see running.py

    server.run(running.serve(settings, sends=not no_worker))
