"""`ujumbe webhooks`: who is told of events, and what they answered."""

import asyncio
from typing import Annotated, Any

import typer

from ujumbe.cli.database import find_account, in_dev, open_database
from ujumbe.cli.output import AsJson, err, out, print_json, print_table
from ujumbe.domain import ids
from ujumbe.domain.address import check_url
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.event import Type
from ujumbe.domain.ids import Kind
from ujumbe.domain.webhook import DeliveryState
from ujumbe.flows import dispatching, endpoints
from ujumbe.flows.dispatching import Answer
from ujumbe.settings import Settings
from ujumbe.store import deliveries, events, webhooks
from ujumbe.store.database import Database
from ujumbe.store.deliveries import Delivery
from ujumbe.store.webhooks import Webhook

app = typer.Typer(help="Tell your own application of events; see what it answered.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ujumbe webhooks list` shows it.")]
Types = Annotated[str, typer.Option("--types", help="Only these types of events, comma-separated.")]


@app.command("list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List the endpoints, and whether they work."""
    settings = Settings.load()

    async def run() -> list[Webhook]:
        async with open_database(settings) as db:
            return await db.read(webhooks.list_all, await find_account(db, settings))

    found = [endpoints.endpoint(each) for each in asyncio.run(run())]
    if as_json:
        print_json(found)
    elif not found:
        out.print("No webhooks yet; `ujumbe webhooks add URL` makes one.", markup=False)
    else:
        rows = [(each["id"], _standing(each), ",".join(each["types"]) or "all", each["url"]) for each in found]
        print_table(("id", "standing", "types", "url"), rows)


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted, as in https://example.org/sms")],
    types: Types = "",
    as_json: AsJson = False,
) -> None:
    """Make an endpoint, told of what happens from now on. Its secret is shown once."""
    # It loads the HTTP client, which the other commands do not need.
    from ujumbe.courier import reach_of  # noqa: PLC0415 - it takes long to load, and few need it

    settings = Settings.load()
    checked = check_url(url, reach_of(settings, dev=in_dev(settings)), field="URL")
    wanted = read_types(types)

    async def run() -> Webhook | None:
        async with open_database(settings) as db:
            while await db.write(events.number):  # in parts, so that little is left where the endpoint is made
                pass
            return await db.write(webhooks.create, await find_account(db, settings), checked, wanted)

    made = asyncio.run(run())
    if made is None:
        raise InvalidInputError("URL", f"there are {webhooks.MOST} webhooks already; remove one first")
    _print_secret(made, as_json=as_json)


@app.command()
def remove(webhook: Id, as_json: AsJson = False) -> None:
    """Delete an endpoint and what it was sent."""
    settings = Settings.load()

    async def run() -> None:
        async with open_database(settings) as db:
            account, found = await _find(db, settings, webhook)
            await db.write(webhooks.delete, account, found.id)

    asyncio.run(run())
    if as_json:
        print_json({"id": webhook, "removed": True})
    else:
        out.print(f"{webhook} is removed.")


@app.command()
def enable(webhook: Id, as_json: AsJson = False) -> None:
    """Let a disabled endpoint go on where it stood."""
    settings = Settings.load()

    async def run() -> Webhook:
        async with open_database(settings) as db:
            account, found = await _find(db, settings, webhook)
            await db.write(webhooks.enable, account, found.id)
            return (await _find(db, settings, webhook))[1]

    found = endpoints.endpoint(asyncio.run(run()))
    if as_json:
        print_json(found)
    else:
        out.print(f"{webhook} goes on where it stood.")


@app.command()
def rotate(webhook: Id, as_json: AsJson = False) -> None:
    """Give an endpoint a new secret, shown once; for 24 hours the one before signs too."""
    settings = Settings.load()

    async def run() -> Webhook:
        async with open_database(settings) as db:
            account, found = await _find(db, settings, webhook)
            await db.write(webhooks.rotate, account, found.id)
            return (await _find(db, settings, webhook))[1]

    _print_secret(asyncio.run(run()), as_json=as_json)


@app.command("test")
def try_out(webhook: Id, as_json: AsJson = False) -> None:
    """Send a `webhook.test` now and show what the receiver said. Exit code 1 when it did not take it."""
    from ujumbe.courier import Courier, reach_of  # noqa: PLC0415 - it takes long to load, and few need it

    settings = Settings.load()

    async def run() -> Answer:
        async with (
            open_database(settings) as db,
            Courier(reach_of(settings, dev=in_dev(settings))) as courier,
        ):
            _, found = await _find(db, settings, webhook)
            secrets, document = await db.write(endpoints.trial, found)
            return await courier.post(found.url, secrets, document)

    answer = asyncio.run(run())
    if as_json:
        print_json({"delivered": answer.delivered, **answer._asdict()})
    elif answer.delivered:
        out.print(f"It answered {answer.status} after {answer.took_ms:,} ms.")
    else:
        err.print(f"Not delivered after {answer.took_ms:,} ms: {answer.error}", markup=False)
    if answer.body and not as_json:
        out.print(answer.body, markup=False)
    if not answer.delivered:
        raise typer.Exit(1)


