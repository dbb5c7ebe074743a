"""`ujumbe account`: whether sending goes on, and by whose word it stops and starts."""

from typing import Annotated, Any

import typer

from ujumbe.cli import database
from ujumbe.cli.output import AsJson, out, print_json
from ujumbe.domain.errors import UjumbeError
from ujumbe.domain.moment import show as show_moment
from ujumbe.domain.pause import Pause
from ujumbe.domain.text import storable
from ujumbe.flows import pausing
from ujumbe.store import accounts
from ujumbe.store.accounts import Health
from ujumbe.store.database import Tx

app = typer.Typer(help="See whether sending goes on; pause it, or let it go on.", no_args_is_help=True)


class NotPausedError(UjumbeError):
    """There is nothing to resume."""


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show whether messages go out, and if not, why and since when."""
    _show(database.read(accounts.health), as_json=as_json)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(metavar="[REASON]", help="Shown to whoever asks why nothing goes out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take up nothing more until `ujumbe account resume`. What is under way goes on, and nothing is lost."""
    why = storable(reason)[:200]

    def work(tx: Tx, account: int) -> Health:
        pausing.hold(tx, account, why)
        return accounts.health(tx, account)

    _show(database.write(work), as_json=as_json)


@app.command()
def resume(as_json: AsJson = False) -> None:
    """End whatever pause there is. Messages that expired meanwhile stay expired."""

    def work(tx: Tx, account: int) -> Health:
        if not pausing.go_on(tx, account):
            raise NotPausedError("sending is not paused")
        return accounts.health(tx, account)

    _show(database.write(work), as_json=as_json)


def _show(health: Health, *, as_json: bool) -> None:
    paused = health.pause is not Pause.NONE
    if as_json:
        since = show_moment(health.paused_at) if paused else None
        slowed = show_moment(health.slow_until) if health.slow_until else None
        document: dict[str, Any] = {"sending": not paused, "paused_by": health.pause or None}
        print_json({**document, "reason": health.note, "paused_since": since, "slowed_until": slowed})
    elif paused:
        out.print(f"Sending is paused since {show_moment(health.paused_at)}: {health.note}", markup=False)
    elif health.slow_until:
        out.print(f"Africa's Talking asked for fewer requests: sending goes on at {show_moment(health.slow_until)}.")
    else:
        out.print("Sending goes on.")
