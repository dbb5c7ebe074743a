"""`ujumbe subscriptions`: who joined and left premium products, AT's list against ours, and texts to all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from ujumbe import telemetry
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.cli.database import find_account, open_database, service_on
from ujumbe.cli.outbox import TAKEN, UNDER_WAY, Look, Seen, carry_out, sender_for, tell_of_waiting
from ujumbe.cli.output import AsJson, out, print_json, print_table
from ujumbe.domain import ids, phone, text
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError, SettingsError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.moment import show as show_moment
from ujumbe.flows import accepting, reconciling, subscribing
from ujumbe.flows.accepting import Order, Request
from ujumbe.flows.reconciling import Drift
from ujumbe.flows.subscribing import Asked
from ujumbe.settings import Settings
from ujumbe.store import accounts, batches, subscriptions
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Database, Tx
from ujumbe.store.messages import LARGEST_PAGE
from ujumbe.store.subscriptions import Filters, Offered, Product, Subscription

app = typer.Typer(
    help="Premium products: who is subscribed, AT's list against ours, and texts to all subscribers.",
    no_args_is_help=True,
)

T = TypeVar("T")
MOST_HOURS = 72
FINE = TAKEN | {State.BLOCKED}

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="As in +254711000111.")]
Keyword = Annotated[str, typer.Argument(metavar="KEYWORD", help="The product's keyword, as in NEWS.")]
ShortCode = Annotated[str | None, typer.Option(help="Its short code. [default: AT_SHORTCODE]")]


@app.command("list")
def list_subscriptions(
    short_code: Annotated[str | None, typer.Option(help="Only of this short code.")] = None,
    keyword: Annotated[str | None, typer.Option(help="Only of this keyword.")] = None,
    number: Annotated[str | None, typer.Option("--phone", help="Only of this number.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--ended", help="Only those that run, or only those that ended.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=LARGEST_PAGE, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List subscriptions, ended ones too, newest first."""
    settings = Settings.load()
    parsed = (
        None if number is None else phone.parse_query(number, field="--phone", default_country=settings.default_country)
    )
    filters = Filters(short_code, keyword, parsed, active)

    async def run() -> list[Subscription]:
        async with open_database(settings) as db:
            account = await find_account(db, settings)
            return await db.read(subscriptions.list_page, account, filters, before=None, limit=limit)

    found = [_document(each) for each in asyncio.run(run())]
    if as_json:
        print_json(found)
    elif not found:
        out.print("No subscriptions.")
    else:
        columns = ("id", "phone", "short_code", "keyword", "since", "source", "until", "ended_by")
        print_table(columns, [[_short(each[name]) for name in columns] for each in found])


@app.command()
def products(as_json: AsJson = False) -> None:
    """List the products that anybody is or was subscribed to, each with how many are now."""
    settings = Settings.load()

    async def run() -> list[Offered]:
        async with open_database(settings) as db:
            return await db.read(subscriptions.products, await find_account(db, settings))

    found = asyncio.run(run())
    if as_json:
        print_json([{**each.product._asdict(), "live": each.live} for each in found])
    elif not found:
        out.print("No products: nobody has subscribed to anything yet.")
    else:
        print_table(("short code", "keyword", "live"), [(*each.product, f"{each.live:,}") for each in found])


@app.command()
def add(number: Number, keyword: Keyword, short_code: ShortCode = None, as_json: AsJson = False) -> None:
    """Ask Africa's Talking to subscribe a number. Where the person has to agree first, AT's callback tells of it."""
    settings = Settings.load()
    product, parsed = _product(settings, short_code, keyword), _number(settings, number)

    async def ask(db: Database, client: AfricasTalking, account: int) -> Asked:
        return await subscribing.subscribe(db, client, account, product, parsed)

    asked = _ask(settings, ask)
    stands = None if asked.subscription is None else _document(asked.subscription)
    if as_json:
        state = "waiting" if stands is None else "active"
        print_json({"state": state, "description": asked.description, "subscription": stands})
        return
    out.print(f"Africa's Talking says: {asked.description or 'done'}", markup=False)
    out.print("It is told by a callback once the person agrees." if stands is None else f"{stands['id']} is active.")


@app.command()
def remove(number: Number, keyword: Keyword, short_code: ShortCode = None, as_json: AsJson = False) -> None:
    """Ask Africa's Talking to end the subscription of a number."""
    settings = Settings.load()
    product, parsed = _product(settings, short_code, keyword), _number(settings, number)

    async def ask(db: Database, client: AfricasTalking, account: int) -> str:
        return await subscribing.unsubscribe(db, client, account, product, parsed)

    description = _ask(settings, ask)
    if as_json:
        print_json({"description": description})
    else:
        out.print(f"Africa's Talking says: {description or 'done'}", markup=False)


