"""/v1/subscriptions: who joined and left which premium product; joining and leaving through AT; AT's list and ours."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ujumbe.africastalking.errors import NotTakenError, ProviderError, Taken
from ujumbe.domain import ids, phone
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.moment import to_datetime
from ujumbe.domain.text import storable
from ujumbe.flows import reconciling, subscribing
from ujumbe.flows.reconciling import ListError
from ujumbe.flows.subscribing import DeclinedError
from ujumbe.runtime import Runtime
from ujumbe.store import subscriptions
from ujumbe.store.subscriptions import Filters, Product
from ujumbe.web.api.access import Cursor, Limit, Live, needs, page_end, page_start
from ujumbe.web.problems import Problem

router = APIRouter(tags=["subscriptions"])

Read = [Depends(needs("read"))]
Send = [Depends(needs("send"))]
T = TypeVar("T")

Keyword = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(storable)
]
ShortCode = Annotated[str, StringConstraints(max_length=40)]
Word = Annotated[str | None, Query(max_length=100), AfterValidator(lambda each: each and storable(each))]
"""Of what is looked for; PostgreSQL takes no NUL."""


class Subscription(BaseModel):
    """One period of a subscription; `until` is null while it runs."""

    id: str
    phone: str
    short_code: str
    keyword: str
    active: bool
    since: datetime
    until: datetime | None
    source: subscriptions.Source = Field(description="Who told us that it began")
    ended_by: subscriptions.Source | None = Field(description="Who told us that it ended")


class Page(BaseModel):
    """Subscriptions, ended ones too, newest first; `next` is the cursor of the following page."""

    items: list[Subscription]
    next: str | None


class Offered(BaseModel):
    """A short code and keyword that somebody is or was subscribed to, and how many are now."""

    short_code: str
    keyword: str
    live: int


class Products(BaseModel):
    """All products, by short code and keyword."""

    items: list[Offered]


class NewSubscription(BaseModel):
    """Whom to subscribe to what; the short code is AT_SHORTCODE when left out."""

    model_config = ConfigDict(extra="forbid")

    keyword: Keyword
    phone: Annotated[str, StringConstraints(max_length=100)]
    short_code: ShortCode | None = None


class Asked(BaseModel):
    """What AT said. `waiting`: the person has not agreed yet, and AT's callback will tell when they do."""

    state: str = Field(description="`active` or `waiting`")
    description: str = Field(description="AT's own words")
    subscription: Subscription | None


class Which(BaseModel):
    """What to compare: one product, those of a short code, or all; and whether to record what differs."""

    model_config = ConfigDict(extra="forbid")

    short_code: ShortCode | None = None
    keyword: Keyword | None = None
    dry_run: bool = Field(False, strict=True, description="Only tell what differs")


class Drift(BaseModel):
    """How one product differed from AT's list: who was started and who was ended here by it."""

    short_code: str
    keyword: str
    listed: int = Field(description="How many AT lists")
    live: int = Field(description="How many were subscribed here")
    started: list[str]
    ended: list[str]


class Synced(BaseModel):
    """What differed, by product, and how many that were."""

    products: list[Drift]
    started: int
    ended: int
    dry_run: bool


