"""One subscription: shown, begun and ended through Africa's Talking."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids, phone
from ujumbe.domain import sender as senders
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import Role
from ujumbe.flows import subscribing
from ujumbe.store import subscriptions
from ujumbe.store.subscriptions import Filters, Product, Subscription
from ujumbe.web.pages.fields import checked, line
from ujumbe.web.pages.page import Operating, Page, Viewing
from ujumbe.web.pages.provider import Trouble, asked
from ujumbe.web.pages.subscriptions import TOLD, Word, path_of
from ujumbe.web.problems import Problem

router = APIRouter()

MOST_OF_NUMBER: Final = 200
LONGEST_KEYWORD: Final = 100


@router.get("/subscriptions/new")
async def ask_new(page: Operating, short_code: Word = "", keyword: Word = "") -> Response:
    """Show the form that subscribes somebody."""
    code = short_code or page.runtime.settings.at_shortcode
    return await _new(page, {"number": "", "short_code": code, "keyword": keyword})


@router.post("/subscriptions/new")
async def add(page: Operating) -> Response:
    """Ask Africa's Talking to subscribe a number."""
    form = await page.form()
    given = {name: line(form, name) for name in ("number", "short_code", "keyword")}
    errors: dict[str, str] = {}
    number = checked(errors, "number", lambda: page.number(given["number"]))
    code = checked(errors, "short_code", lambda: senders.check(given["short_code"], field="short_code"))
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
    await runtime.db.write(page.note, "add subscription", shown)
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
    runtime = page.runtime
    found = await _found(page, subscription)
    place = f"/subscriptions/{subscription}"
    if found.ended_at is not None:
        return page.redirect(place, "It had ended before; Africa's Talking was not asked.")
    product = Product(found.short_code, found.keyword)
    came = await asked(subscribing.unsubscribe(runtime.db, runtime.client, runtime.account, product, found.number))
    if isinstance(came, Trouble):
        return await _one(page, subscription, came)
    await runtime.db.write(page.note, "end subscription", subscription)
    return page.redirect(place, f"Ended. {_says(page, came)}")


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


def _says(page: Page, description: str) -> str:
    """AT's own words, as this viewer may see them."""
    words = phone.hide_all(description) if page.viewer.masked else description
    return f"Africa's Talking says: {words.rstrip('.') or 'done'}."
