"""Premium products, and who is or was subscribed to each."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.domain.text import storable
from ujumbe.store import drifts, subscriptions
from ujumbe.store.database import Tx
from ujumbe.store.drifts import Compared
from ujumbe.store.subscriptions import Filters, Product, Source, Subscription
from ujumbe.web.pages.page import Viewing
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
    page: Viewing, short_code: Word, keyword: Word = "", show: Word = "", q: Word = "", before: Word = ""
) -> Response:
    """Show who is subscribed to one product, or everybody who ever was."""
    product, everybody = Product(storable(short_code), storable(keyword)), show == "all"
    end = ids.read(Kind.SUBSCRIPTION, before, field="before") if before else None
    number, hint = None, ""
    if q.strip():
        try:
            number = page.number(storable(q))
        except InvalidInputError as error:
            hint = f"No whole number can be read from this: {error}"
    found, offer = await page.read(_members, page.runtime.account, product, number, end, ever=everybody)
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
        first=page.query(before=None) if before else None,
        next=page.query(before=ids.show(Kind.SUBSCRIPTION, shown[-1].id)) if more and not hint else None,
        operates=page.viewer.may(Role.OPERATOR),
    )


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
    filters = Filters(*product, number, None if ever else True)
    found = subscriptions.list_page(tx, account, filters, before=before, limit=PER_PAGE + 1)
    known = found or subscriptions.product_page(tx, account, product, ever=True, before=None, limit=1)
    if not known:
        return [], None
    spelled = product._replace(keyword=subscriptions.spelling(tx, account, product))
    return found, _offer(tx, account, spelled, COUNTED_OF_ONE)
