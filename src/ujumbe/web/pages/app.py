"""The pages as one ASGI app: their addresses, and what is shown where something is wrong."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, FastAPI, Header, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from ujumbe.runtime import Runtime
from ujumbe.web.api.events import LARGEST_SEQ
from ujumbe.web.asgi import App, Receive, Scope, Send, bounded
from ujumbe.web.failures import handle
from ujumbe.web.live import Live
from ujumbe.web.pages import (
    audit,
    batches,
    callbacks,
    compose,
    compose_trial,
    deliveries,
    erase,
    inbox,
    inbox_actions,
    keys,
    me,
    message,
    messages,
    opt_out,
    opt_out_files,
    opt_outs,
    overview,
    reviews,
    rules,
    settings,
    sign_in,
    static,
    subscription,
    subscription_drift,
    subscriptions,
    users,
    webhooks,
    welcome,
)
from ujumbe.web.pages.access import SignInNeededError, viewer_of
from ujumbe.web.pages.page import HEADERS, Viewing, banner_of
from ujumbe.web.pages.render import environment
from ujumbe.web.problems import Problem

LARGEST_BODY: Final = 16 << 20
"""Bytes: a file of a few hundred thousand opt-outs."""
NOUNS: Final = (
    overview,
    messages,
    message,
    compose,
    compose_trial,
    batches,
    inbox,
    inbox_actions,
    opt_out_files,  # /opt-outs/import and
    reviews,  # /opt-outs/reviews come before /opt-outs/{id}
    opt_outs,
    opt_out,
    erase,
    subscriptions,
    subscription_drift,
    subscription,
    rules,
    webhooks,
    deliveries,
    callbacks,
    settings,
    keys,
    users,
    me,
    audit,
    sign_in,
    welcome,
    static,
)
"""In the order of the navigation; the first that takes an address answers."""
LARGEST_OF_STRANGERS: Final = 128 << 10
"""Bytes: the few fields of a form that needs no session, and which anybody may make us read."""
STRANGERS: Final = ("/sign-in", "/sign-out", "/welcome/")
LONGEST_EVENT_ID: Final = 19
"""Digits that are read as a number."""
_UTF8: Final = re.compile(r';\s*charset="?utf-8"?\s*(;|$)')


def create_pages(runtime: Runtime, *, phones: str = "") -> App:
    """The pages over `runtime`; `phones` is where those of the local AT are, in `ujumbe dev`."""
    made = _create(runtime, phones)
    of_strangers, others = bounded(made, LARGEST_OF_STRANGERS), bounded(made, LARGEST_BODY)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        await (of_strangers if scope["path"].startswith(STRANGERS) else others)(scope, receive, send)

    return pages


def is_page(path: str) -> bool:
    """Whether an address is one of the pages', or below one."""
    return path.strip("/").partition("/")[0] in _FIRST


def _create(runtime: Runtime, phones: str) -> FastAPI:
    app = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, dependencies=[Depends(_in_utf8)]
    )
    app.state.runtime = runtime
    app.state.templates = environment()
    app.state.templates.globals |= {"phones": phones, "banner": banner_of(runtime)}
    app.state.live = Live(runtime)
    for noun in NOUNS:
        app.include_router(noun.router)
    app.add_api_route("/live", _live, methods=["GET"])
    handle(app, _page)
    app.add_exception_handler(SignInNeededError, _sign_in)
    return app


async def _in_utf8(request: Request) -> None:
    """Refuse a form in an encoding that it names itself: some take minutes to read, some make text that is none.

    Browsers write forms as the page is, in UTF-8, and name nothing. (The dependency runs before any form is read.)
    """
    given = request.headers.get("content-type", "").lower()
    named = given.count("charset")
    if named > 1 or (named and not _UTF8.search(given)):
        raise Problem("bad-request", "A form is sent in UTF-8, as browsers do")


async def _live(
    page: Viewing,
    after: Annotated[int, Query(ge=0, le=LARGEST_SEQ)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Tell an open page that something of a kind happened, from the event `after` on, or where it broke off."""
    live: Live = page.request.app.state.live
    if live.full(page.viewer.user):
        raise Problem("unavailable", "Too many pages are open", headers={"Retry-After": "30"})
    known = last_event_id.isdecimal() and len(last_event_id) <= LONGEST_EVENT_ID and int(last_event_id) <= LARGEST_SEQ
    from_ = int(last_event_id) if known else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told = _while_allowed(live.follow(page.viewer.user, from_), page.request, page.runtime)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _while_allowed(told: AsyncIterator[str], request: Request, runtime: Runtime) -> AsyncIterator[str]:
    """What the stream says, as long as whoever opened it may still look."""
    async for each in told:
        try:
            await viewer_of(request, runtime)
        except SignInNeededError:
            return
        yield each


async def _sign_in(request: Request, _error: Exception) -> Response:
    """Lead to where one signs in, and back to the page afterwards."""
    if request.method != "GET" or request.headers.get("x-live") or request.url.path == "/live":
        return await _page(
            request,
            Problem(
                "unauthorized", "Nothing was changed. Go back to what you typed and copy it, sign in, and send it again"
            ),
        )
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted)}", 303, HEADERS)


async def _page(request: Request, problem: Problem) -> Response:
    """A problem as a page of its own, which needs neither database nor viewer."""
    made = request.app.state.templates.get_template("problem.html").render(problem=problem, path=request.url.path)
    return HTMLResponse(made, problem.status, {**HEADERS, **problem.headers})


_FIRST: Final = frozenset(
    {"live", *(route.path.strip("/").partition("/")[0] for noun in NOUNS for route in noun.router.routes)}
)
