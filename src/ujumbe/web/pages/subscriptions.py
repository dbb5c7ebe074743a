"""Premium products: who is subscribed now, who was, and joining and leaving through Africa's Talking."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import ids, phone
from ujumbe.domain import sender as senders
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.flows import subscribing
from ujumbe.store import audit, drifts, subscriptions
from ujumbe.store.database import Tx
from ujumbe.store.drifts import Compared
from ujumbe.store.subscriptions import Filters, Product, Source, Subscription
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.pages.provider import Trouble, asked
from ujumbe.web.problems import Problem

router = APIRouter()

PER_PAGE: Final = 50
MOST_PRODUCTS: Final = 200
COUNTED: Final = 10_001
"""As far as subscribers are counted on the list of products: above it a page says 10,000+."""
COUNTED_OF_MANY: Final = 1_001
FEW: Final = 10
"""Up to so many products each is counted to `COUNTED`, so that the whole page counts a hundred thousand at most."""
COUNTED_OF_ONE: Final = 50_001
MOST_OF_NUMBER: Final = 200
LONGEST_KEYWORD: Final = 100
TOLD: Final = {
    Source.CALLBACK: "Africa's Talking's notice",
    Source.SYNC: "Africa's Talking's list",
    Source.REPORT: "a delivery report",
    Source.API: "asked for here",
}
"""Who told us, in words."""

Word = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as the pages show it; `live` is counted up to `counted`."""

    product: Product
    live: int
    counted: int
    compared: Compared | None

    @property
    def path(self) -> str:
        """Where its own page is."""
        return path_of(self.product)

    @property
    def compose(self) -> str:
        """Where a text to its subscribers is written."""
        return "/compose?" + urlencode(
            {"kind": "premium", "keyword": self.product.keyword, "from": self.product.short_code}
        )


def path_of(product: Product, **more: str) -> str:
    """The address of a product's page."""
    return "/subscriptions/product?" + urlencode({**product._asdict(), **more})


@router.get("/subscriptions")
async def list_products(page: Viewing) -> Response:
    """List the products that anybody is or was subscribed to."""
    offers = await page.read(_offers, page.runtime.account)
    return await page.render(
        "subscriptions.html",
        offers=offers,
        more=len(offers) == MOST_PRODUCTS,
        short_code=page.runtime.settings.at_shortcode,
        operates=page.viewer.may(Role.OPERATOR),
    )


@router.get("/subscriptions/product")
async def show_product(
    page: Viewing, short_code: Word, keyword: Word = "", show: Word = "", q: Word = "", cursor: Word = ""
) -> Response:
    """Show who is subscribed to one product, or everybody who ever was."""
    product, everybody = Product(storable(short_code), storable(keyword)), show == "all"
    before = ids.read(Kind.SUBSCRIPTION, cursor, field="cursor") if cursor else None
    number, hint = None, ""
    if q.strip():
        try:
            number = _parsed(page, storable(q))
        except InvalidInputError as error:
            hint = f"No whole number can be read from this: {error}"
    found, offer = await page.read(_members, page.runtime.account, product, number, before, ever=everybody)
    if not found and offer is None and not number:
        raise Problem("not-found", "Nobody ever subscribed to this product")
    shown = found[:PER_PAGE]
    more = len(found) > PER_PAGE
    return await page.render(
        "subscription_product.html",
        offer=offer,
        product=product,
        members=[] if hint else shown,
        everybody=everybody,
        q=q,
        hint=hint,
        told=TOLD,
        other=path_of(product, **({} if everybody else {"show": "all"})),
        first=page.query(cursor=None) if cursor else None,
        next=page.query(cursor=ids.show(Kind.SUBSCRIPTION, shown[-1].id)) if more and not hint else None,
        operates=page.viewer.may(Role.OPERATOR),
    )


@router.get("/subscriptions/new")
async def ask_new(page: Operating, short_code: Word = "", keyword: Word = "") -> Response:
    """Show the form that subscribes somebody."""
    code = short_code or page.runtime.settings.at_shortcode
    return await _new(page, {"number": "", "short_code": code, "keyword": keyword})


