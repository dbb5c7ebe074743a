"""`ujumbe users`: who may sign in to the dashboard."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import typer

from ujumbe.cli.database import open_database, service_on
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show
from ujumbe.domain.role import MEANING, Role
from ujumbe.flows import staff, welcoming
from ujumbe.settings import Settings
from ujumbe.store import accounts, audit, users
from ujumbe.store.database import Tx
from ujumbe.store.users import User

T = TypeVar("T")

ACTOR: Final = "command line"
"""Who did it, in the list of who did what."""

app = typer.Typer(help="Say who may sign in to the dashboard, and as what.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `ujumbe users list` shows it; capitals do not count.")]
ROLES: Final = "; ".join(f"`{role}` {meaning}" for role, meaning in MEANING.items())


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List everybody, and whether they can sign in."""
    found = _run(users.list_all)
    if as_json:
        print_json([_document(each) for each in found])
    elif not found:
        out.print("Nobody yet: `ujumbe serve` shows a link that makes the first admin.", markup=False)
    else:
        print_table(
            ("name", "role", "state", "added"),
            [(each.name, each.role, _state(each), show(each.created_at)) for each in found],
        )


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with, and what lists call them.")],
    role: Annotated[str, typer.Option(help=f"{ROLES}.")] = Role.VIEWER.value,
    as_json: AsJson = False,
) -> None:
    """Add somebody, and show a link by which they choose their password: it works once, for 24 hours."""
    wanted = _role(role)
    user, secret = _change("add user", lambda tx: staff.add(tx, name, wanted), lambda made: made[0].name)
    _show_link(user, secret, as_json=as_json)


@app.command()
def link(name: Name, as_json: AsJson = False) -> None:
    """Show a new link by which somebody chooses their password. Earlier links of theirs open no more.

    The password they have goes on until the link is used. It also ends the waiting after wrong passwords.
    """

    def renew(tx: Tx) -> tuple[User, str]:
        user = _find(tx, name)
        return user, welcoming.link_for(tx, user.id)

    user, secret = _change("make link", renew, lambda made: made[0].name)
    _show_link(user, secret, as_json=as_json)


@app.command()
def role(
    name: Name,
    to: Annotated[str, typer.Argument(metavar="ROLE", help=f"{ROLES}.")],
    as_json: AsJson = False,
) -> None:
    """Give somebody another role. They are signed out, and sign in again with it."""
    wanted = _role(to, field="ROLE")
    user = _change(f"make {wanted}", lambda tx: staff.set_role(tx, _find(tx, name).id, wanted), _named)
    _tell(user.name, f"{user.name} is {wanted} now.", as_json=as_json)


@app.command()
def disable(name: Name, as_json: AsJson = False) -> None:
    """Let somebody in no more: they are signed out everywhere at once. What they did stays in the lists."""
    user = _change("disable user", lambda tx: staff.disable(tx, _find(tx, name).id), _named)
    _tell(user.name, f"{user.name} is disabled and signed out.", as_json=as_json)


@app.command()
def enable(name: Name, as_json: AsJson = False) -> None:
    """Let somebody in again, with the password they had."""
    user = _change("enable user", lambda tx: staff.enable(tx, _find(tx, name).id), _named)
    _tell(user.name, f"{user.name} may sign in again.", as_json=as_json)


def _run(work: Callable[[Tx], T], *, writes: bool = False) -> T:
    settings = Settings.load()

    async def run() -> T:
        async with open_database(settings) as db:
            return await (db.write if writes else db.read)(work)

    return asyncio.run(run())


def _change(action: str, work: Callable[[Tx], T], subject: Callable[[T], str]) -> T:
    """Do `work` and note it in the list of each account there is: people belong to all of them."""

    def noted(tx: Tx) -> T:
        done = work(tx)
        for account in accounts.list_all(tx).values():
            audit.add(tx, account, None, ACTOR, action, subject(done))
        return done

    return _run(noted, writes=True)


def _find(tx: Tx, name: str) -> User:
    user = users.by_name(tx, name)
    if user is None:
        raise InvalidInputError("NAME", f"nobody is called {name}; `ujumbe users list` shows everybody")
    return user


def _role(given: str, field: str = "--role") -> Role:
    if given not in set(Role):
        raise InvalidInputError(field, f"{field} takes {', '.join(Role)}; not {given}")
    return Role(given)


def _named(user: User) -> str:
    return user.name


def _tell(name: str, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(_run(lambda tx: _find(tx, name))))
    else:
        out.print(sentence, markup=False)


def _show_link(user: User, secret: str, *, as_json: bool) -> None:
    settings = Settings.load()
    service = service_on(settings)
    base = settings.url or (service.url if service else "")
    path = f"/welcome/{secret}"
    if as_json:
        print_json({**_document(user), "link": base + path})
        return
    out.print(f"{user.name} ({user.role}) chooses a password here. It works once, for 24 hours:\n", markup=False)
    out.print(f"  {base}{path}\n", markup=False)
    if not base:
        out.print("Put the service's address in front of it; with UJUMBE_URL set it is shown whole.", markup=False)


def _state(user: User) -> str:
    return "disabled" if user.disabled_at is not None else "invited" if user.password_hash is None else "active"


def _document(user: User) -> dict[str, Any]:
    return {
        "id": ids.show(Kind.USER, user.id),
        "name": user.name,
        "role": user.role,
        "state": _state(user),
        "created_at": show(user.created_at),
        "disabled_at": None if user.disabled_at is None else show(user.disabled_at),
    }