@router.get("/subscriptions", dependencies=Read)
async def list_subscriptions(
    runtime: Live,
    short_code: Word = None,
    keyword: Word = None,
    phone_: Annotated[str | None, Query(alias="phone", max_length=40)] = None,
    active: Annotated[bool | None, Query(description="Only those that run; or only those that ended")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page:
    """List subscriptions, newest first."""
    number = None if phone_ is None else _parsed(runtime, phone_)
    before = page_start(cursor, Kind.SUBSCRIPTION)
    filters = Filters(short_code, keyword, number, active)
    found = await runtime.db.read(subscriptions.list_page, runtime.account, filters, before=before, limit=limit + 1)
    items = [_show(each) for each in found[:limit]]
    return Page(items=items, next=page_end([each.id for each in items], len(found)))


@router.get("/subscriptions/products", dependencies=Read)
async def list_products(runtime: Live) -> Products:
    """List the products that somebody is or was subscribed to, each with how many are now."""
    found = await runtime.db.read(subscriptions.products, runtime.account)
    return Products(items=[Offered(**each.product._asdict(), live=each.live) for each in found])


@router.post("/subscriptions", dependencies=Send, status_code=201, responses={202: {"model": Asked}})
async def create_subscription(runtime: Live, body: NewSubscription, response: Response) -> Asked:
    """Ask AT to subscribe a number. 202 where the person still has to agree: AT's callback tells when they do."""
    product, number = Product(_short_code(runtime, body.short_code), body.keyword), _parsed(runtime, body.phone)
    asked = await _told(subscribing.subscribe(runtime.db, runtime.client, runtime.account, product, number))
    if asked.subscription is None:
        response.status_code = 202
        return Asked(state="waiting", description=asked.description, subscription=None)
    return Asked(state="active", description=asked.description, subscription=_show(asked.subscription))


@router.post("/subscriptions/sync", dependencies=Send)
async def sync_subscriptions(runtime: Live, body: Which | None = None) -> Synced:
    """Compare our subscriptions with AT's lists, and start and end here what differs. It lasts as long as the lists."""
    which = body or Which.model_validate({})
    code = which.short_code or ""
    if which.keyword or code:
        code = _short_code(runtime, which.short_code)
    drifts = []
    for product in await reconciling.chosen(runtime.db, runtime.account, code, which.keyword or ""):
        work = reconciling.sync(runtime.db, runtime.client, runtime.account, product, record=not which.dry_run)
        drifts.append(_drift(await _told(work)))
    return Synced(
        products=drifts,
        started=sum(len(each.started) for each in drifts),
        ended=sum(len(each.ended) for each in drifts),
        dry_run=which.dry_run,
    )


@router.delete("/subscriptions/{subscription_id}", dependencies=Send)
async def delete_subscription(runtime: Live, subscription_id: str) -> Subscription:
    """Ask AT to end a subscription. One that has ended is shown as it is, and AT is not asked."""
    number = ids.read(Kind.SUBSCRIPTION, subscription_id)
    found = await _found(runtime, number)
    if found.ended_at is not None:
        return _show(found)
    product = Product(found.short_code, found.keyword)
    await _told(subscribing.unsubscribe(runtime.db, runtime.client, runtime.account, product, found.number))
    return _show(await _found(runtime, number))


async def _found(runtime: Runtime, subscription_id: int) -> subscriptions.Subscription:
    found = await runtime.db.read(subscriptions.find, runtime.account, subscription_id)
    if found is None:
        raise Problem("not-found", "No subscription has this id")
    return found


async def _told(work: Awaitable[T]) -> T:
    """What came of asking AT; a problem that says what AT said, or that nobody knows whether AT did it."""
    try:
        return await work
    except (DeclinedError, ListError) as error:
        raise Problem("provider-failed", str(error)) from None
    except NotTakenError as error:
        raise Problem("provider-unreachable", str(error)) from None
    except ProviderError as error:
        if error.taken is Taken.ANSWERED:
            raise Problem("provider-failed", str(error)) from None
        hint = "its callback tells if it did, and POST /v1/subscriptions/sync asks for its list"
        raise Problem("provider-unclear", f"{error}; {hint}") from None


def _short_code(runtime: Runtime, given: str | None) -> str:
    code = senders.check(given or runtime.settings.at_shortcode, field="short_code")
    if not code:
        raise InvalidInputError("short_code", "set AT_SHORTCODE or give one")
    return code


def _parsed(runtime: Runtime, number: str) -> str:
    return phone.parse_query(number, field="phone", default_country=runtime.settings.default_country)


def _drift(found: reconciling.Drift) -> Drift:
    return Drift(
        short_code=found.product.short_code,
        keyword=found.product.keyword,
        listed=found.listed,
        live=found.live,
        started=found.started,
        ended=found.ended,
    )


def _show(stored: subscriptions.Subscription) -> Subscription:
    return Subscription(
        id=ids.show(Kind.SUBSCRIPTION, stored.id),
        phone=stored.number,
        short_code=stored.short_code,
        keyword=stored.keyword,
        active=stored.ended_at is None,
        since=to_datetime(stored.started_at),
        until=None if stored.ended_at is None else to_datetime(stored.ended_at),
        source=stored.source,
        ended_by=stored.ended_by,
    )