@app.command("deliveries")
def list_deliveries(
    webhook: Id,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those that came to this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, newest event first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what an endpoint was sent, and what it answered last; with `--json` every attempt."""
    settings = Settings.load()

    async def run() -> list[Delivery]:
        async with open_database(settings) as db:
            _, found = await _find(db, settings, webhook)
            shown: list[Delivery] = []
            before: int | None = None
            while len(shown) < limit:  # a page may end before its limit
                page = await db.read(deliveries.page, found.id, state=state, before=before, limit=limit - len(shown))
                shown += page.items
                before = page.next
                if before is None:
                    break
            return shown

    found = [endpoints.delivery(each) for each in asyncio.run(run())]
    if as_json:
        print_json(found)
    elif not found:
        out.print("No deliveries.")
    else:
        columns = ("event", "seq", "type", "when", "state", "tries", "last answer")
        print_table(columns, [_row(each) for each in found])


@app.command()
def redeliver(
    webhook: Id,
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="One event, as `deliveries` shows it.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Or those above this number (`seq`) …")] = None,
    until: Annotated[int | None, typer.Option(min=1, help="… up to this one. [default: the latest]")] = None,
    as_json: AsJson = False,
) -> None:
    """Deliver one event again, or a range, whatever became of it before."""
    if (event is None) == (after is None):
        raise InvalidInputError("EVENT", "give either an event, or --after")
    settings = Settings.load()
    seq = None if event is None else ids.read(Kind.EVENT, event, field="EVENT")

    async def run() -> int:
        async with open_database(settings) as db:
            account, found = await _find(db, settings, webhook)
            if found.disabled_at is not None:
                raise InvalidInputError("ID", f"{webhook} is disabled: `ujumbe webhooks enable` it first")
            while await db.write(events.number):
                pass
            end = await db.read(events.last)
            if seq is not None:
                known = 0 < seq <= end
                return int(known and await dispatching.redeliver_one(db, account, found, seq))
            done, seen, last = 0, after or 0, end if until is None else min(until, end)
            while seen < last:
                more, seen = await dispatching.redeliver(db, account, found, seen, last)
                done += more
            return done

    done = asyncio.run(run())
    if event is not None and not done:
        raise InvalidInputError("EVENT", "it is not in the log (any more), or is being delivered at this moment")
    if as_json:
        print_json({"events": done})
    else:
        out.print(f"{done:,} event{' is' if done == 1 else 's are'} delivered again by the service.")


def read_types(words: str) -> tuple[Type, ...]:
    """`message.sent,message.received` as types. Raises `InvalidInputError`."""
    named = [word.strip() for word in words.split(",") if word.strip()]
    if unknown := [word for word in named if word not in set(Type)]:
        raise InvalidInputError("types", f"--types takes {', '.join(Type)}; not {', '.join(unknown)}")
    return tuple(map(Type, named))


async def _find(db: Database, settings: Settings, webhook: str) -> tuple[int, Webhook]:
    account = await find_account(db, settings)
    found = await db.read(webhooks.find, account, ids.read(Kind.WEBHOOK, webhook, field="ID"))
    if found is None:
        raise InvalidInputError("ID", f"no webhook has the id {webhook}")
    return account, found


def _print_secret(webhook: Webhook, *, as_json: bool) -> None:
    document = endpoints.endpoint(webhook)
    if as_json:
        print_json({**document, "secret": webhook.secret})
        return
    out.print(f"{document['id']} signs with this secret. This is the only time it is shown:\n\n  {webhook.secret}")


def _standing(endpoint: dict[str, Any]) -> str:
    if not endpoint["enabled"]:
        return f"disabled: {endpoint['disabled_reason']}"
    return f"failing since {endpoint['failing_since'][:16]}" if endpoint["failing_since"] else "works"


def _row(delivery: dict[str, Any]) -> tuple[str, ...]:
    last = delivery["attempts"][-1] if delivery["attempts"] else None
    said = "" if last is None else last["error"] or f"{last['status']} after {last['took_ms']:,} ms"
    return (
        delivery["event"],
        str(delivery["seq"]),
        delivery["type"],
        delivery["timestamp"][5:19].replace("T", " "),
        delivery["state"],
        str(len(delivery["attempts"])),
        said,
    )
