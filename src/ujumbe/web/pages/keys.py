"""API keys: made, shown once, revoked."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.text import storable
from ujumbe.store import api_keys
from ujumbe.store.api_keys import ApiKey, Scope
from ujumbe.store.database import Tx
from ujumbe.web.pages.page import Administering, Page
from ujumbe.web.problems import Problem

router = APIRouter()

LONGEST_NAME: Final = 60
MEANING: Final = {
    Scope.SEND: "sends and cancels texts, handles opt-outs and subscriptions",
    Scope.READ: "reads messages, incoming texts, events and the rest",
    Scope.ADMIN: "all of that; changes rules and webhooks, pauses sending, erases people",
}


@router.get("/settings/keys")
async def show(page: Administering) -> Response:
    """Show every key; the keys themselves are not kept."""
    return await _show(page, "", (Scope.SEND, Scope.READ), {})


@router.post("/settings/keys")
async def create(page: Administering) -> Response:
    """Make a key and show it: this once, so the answer to the form is the page itself."""
    form = await page.form()
    name = storable(str(form.get("name", "")).strip())
    given = [str(each) for each in form.getlist("scopes")]
    wrong = {}
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        wrong["name"] = f"Say in 1 to {LONGEST_NAME} characters what it is for: so you know later which one to revoke"
    if not given or set(given) - set(Scope):
        wrong["scopes"] = "Tick what the key may do"
    if wrong:
        return await _show(page, name[: 2 * LONGEST_NAME], given, wrong, status=422)
    key, secret = await page.runtime.db.write(_create, page, name, frozenset(map(Scope, given)))
    return await page.render("key_secret.html", key=key, secret=secret)


@router.post("/settings/keys/{key_id}/revoke")
async def revoke(page: Administering, key_id: str) -> Response:
    """Revoke a key: requests with it are refused from now on."""
    await page.write("revoke key", key_id, _revoke, ids.read(Kind.KEY, key_id))
    return page.redirect("/settings/keys", said="The key is revoked: requests with it are refused from now on.")


async def _show(page: Page, name: str, chosen: object, wrong: dict[str, str], *, status: int = 200) -> Response:
    keys = await page.read(api_keys.list_all)
    return await page.render(
        "keys.html",
        status=status,
        keys=sorted(keys, key=lambda each: (each.revoked_at is not None, -each.id)),
        scopes=MEANING,
        name=name,
        chosen=chosen,
        wrong=wrong,
        keyless=page.runtime.keyless,
    )


def _create(tx: Tx, page: Page, name: str, scopes: frozenset[Scope]) -> tuple[ApiKey, str]:
    key, secret = api_keys.create(tx, name, scopes)
    page.note(tx, "create key", ids.show(Kind.KEY, key.id))
    return key, secret


def _revoke(tx: Tx, key: int) -> None:
    if not api_keys.revoke(tx, key):
        raise Problem("not-found", "No key in force has this id; it may have been revoked before")
