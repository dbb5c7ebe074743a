"""`ujumbe keys`: API keys."""

import asyncio
from typing import Annotated, Any

import typer

from ujumbe.cli.database import open_database
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import show
from ujumbe.domain.text import storable
from ujumbe.settings import Settings
from ujumbe.store import api_keys
from ujumbe.store.api_keys import ApiKey, Scope

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    scopes: Annotated[str, typer.Option(help="Comma-separated: `send`, `read`, `admin` (everything).")] = "send,read",
    name: Annotated[str, typer.Option(help="What it is for, so that you know later which one to revoke.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, once: only a hash of it is kept."""
    words = [word.strip() for word in scopes.split(",") if word.strip()]
    unknown = [word for word in words if word not in set(Scope)]
    if unknown or not words:
        raise InvalidInputError("scopes", f"--scopes takes {', '.join(Scope)}; not {', '.join(unknown) or 'nothing'}")
    settings = Settings.load()

    async def run() -> tuple[ApiKey, str]:
        async with open_database(settings) as db:
            return await db.write(api_keys.create, storable(name), frozenset(map(Scope, words)))

    key, secret = asyncio.run(run())
    if as_json:
        print_json({**_document(key), "key": secret})
        return
    out.print(
        f"{ids.show(Kind.KEY, key.id)} may {' and '.join(sorted(key.scopes))}. This is the only time it is shown:"
    )
    out.print(f"\n  {secret}\n")
    out.print("Send it as `Authorization: Bearer <key>`.", markup=False)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys; the keys themselves are not kept."""
    settings = Settings.load()

    async def run() -> list[ApiKey]:
        async with open_database(settings) as db:
            return await db.read(api_keys.list_all)

    keys = [_document(key) for key in asyncio.run(run())]
    if as_json:
        print_json(keys)
    elif not keys:
        out.print("No keys yet; `ujumbe keys create` makes one.", markup=False)
    else:
        print_table(
            ("id", "name", "scopes", "created", "revoked"),
            [
                (key["id"], key["name"], ",".join(key["scopes"]), key["created_at"], key["revoked_at"] or "")
                for key in keys
            ],
        )


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `ujumbe keys list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key: requests with it are refused from now on."""
    number = ids.read(Kind.KEY, key_id, field="ID")
    settings = Settings.load()

    async def run() -> bool:
        async with open_database(settings) as db:
            return await db.write(api_keys.revoke, number)

    if not asyncio.run(run()):
        raise InvalidInputError("ID", f"no key in force has the id {key_id}")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        out.print(f"{key_id} is revoked.")


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": ids.show(Kind.KEY, key.id),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": show(key.created_at),
        "revoked_at": None if key.revoked_at is None else show(key.revoked_at),
    }
