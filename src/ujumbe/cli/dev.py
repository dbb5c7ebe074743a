"""`ujumbe dev`: everything on this machine, with a local Africa's Talking."""

from pathlib import Path
from typing import Annotated

import typer

from ujumbe import telemetry
from ujumbe.settings import Settings


def dev(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1. [default: UJUMBE_PORT or 8000]")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for the data. [default: UJUMBE_DATA or ./data]")] = None,
) -> None:
    """Run the service, the worker and a local Africa's Talking in one process.

    No account, no key, nothing leaves this machine: AT_USERNAME, AT_API_KEY and AT_API_URL are ignored.
    Open /simulator/ in a browser to see the phones.
    """
    # Whatever AT's settings say, right or wrong, is none of its business: it never leaves the machine.
    settings = Settings.load(
        port=port,
        data=data,
        host="127.0.0.1",
        database_url="",
        at_username="sandbox",
        at_api_key="local",
        at_api_url="http://127.0.0.1",
    )
    telemetry.set_up(settings.log_level, settings.log_format)
    from ujumbe.cli import running, server  # noqa: PLC0415 - see running.py

    server.run(running.dev(settings))