@router.post("/subscriptions/new")
async def add(page: Operating) -> Response:
    """Ask Africa's Talking to subscribe a number."""
    form = await page.form()
    given = {name: storable(str(form.get(name, ""))).strip() for name in ("number", "short_code", "keyword")}
    errors: dict[str, str] = {}
    number = code = ""
    try:
        number = _parsed(page, given["number"])
    except InvalidInputError as error:
        errors["number"] = _sentence(error)
    try:
        code = senders.check(given["short_code"], field="short_code")
    except InvalidInputError as error:
        errors["short_code"] = _sentence(error)
    if not given["short_code"]:
        errors["short_code"] = "Give the short code of the product, as in 12345"
    if not given["keyword"] or len(given["keyword"]) > LONGEST_KEYWORD:
        errors["keyword"] = f"A keyword has 1 to {LONGEST_KEYWORD} characters, as in NEWS"
    if errors:
        return await _new(page, given, errors, 422)
    runtime, product = page.runtime, Product(code, given["keyword"])
    came = await asked(subscribing.subscribe(runtime.db, runtime.client, runtime.account, product, number))
    if isinstance(came, Trouble):
        return await _new(page, given, {"": came.text}, came.status)
    shown = "" if came.subscription is None else ids.show(Kind.SUBSCRIPTION, came.subscription.id)
    viewer = page.viewer
    await runtime.db.write(audit.add, runtime.account, viewer.user, viewer.name, "add subscription", shown)
    if came.subscription is None:
        said = f"{_says(page, came.description)} It stands here once the person agrees on the phone."
        return page.redirect("/subscriptions", said)
    return page.redirect(path_of(product), f"Subscribed. {_says(page, came.description)}")


@router.get("/subscriptions/{subscription}")
async def show_subscription(page: Viewing, subscription: str) -> Response:
    """Show one subscription, and whatever else its number subscribed to."""
    return await _one(page, subscription)


@router.post("/subscriptions/{subscription}/end")
async def end(page: Operating, subscription: str) -> Response:
    """Ask Africa's Talking to end a subscription."""
    runtime, viewer = page.runtime, page.viewer
    found = await _found(page, subscription)
    place = f"/subscriptions/{subscription}"
    if found.ended_at is not None:
        return page.redirect(place, "It had ended before; Africa's Talking was not asked.")
    product = Product(found.short_code, found.keyword)
    came = await asked(subscribing.unsubscribe(runtime.db, runtime.client, runtime.account, product, found.number))
    if isinstance(came, Trouble):
        return await _one(page, subscription, came)
    await runtime.db.write(audit.add, runtime.account, viewer.user, viewer.name, "end subscription", subscription)
    return page.redirect(place, f"Ended. {_says(page, came)}")


def _offers(tx: Tx, account: int) -> list[Offer]:
    named = subscriptions.product_names(tx, account, MOST_PRODUCTS)
    most = COUNTED if len(named) <= FEW else COUNTED_OF_MANY
    return [_offer(tx, account, each, most) for each in named]


def _offer(tx: Tx, account: int, product: Product, most: int) -> Offer:
    live = subscriptions.count_live(tx, account, product, most)
    return Offer(product, live, most, drifts.find(tx, account, product))


def _members(
    tx: Tx, account: int, product: Product, number: str | None, before: int | None, *, ever: bool
) -> tuple[list[Subscription], Offer | None]:
    """A page of subscribers and one more, and the product; None for one that nobody ever subscribed to."""
    if number is None:
        found = subscriptions.product_page(tx, account, product, ever=ever, before=before, limit=PER_PAGE + 1)
    else:
        filters = Filters(*product, number, None if ever else True)
        found = subscriptions.list_page(tx, account, filters, before=before, limit=PER_PAGE + 1)
    known = found or subscriptions.product_page(tx, account, product, ever=True, before=None, limit=1)
    if not known:
        return [], None
    spelled = product._replace(keyword=subscriptions.spelling(tx, account, product))
    return found, _offer(tx, account, spelled, COUNTED_OF_ONE)


async def _one(page: Page, subscription: str, trouble: Trouble | None = None) -> Response:
    found = await _found(page, subscription)
    of_number = Filters(number=found.number)
    every = await page.read(subscriptions.list_page, page.runtime.account, of_number, before=None, limit=MOST_OF_NUMBER)
    return await page.render(
        "subscription.html",
        status=trouble.status if trouble else 200,
        this=found,
        path=path_of(Product(found.short_code, found.keyword)),
        others=[each for each in every if each.id != found.id],
        told=TOLD,
        trouble=trouble,
        operates=page.viewer.may(Role.OPERATOR),
    )


async def _found(page: Page, subscription: str) -> Subscription:
    number = ids.read(Kind.SUBSCRIPTION, subscription)
    found = await page.read(subscriptions.find, page.runtime.account, number)
    if found is None:
        raise Problem("not-found", "No subscription has this id")
    return found


async def _new(page: Page, given: dict[str, str], errors: dict[str, str] | None = None, status: int = 200) -> Response:
    return await page.render("subscription_new.html", status=status, given=given, errors=errors or {})


def _parsed(page: Page, number: str) -> str:
    return phone.parse_query(number, field="number", default_country=page.runtime.settings.default_country)


def _says(page: Page, description: str) -> str:
    """AT's own words, as this viewer may see them."""
    words = phone.hide_all(description) if page.viewer.masked else description
    return f"Africa's Talking says: {words.rstrip('.') or 'done'}."


def _sentence(error: Exception) -> str:
    return str(error)[:1].upper() + str(error)[1:]
