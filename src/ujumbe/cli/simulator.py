"""`ujumbe simulator`: the local Africa's Talking alone."""

from typing import Annotated

import typer

from ujumbe import telemetry
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import Settings
from ujumbe.simulator.config import SimulatorConfig


def simulator(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1.")] = 8001,
    callbacks: Annotated[
        str, typer.Option(help="Where delivery reports, incoming texts and notices go; empty for nowhere.")
    ] = "http://127.0.0.1:8000/sms",
    state: Annotated[str, typer.Option(help="SQLite file for phones and ledger; forgotten at the end if empty.")] = "",
) -> None:
    """Run only the local Africa's Talking: phones in a browser, AT's API under the same address.

    Its one account is what AT_USERNAME, AT_API_KEY, AT_SHORTCODE and AT_SENDER_ID say, else sandbox, local, 12345
    and none. Point anything at it with AT_API_URL=http://127.0.0.1:8001.
    """
    settings = Settings.load()
    telemetry.set_up(settings.log_level, settings.log_format)
    try:
        config = SimulatorConfig(
            username=settings.at_username or "sandbox",
            api_key=settings.at_api_key.get_secret_value() or "local",
            short_code=settings.at_shortcode or "12345",
            sender_id=settings.at_sender_id,
            callbacks=callbacks,
            callback_token=settings.tokens[0] if settings.tokens else "",
            database=state or ":memory:",
        )
    except ValueError as error:
        raise SettingsError(f"--{error}") from None
    from ujumbe.cli import running, server  # noqa: PLC0415 - see running.py

    server.run(running.simulate(config, port))
