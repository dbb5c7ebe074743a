"""Erasing a person on request: for admins, asked for twice, and not to be undone."""

from functools import partial
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.flows import erasing
from ujumbe.flows.erasing import Erased
from ujumbe.web.pages.fields import checked, line
from ujumbe.web.pages.page import Administering, Page

router = APIRouter()

PLACE: Final = "/erase"


@router.get(PLACE)
async def ask(page: Administering) -> Response:
    """Say what is erased and what is not, and ask for the number."""
    return await _ask(page, {"number": "", "again": ""})


@router.post(PLACE)
async def erase(page: Administering) -> Response:
    """Erase a person from every account of this database. Safe to repeat."""
    form = await page.form()
    given = {name: line(form, name) for name in ("number", "again")}
    errors: dict[str, str] = {}
    numbers = {name: checked(errors, name, partial(page.number, text, name)) for name, text in given.items()}
    if not errors and numbers["number"] != numbers["again"]:
        errors["again"] = "This is another number than the one above. Type both anew, so that nobody else is erased"
    if errors:
        return await _ask(page, given, errors, 422)
    # Before and not after: should the erasing break off, it stands there that it was begun.
    await page.runtime.db.write(page.note, "erase person")
    return page.redirect(PLACE, _told(await erasing.erase(page.runtime.db, numbers["number"])))


async def _ask(page: Page, given: dict[str, str], errors: dict[str, str] | None = None, status: int = 200) -> Response:
    return await page.render("erase.html", status=status, given=given, errors=errors or {})


def _told(found: Erased) -> str:
    if found == Erased():
        return "Nothing was found under that number, or it was erased before. Whatever opt-out it had is honoured."
    return (
        f"Erased: the number and texts of {found.messages:,} messages ({found.canceled:,} of them waited and were "
        f"canceled), {found.inbound:,} incoming texts, {found.callbacks:,} callbacks, {found.subscriptions:,} "
        "subscriptions. An opt-out goes on being honoured."
    )
