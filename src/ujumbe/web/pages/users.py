"""Who may sign in, and as what: for admins."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.role import MEANING, Role
from ujumbe.flows import staff, welcoming
from ujumbe.flows.staff import LastAdminError
from ujumbe.store import users
from ujumbe.store.users import User
from ujumbe.web.pages import fields
from ujumbe.web.pages.page import Administering, Page
from ujumbe.web.problems import Problem

PATH = "/settings/people"

router = APIRouter()


@router.get(PATH)
async def show(page: Administering) -> Response:
    """Show everybody."""
    return await _render(page)


@router.post(PATH)
async def add(page: Administering) -> Response:
    """Add somebody, and show their link: here and now, never again."""
    form = await page.form()
    name, role = fields.line(form, "name"), fields.line(form, "role") or Role.VIEWER
    try:
        user, secret = await page.write("add user", " ".join(name.split()), staff.add, name, _role(role))
    except InvalidInputError as error:
        return await _render(page, 422, errors={error.field: str(error)}, name=name[:100], role=role)
    return await _render(page, linked=user, link=_address(page, secret))


@router.post(PATH + "/{shown}/link")
async def link(page: Administering, shown: str) -> Response:
    """Make a new link by which somebody chooses their password, and show it."""
    user = await _find(page, shown)
    secret = await page.write("make link", user.name, welcoming.link_for, user.id)
    return await _render(page, linked=user, link=_address(page, secret))


@router.post(PATH + "/{shown}/role")
async def role(page: Administering, shown: str) -> Response:
    """Give somebody another role."""
    user, wanted = await _find(page, shown), _role(fields.line(await page.form(), "role"))
    if user.role is not wanted:
        await _guarded(page, f"make {wanted}", user, staff.set_role, wanted)
    return page.redirect(PATH, f"{user.name} is {wanted} now")


@router.post(PATH + "/{shown}/disable")
async def disable(page: Administering, shown: str) -> Response:
    """Let somebody in no more."""
    user = await _find(page, shown)
    await _guarded(page, "disable user", user, staff.disable)
    return page.redirect(PATH, f"{user.name} is disabled and signed out")


@router.post(PATH + "/{shown}/enable")
async def enable(page: Administering, shown: str) -> Response:
    """Let somebody in again."""
    user = await _find(page, shown)
    await page.write("enable user", user.name, staff.enable, user.id)
    return page.redirect(PATH, f"{user.name} may sign in again")


@router.post(PATH + "/{shown}/sign-out")
async def sign_out(page: Administering, shown: str) -> Response:
    """End all sessions of somebody."""
    user = await _find(page, shown)
    await page.write("sign out user", user.name, staff.sign_out_everywhere, user.id)
    return page.redirect(PATH, f"{user.name} is signed out everywhere")


async def _guarded(page: Page, action: str, user: User, work: Any, *args: Any) -> None:
    try:
        await page.write(action, user.name, work, user.id, *args)
    except LastAdminError as error:
        raise Problem("conflict", str(error)) from None


async def _find(page: Page, shown: str) -> User:
    user = await page.read(users.find, ids.read(Kind.USER, shown))
    if user is None:
        raise Problem("not-found", "Nobody has this id")
    return user


def _role(given: str) -> Role:
    if given not in set(Role):
        raise InvalidInputError("role", f"a role is one of {', '.join(Role)}")
    return Role(given)


def _address(page: Page, secret: str) -> str:
    return f"{page.runtime.settings.url or page.origin}/welcome/{secret}"


async def _render(page: Page, status: int = 200, **values: Any) -> Response:
    shown = {"linked": None, "link": "", "errors": {}, "name": "", "role": Role.VIEWER} | values
    everybody = await page.read(users.list_all)
    return await page.render("users.html", status=status, everybody=everybody, roles=MEANING, **shown)
