"""Signing in and out."""

import re
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from ujumbe.flows import signing_in
from ujumbe.flows.signing_in import WaitError, WrongError
from ujumbe.runtime import Runtime
from ujumbe.store import users
from ujumbe.web import passwords
from ujumbe.web.pages import access, signed_out
from ujumbe.web.pages.access import SignInNeededError, viewer_of
from ujumbe.web.pages.fields import line, raw
from ujumbe.web.pages.page import HEADERS

LONGEST_NEXT: Final = 2_000
_OURS: Final = re.compile(r"/(?!/)[!-\[\]-~]*")
"""A path of this site: browsers read `//name` and `/\\name` as another one."""

router = APIRouter()
log = structlog.get_logger()


def ours(path: str) -> str:
    """Where to go on after signing in: `path` if it is one of this site, else the overview."""
    return path if len(path) <= LONGEST_NEXT and _OURS.fullmatch(path) else "/"


@router.get("/sign-in")
async def show(request: Request, next: Annotated[str, Query()] = "/") -> Response:  # noqa: A002 - its name in addresses
    """Show the form; whoever is signed in goes on."""
    runtime: Runtime = request.app.state.runtime
    try:
        await viewer_of(request, runtime)
    except SignInNeededError:
        ready = await runtime.db.read(users.any_ready)
        return await signed_out.render(
            request, "sign_in.html", next=ours(next), ready=ready, name="", wait=0, wrong=False
        )
    return RedirectResponse(ours(next), 303, HEADERS)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Sign in: always a new session, never the one that the browser came with."""
    runtime: Runtime = request.app.state.runtime
    access.refuse_foreign(request, runtime)
    form = await signed_out.form_of(request)
    name, address, then = (
        line(form, "name"),
        access.client_of(request),
        ours(line(form, "next")),
    )

    async def again(status: int, *, wait: int = 0) -> Response:
        log.warning("a sign-in was refused", client=address, wait=wait)
        shown = {"next": then, "ready": True, "name": name[:100], "wait": wait, "wrong": not wait}
        return await signed_out.render(request, "sign_in.html", status, wait, **shown)

    try:
        user = await runtime.db.write(signing_in.knock, name, address)
    except WaitError as early:
        return await again(429, wait=early.seconds)
    kept = user.password_hash if user is not None else None
    verdict = await passwords.verify(runtime, kept, raw(form, "password"))
    if user is None or not verdict.right:
        return await again(401)
    try:
        secret = await runtime.db.write(
            signing_in.let_in,
            runtime.account,
            user,
            address,
            request.headers.get("user-agent", ""),
            rehashed=verdict.rehashed,
            old=access.secret_of(request, runtime),
        )
    except WrongError:
        return await again(401)
    response = RedirectResponse(then, 303, HEADERS)
    access.keep(response, request, runtime, secret)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End this browser's session."""
    runtime: Runtime = request.app.state.runtime
    access.refuse_foreign(request, runtime)
    if secret := access.secret_of(request, runtime):
        await runtime.db.write(signing_in.sign_out, runtime.account, secret)
    response = RedirectResponse("/sign-in", 303, HEADERS)
    access.drop(response, request, runtime)
    return response
