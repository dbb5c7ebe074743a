"""The webhooks: whom we tell of events, whether they listen, and who may be told."""

from typing import Final

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from ujumbe.courier import reach_of
from ujumbe.domain import ids
from ujumbe.domain.address import LONGEST, check_url
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.event import MEANING, Type
from ujumbe.domain.ids import Kind
from ujumbe.flows import endpoints
from ujumbe.store import deliveries, webhooks
from ujumbe.store.database import Tx
from ujumbe.store.deliveries import Counts
from ujumbe.store.webhooks import Webhook
from ujumbe.web.api.events import number
from ujumbe.web.pages.page import Administering, Page, Viewing
from ujumbe.web.problems import Problem

router = APIRouter()

BY_HAND: Final = "by hand"
FULL: Final = f"There are {webhooks.MOST} webhooks already; delete one first"
UNKNOWN: Final = "No webhook has this id; somebody may have deleted it"


@router.get("/webhooks")
async def show(page: Viewing) -> Response:
    """Show every endpoint with how it does."""
    found = await page.read(_standing, page.runtime.account)
    return await page.render("webhooks.html", webhooks=found)


@router.get("/webhooks/new")
async def begin(page: Administering) -> Response:
    """Show the form of a new endpoint."""
    return await _form(page, "", (), {})


@router.post("/webhooks")
async def add(page: Administering) -> Response:
    """Make an endpoint, and show its secret: this once, so the answer to the form is the page itself."""
    form = await page.form()
    url = str(form.get("url", ""))
    try:
        types = chosen(form)
        checked = check_url(url, reach_of(page.runtime.settings, dev=page.runtime.keyless))
    except InvalidInputError as error:
        return await _form(page, url[: 2 * LONGEST], form.getlist("types"), {error.field: str(error)}, status=422)
    await number(page.runtime)  # in parts, so that little is left to number where the endpoint is made
    made = await page.runtime.db.write(_create, page, checked, types)
    return await page.render("webhook_secret.html", webhook=made, rotated=False)


@router.post("/webhooks/{webhook_id}/types")
async def retype(page: Administering, webhook_id: str) -> Response:
    """Change what an endpoint is told of."""
    webhook = await find(page, webhook_id)
    types = chosen(await page.form())
    await page.write("change webhook", webhook_id, webhooks.retype, page.runtime.account, webhook.id, types)
    return page.redirect(f"/webhooks/{webhook_id}", said="Changed, for what happens from now on.")


@router.post("/webhooks/{webhook_id}/enable")
async def enable(page: Administering, webhook_id: str) -> Response:
    """Switch an endpoint on again."""
    webhook = await find(page, webhook_id)
    await page.write("enable webhook", webhook_id, webhooks.enable, page.runtime.account, webhook.id)
    return page.redirect(f"/webhooks/{webhook_id}", said="It is switched on, and goes on where it stood.")


@router.post("/webhooks/{webhook_id}/disable")
async def disable(page: Administering, webhook_id: str) -> Response:
    """Switch an endpoint off."""
    webhook = await find(page, webhook_id)
    await page.write("disable webhook", webhook_id, webhooks.disable, page.runtime.account, webhook.id, BY_HAND)
    return page.redirect(f"/webhooks/{webhook_id}", said="It is switched off. What happens meanwhile waits for it.")


@router.post("/webhooks/{webhook_id}/rotate")
async def rotate(page: Administering, webhook_id: str) -> Response:
    """Give an endpoint a new secret, shown this once."""
    webhook = await find(page, webhook_id)
    await page.write("rotate secret", webhook_id, webhooks.rotate, page.runtime.account, webhook.id)
    return await page.render("webhook_secret.html", webhook=await find(page, webhook_id), rotated=True)


@router.post("/webhooks/{webhook_id}/delete")
async def delete(page: Administering, webhook_id: str) -> Response:
    """Delete an endpoint."""
    webhook = await find(page, webhook_id)
    await page.write("delete webhook", webhook_id, webhooks.delete, page.runtime.account, webhook.id)
    return page.redirect("/webhooks", said="The webhook is deleted.")


@router.post("/webhooks/{webhook_id}/test")
async def test(page: Administering, webhook_id: str) -> Response:
    """Send an endpoint a `webhook.test`, and tell what it said."""
    webhook = await find(page, webhook_id)
    secrets, document = await page.write("test webhook", webhook_id, endpoints.trial, webhook)
    answer = await page.runtime.courier.post(webhook.url, secrets, document)
    told = f"Delivered: it answered {answer.status}" if answer.delivered else f"Not delivered: {answer.error}"
    return page.redirect(f"/webhooks/{webhook_id}", said=f"{told} (after {answer.took_ms:,} ms).")


async def find(page: Page, webhook_id: str) -> Webhook:
    """An endpoint of this account. Raises `Problem` where there is none."""
    found = await page.read(webhooks.find, page.runtime.account, ids.read(Kind.WEBHOOK, webhook_id))
    if found is None:
        raise Problem("not-found", UNKNOWN)
    return found


def chosen(form: FormData) -> tuple[Type, ...]:
    """The types that were ticked; all of them count as none: types of later versions are told too.

    Raises `InvalidInputError`.
    """
    given = [str(each) for each in form.getlist("types")]
    if set(given) - set(Type):
        raise InvalidInputError("types", "choose among the types of this page")
    return () if set(given) == set(Type) else tuple(map(Type, given))


def _standing(tx: Tx, account: int) -> list[tuple[Webhook, Counts]]:
    return [(each, deliveries.counts(tx, each.id)) for each in webhooks.list_all(tx, account)]


def _create(tx: Tx, page: Page, url: str, types: tuple[Type, ...]) -> Webhook:
    made = webhooks.create(tx, page.runtime.account, url, types)
    if made is None:
        raise Problem("conflict", FULL)
    page.note(tx, "add webhook", ids.show(Kind.WEBHOOK, made.id))
    return made


async def _form(page: Page, url: str, types: object, wrong: dict[str, str], *, status: int = 200) -> Response:
    values = {"url": url, "types": types, "wrong": wrong, "meanings": MEANING}
    return await page.render("webhook_new.html", status=status, **values)
