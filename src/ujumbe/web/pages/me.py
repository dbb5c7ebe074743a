"""One's own sessions and password."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.domain import ids
from ujumbe.domain import user as rules
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.flows import signing_in
from ujumbe.flows.signing_in import WaitError, WrongError
from ujumbe.store import sessions, users
from ujumbe.store.database import Tx
from ujumbe.store.users import User
from ujumbe.web import passwords
from ujumbe.web.pages import access, signed_out, user_agent
from ujumbe.web.pages.fields import raw
from ujumbe.web.pages.page import Page, Viewing
from ujumbe.web.problems import Problem

PATH = "/settings/me"

router = APIRouter()


@router.get(PATH)
async def show(page: Viewing) -> Response:
    """Show where one is signed in."""
    if page.viewer.user is None:
        return page.redirect("/settings")  # `ujumbe dev`: nobody signs in
    return await _render(page, page.viewer.user)


@router.post(PATH + "/sessions/{shown}/end")
async def end(page: Viewing, shown: str) -> Response:
    """Sign one of one's browsers out."""
    session = ids.read(Kind.SESSION, shown)
    if page.viewer.user is not None:
        await page.write("end session", "", _end, page.viewer.user, session)
    return page.redirect(PATH, "That browser is signed out")


@router.post(PATH + "/sessions/end")
async def end_others(page: Viewing) -> Response:
    """Sign all of one's other browsers out."""
    if page.viewer.user is not None:
        but = page.request.state.session
        await page.write("end other sessions", "", sessions.end_all, page.viewer.user, but=but)
    return page.redirect(PATH, "All other browsers are signed out")


@router.post(PATH + "/password")
async def change_password(page: Viewing) -> Response:
    """Change one's password: the one so far is asked for, and guesses at it are bounded as at signing in."""
    if page.viewer.user is None:
        return page.redirect("/settings")
    try:
        user, hashed = await _chosen(page)
        but = page.request.state.session
        await page.write("change password", "", signing_in.change_password, user, hashed, but=but)
    except WaitError as early:
        wait = {"current": f"too many tries; try again in {early.seconds} seconds"}
        return await _render(page, page.viewer.user, 429, errors=wait)
    except WrongError:
        wrong = {"current": "this is not your password so far"}
        return await _render(page, page.viewer.user, 422, errors=wrong)
    except InvalidInputError as error:
        return await _render(page, page.viewer.user, 422, errors={error.field: str(error)})
    return page.redirect(PATH, "Your password is changed, and all other browsers are signed out")


async def _chosen(page: Page) -> tuple[User, str]:
    """Who changes their password, and the hash of the new one. Raises as its parts do."""
    form, address = await signed_out.form_of(page.request), access.client_of(page.request)
    user = await page.runtime.db.write(signing_in.knock, page.viewer.name, address)
    kept = user.password_hash if user is not None else None
    verdict = await passwords.verify(page.runtime, kept, raw(form, "current"))
    if user is None or not verdict.right:
        raise WrongError("not the password so far")
    await page.runtime.db.write(signing_in.take_back, user, address)
    typed = rules.chosen(raw(form, "password"), raw(form, "again"), user.name)
    return user, await passwords.hashed(page.runtime, typed)


def _end(tx: Tx, user: int, session: int) -> None:
    if not sessions.end(tx, user, session):
        raise Problem("not-found", "That browser was signed out before")


async def _render(page: Page, user: int, status: int = 200, **values: Any) -> Response:
    return await page.render(
        "me.html",
        status=status,
        me=await page.read(users.find, user),
        sessions=await page.read(sessions.of_user, user),
        here=page.request.state.session,
        browser=user_agent.browser,
        **({"errors": {}} | values),
    )
