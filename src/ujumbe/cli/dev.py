"""`ujumbe dev`: everything on this machine, with a local Africa's Talking."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ujumbe import telemetry
from ujumbe.cli import server
from ujumbe.cli.output import err
from ujumbe.runtime import SIMULATOR_HOST, open_runtime
from ujumbe.settings import Settings
from ujumbe.simulator.app import create_app as create_simulator
from ujumbe.simulator.config import SimulatorConfig
from ujumbe.web.app import SIMULATOR, create_app
from ujumbe.worker import loop

SHORT_CODE = "12345"


def dev(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1. [default: UJUMBE_PORT or 8000]")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for the data. [default: UJUMBE_DATA or ./data]")] = None,
) -> None:
    """Run the service, the worker and a local Africa's Talking in one process.

    No account, no key, nothing leaves this machine: AT_USERNAME, AT_API_KEY and AT_API_URL are ignored.
    Open /simulator/ in a browser to see the phones.
    """
    settings = Settings.load(port=port, data=data, host="127.0.0.1", database_url="")
    telemetry.set_up(settings.log_level, settings.log_format)
    server.run(_dev(settings))


async def _dev(settings: Settings) -> None:
    socket = server.listen(settings.host, settings.port)
    url = server.url_of(socket)
    settings = settings.model_copy(
        update=Settings.load(
            at_username="sandbox",
            at_api_key="local",
            at_api_url=url + SIMULATOR,
            at_shortcode=settings.at_shortcode or SHORT_CODE,
        ).model_dump(include={"at_username", "at_api_key", "at_api_url", "at_shortcode"})
    )
    local_at = create_simulator(
        SimulatorConfig(
            callbacks=f"{url}/sms",
            callback_token=settings.tokens[0] if settings.tokens else "",
            username=settings.at_username,
            api_key=settings.at_api_key.get_secret_value(),
            short_code=settings.at_shortcode,
            sender_id=settings.at_sender_id,
            database=str(settings.data / "simulator.sqlite3"),
        )
    )
    stop = server.Stop()
    async with AsyncExitStack() as stack:
        stack.callback(socket.close)
        runtime = await stack.enter_async_context(
            open_runtime(settings, url=url, upgrade=True, keyless=True, account_host=SIMULATOR_HOST)
        )
        await stack.enter_async_context(local_at)
        working = asyncio.create_task(loop.run(runtime))
        _greet(url, settings.data)
        await server.serve(create_app(runtime, local_at), socket, stop, let_go=local_at.let_go)
        runtime.stop()
        await working
        err.print("Stopped. Nothing is lost: the data is in", Text(str(settings.data)))


def _greet(url: str, data: Path) -> None:
    sms = f"{url}/sms"
    # No frame and no wrapping: the curl lines are there to be copied.
    rows = (
        ("\nUjumbe is running, with a local Africa's Talking.\n\n", "bold green"),
        ("  Phones   ", "bold"),
        f"{url}/simulator/\n",
        ("  Service  ", "bold"),
        f"{sms}/\n",
        ("  API      ", "bold"),
        f"{url}/openapi.json\n",
        ("  Data     ", "bold"),
        f"{data.resolve()}\n\n",
        "Send a text, see it on the phone, and answer from there:\n\n",
        (f'  curl "{sms}/invoke-bulk-sms?phone=254711000111&message=Hello%20World"\n', "cyan"),
        (f'  curl "{sms}/invoke-twoway-sms?phone=254711000111&message=Please%20answer"\n', "cyan"),
        (f'  curl "{url}/v1/messages?limit=5"\n\n', "cyan"),
        ("Ctrl-C stops it.\n", "dim"),
    )
    err.print(Text.assemble(*rows))
