"""What the long-running commands run. Apart from their options, because all of this takes a second to import."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from prometheus_client import start_http_server
from rich.text import Text

from ujumbe.africastalking.callbacks import Kind
from ujumbe.cli import server
from ujumbe.cli.output import err
from ujumbe.flows import welcoming
from ujumbe.runtime import Runtime, answers_of, open_runtime
from ujumbe.settings import Settings
from ujumbe.simulator.app import create_app as create_simulator
from ujumbe.simulator.config import SimulatorConfig
from ujumbe.store.accounts import SIMULATOR_HOST
from ujumbe.web.app import SIMULATOR, create_app
from ujumbe.worker import jobs, loop, tasks, webhooks

SHORT_CODE = "12345"

log = structlog.get_logger()


async def dev(settings: Settings) -> None:
    """The service, the worker and the local AT, until Ctrl-C."""
    socket = server.listen(settings.host, settings.port)
    url = server.url_of(socket)
    short_code = settings.at_shortcode or SHORT_CODE
    settings = settings.model_copy(update={"at_api_url": url + SIMULATOR, "at_shortcode": short_code})
    local_at = create_simulator(
        SimulatorConfig(
            callbacks=f"{url}/sms",
            callback_token=settings.tokens[0] if settings.tokens else "",
            username=settings.at_username,
            api_key=settings.at_api_key.get_secret_value(),
            short_code=settings.at_shortcode,
            sender_id=settings.at_sender_id,
            database=str(settings.data / "simulator.sqlite3"),
            home="/",
        )
    )
    stop = server.Stop()
    async with AsyncExitStack() as stack:
        stack.callback(socket.close)
        runtime = await stack.enter_async_context(
            open_runtime(settings, url=url, upgrade=True, keyless=True, account_host=SIMULATOR_HOST)
        )
        await stack.enter_async_context(local_at)
        working = asyncio.gather(_send(runtime), tasks.run(runtime))
        _catch_up(runtime)
        _greet(url, settings.data)

        def let_go() -> None:
            runtime.stop()
            local_at.let_go()

        await server.serve(create_app(runtime, local_at), socket, stop, let_go=let_go)
        await working
        err.print("Stopped. Nothing is lost: the data is in", Text(str(settings.data)))


async def serve(settings: Settings, *, sends: bool) -> None:
    """The service, and unless others send the worker, until SIGTERM."""
    socket = server.listen(settings.host, settings.port)
    url = server.url_of(socket)
    stop = server.Stop()
    async with AsyncExitStack() as stack:
        stack.callback(socket.close)
        runtime = await stack.enter_async_context(
            open_runtime(settings, url=url, role="service" if sends else "api", sends=sends)
        )
        letting_go = asyncio.create_task(_let_go(runtime, stop))
        working = asyncio.gather(tasks.run(runtime), *([_send(runtime)] if sends else []))
        _catch_up(runtime)
        log.info(
            "serving",
            url=url,
            username=settings.at_username,
            at=runtime.client.api_base,
            database=runtime.db.name,
            callbacks=[f"/sms/{kind.value}{'?token=…' if settings.tokens else ''}" for kind in Kind],
        )
        if not settings.at_shortcode:
            log.warning("AT_SHORTCODE is not set: two-way SMS goes out from AT's own sender, which takes no answers")
        await _show_set_up(runtime, url)
        trusted = settings.trusted_proxies
        await server.serve(create_app(runtime), socket, stop, let_go=runtime.stop, trusted_proxies=trusted)
        await working
    letting_go.cancel()
    log.info("stopped")


async def work(settings: Settings) -> None:
    """Only the worker, until SIGTERM; a second signal no longer waits for calls under way."""
    stop = server.Stop()
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings, role="worker"))
        letting_go = asyncio.create_task(_let_go(runtime, stop))
        if settings.metrics_port:
            stack.callback(_serve_metrics(runtime, settings.metrics_port))
        working = asyncio.create_task(_send(runtime))
        log.info("working", username=settings.at_username, at=runtime.client.api_base, database=runtime.db.name)
        await stop.asked.wait()
        runtime.stop()
        await working
    letting_go.cancel()
    log.info("stopped")


async def _send(runtime: Runtime) -> None:
    """Send messages and tell webhooks, until the runtime stops."""
    await asyncio.gather(loop.run(runtime), webhooks.run(runtime))


async def _let_go(runtime: Runtime, stop: server.Stop) -> None:
    """No longer wait for calls under way once a second signal insists: they are settled as those of a crash are."""
    await stop.insisted.wait()
    log.warning("calls under way are let go; their messages will be uncertain", calls=len(runtime.tasks))
    for task in tuple(runtime.tasks):
        task.cancel()


async def _show_set_up(runtime: Runtime, url: str) -> None:
    """Show how to make the first admin, while nobody can sign in: to people, never to the log, since it is a secret."""
    secret = await runtime.db.write(welcoming.set_up_link)
    if secret is None:
        return
    known = runtime.settings.url
    link = f"{known or url}/welcome/{secret}"
    lines = [f"Set up the dashboard: {link} (works once, for 24 hours)"]
    if not known:
        lines.append("Do people reach the service by another name? Put that name in place of the one in the link.")
    err.print(Text("\n".join(lines)))


def _catch_up(runtime: Runtime) -> None:
    """Read AT's inbox beside everything else: nobody waits for it."""
    if runtime.settings.fetch_inbox:
        runtime.start(jobs.catch_up(runtime.db, runtime.client, runtime.account, answers_of(runtime.settings)))


def _serve_metrics(runtime: Runtime, port: int) -> Callable[[], None]:
    """Serve what this worker counts, on a thread of its own; what ends it. Raises `AddressError`."""
    try:
        exposed, _ = start_http_server(port, "127.0.0.1", runtime.metrics.registry)
    except OSError as error:
        raise server.AddressError(f"cannot serve metrics on port {port} ({error.strerror})") from None
    return exposed.shutdown


async def simulate(config: SimulatorConfig, port: int) -> None:
    """The local AT alone, until Ctrl-C."""
    socket = server.listen("127.0.0.1", port)
    stop = server.Stop()
    async with create_simulator(config) as local_at:
        err.print(f"Phones at {server.url_of(socket)}/, callbacks to {config.callbacks or 'nowhere'}. Ctrl-C stops it.")
        await server.serve(local_at, socket, stop, let_go=local_at.let_go)


def _greet(url: str, data: Path) -> None:
    sms = f"{url}/sms"
    # No frame and no wrapping: the curl lines are there to be copied.
    rows = (
        ("\nUjumbe is running, with a local Africa's Talking.\n\n", "bold green"),
        ("  Dashboard  ", "bold"),
        f"{url}/\n",
        ("  Phones     ", "bold"),
        f"{url}/simulator/\n",
        ("  Service    ", "bold"),
        f"{sms}/\n",
        ("  API        ", "bold"),
        f"{url}/openapi.json\n",
        ("  Data       ", "bold"),
        f"{data.resolve()}\n\n",
        "Send a text, see it on the phone, and answer from there:\n\n",
        (f'  curl "{sms}/invoke-bulk-sms?phone=254711000111&message=Hello%20World"\n', "cyan"),
        (f'  curl "{sms}/invoke-twoway-sms?phone=254711000111&message=Please%20answer"\n', "cyan"),
        (f'  curl "{url}/v1/messages?limit=5"\n\n', "cyan"),
        ("Ctrl-C stops it.\n", "dim"),
    )
    err.print(Text.assemble(*rows))