@app.command()
def sync(
    short_code: Annotated[str | None, typer.Option(help="Only this one. [default: all, or AT_SHORTCODE]")] = None,
    keyword: Annotated[str | None, typer.Option(help="Only this one. [default: all that are known]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare our subscriptions with Africa's Talking's lists, and start and end here what differs."""
    settings = Settings.load()
    code = senders.check(short_code or "", field="--short-code")
    if keyword is not None:
        code, keyword = _product(settings, short_code, keyword)

    async def ask(db: Database, client: AfricasTalking, account: int) -> list[Drift]:
        chosen = await reconciling.chosen(db, account, code, keyword or "")
        return [await reconciling.sync(db, client, account, each, record=not dry_run) for each in chosen]

    found = _ask(settings, ask)
    if as_json:
        each_product = [
            {**each.product._asdict(), "listed": each.listed, "live": each.live, "started": each.started,
             "ended": each.ended}
            for each in found
        ]  # fmt: skip
        totals = {"started": sum(len(each.started) for each in found), "ended": sum(len(each.ended) for each in found)}
        print_json({"products": each_product, **totals, "dry_run": dry_run})
    elif not found:
        out.print("No products are known yet; name one with --keyword.")
    else:
        columns = ("short code", "keyword", "listed", "live", "started", "ended")
        print_table(columns, [(*each.product, *map(str, _counts(each))) for each in found])
        for each in found:
            for what, numbers in (("started", each.started), ("ended", each.ended)):
                for number in numbers:
                    out.print(f"{each.product.keyword}: {what} {phone.mask(number)}", markup=False)
        if dry_run:
            out.print("Nothing was changed.")


@app.command()
def send(
    keyword: Keyword,
    content: Annotated[str, typer.Argument(metavar="TEXT", help="What they get.")],
    short_code: ShortCode = None,
    retry_hours: Annotated[
        int | None, typer.Option(min=1, max=MOST_HOURS, help="Hours that AT tries to deliver. [default: AT's own]")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until Africa's Talking has taken it.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send a premium text to everybody who is subscribed now: `ujumbe subscriptions send NEWS "Rain tomorrow"`.

    It goes through the outbox as `ujumbe send` does. Exit code 1 when any was not taken, those that opted out aside.
    """
    settings = Settings.load()
    checked = text.check(content, field="TEXT")
    product = _product(settings, short_code, keyword)
    service = sender_for(settings, wait)
    telemetry.set_up("error", settings.log_format)
    batch, counts = carry_out(settings, service, _Plan(product, checked, retry_hours), wait)
    if as_json:
        print_json({"id": ids.show(Kind.BATCH, batch), "counts": counts})
    else:
        out.print(f"{ids.show(Kind.BATCH, batch)} to {sum(counts.values()):,} subscribers")
        print_table(("state", "messages"), [(state, f"{count:,}") for state, count in counts.items()])
    if UNDER_WAY & counts.keys():
        tell_of_waiting(service=service is not None)
    if counts.keys() - FINE:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be sent to the subscribers of which product."""

    product: Product
    content: str
    retry_hours: int | None

    def __call__(self, tx: Tx, account: int) -> Look[tuple[int, dict[State, int]]]:
        code, keyword = self.product
        batch = Batch(account, Source.CLI, "premium", code, self.content, keyword=keyword, retry_hours=self.retry_hours)
        [accepted] = accepting.accept_all(tx, [Request(Order(batch, [], subscribers=True))])
        if isinstance(accepted, InvalidInputError):
            raise InvalidInputError("KEYWORD", str(accepted))
        if isinstance(accepted, Exception):
            raise accepted
        return partial(_look, batch=ids.read(Kind.BATCH, accepted.document["id"]))


def _look(tx: Tx, batch: int) -> Seen[tuple[int, dict[State, int]]]:
    counts = batches.counts(tx, batch)
    total = sum(counts.values())
    return Seen(total, total - sum(counts.get(state, 0) for state in UNDER_WAY), (batch, counts))


def _ask(settings: Settings, work: Callable[[Database, AfricasTalking, int], Awaitable[T]]) -> T:
    """Do what needs the database, AT, and our account."""
    from ujumbe.cli.provider import client_of  # noqa: PLC0415 - it takes long to load, and few need it

    async def run() -> T:
        async with open_database(settings) as db, client_of(settings) as client:
            holder = service_on(settings)
            host = holder.host if holder is not None else client.api_base
            return await work(db, client, await db.write(accounts.ensure, client.username, host))

    return asyncio.run(run())


def _product(settings: Settings, short_code: str | None, keyword: str) -> Product:
    holder = service_on(settings)
    default = holder.short_code if holder is not None and holder.short_code else settings.at_shortcode
    code = senders.check(default if short_code is None else short_code, field="--short-code")
    if not code:
        raise SettingsError("AT_SHORTCODE is not set; set it or give --short-code")
    word = text.storable(keyword.strip())
    if not word:
        raise InvalidInputError("KEYWORD", "the keyword is empty")
    return Product(code, word)


def _number(settings: Settings, number: str) -> str:
    return phone.parse_query(number, field="NUMBER", default_country=settings.default_country)


def _counts(drift: Drift) -> tuple[int, int, int, int]:
    return drift.listed, drift.live, len(drift.started), len(drift.ended)


def _document(stored: Subscription) -> dict[str, Any]:
    return {
        "id": ids.show(Kind.SUBSCRIPTION, stored.id),
        "phone": stored.number,
        "short_code": stored.short_code,
        "keyword": stored.keyword,
        "active": stored.ended_at is None,
        "since": show_moment(stored.started_at),
        "until": None if stored.ended_at is None else show_moment(stored.ended_at),
        "source": stored.source,
        "ended_by": stored.ended_by,
    }


def _short(value: str | None) -> str:
    return "" if value is None else str(value)
