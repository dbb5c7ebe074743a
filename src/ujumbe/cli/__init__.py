"""The command line: one file a noun."""

import os
import sys
from typing import Annotated

import typer

from ujumbe import __version__, telemetry
from ujumbe.cli import (
    account,
    callbacks,
    conversations,
    db,
    dev,
    keys,
    listen,
    messages,
    opt_outs,
    people,
    rules,
    send,
    serve,
    simulator,
    subscriptions,
    users,
    webhooks,
    worker,
)
from ujumbe.cli.output import fail
from ujumbe.domain.errors import UjumbeError

app = typer.Typer(
    name="ujumbe",
    help="A self-hosted SMS service on Africa's Talking. Start with `ujumbe dev`: it needs no account and no key.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ujumbe {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    # Shown by a callback of its own: this function runs only once a command is given.
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command("dev")(dev.dev)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("simulator")(simulator.simulator)
app.command("send")(send.send)
app.add_typer(account.app, name="account")
app.add_typer(messages.app, name="messages")
app.add_typer(conversations.app, name="conversations")
app.add_typer(rules.app, name="rules")
app.add_typer(opt_outs.app, name="opt-outs")
app.add_typer(people.app, name="people")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(subscriptions.app, name="subscriptions")
app.command("listen")(listen.listen)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line. What is wrong with the surroundings is one sentence and exit code 1, never a traceback."""
    # What goes wrong in a short command is its error; without this, log lines would stand among its results.
    telemetry.set_up("critical")
    os.umask(0o077)  # numbers and texts lie in the files that we make: they are the owner's alone
    try:
        app()
    except UjumbeError as error:
        fail(str(error))
        sys.exit(1)
