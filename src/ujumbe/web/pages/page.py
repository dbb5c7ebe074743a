"""A page that is being made: for whom, of what, and what it may do."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Request
from starlette.datastructures import URL, FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from ujumbe.domain import phone
from ujumbe.domain.moment import to_datetime
from ujumbe.domain.role import Role
from ujumbe.runtime import Runtime
from ujumbe.settings import LOOPBACK
from ujumbe.store import attention, audit, events
from ujumbe.store.accounts import SIMULATOR_HOST
from ujumbe.store.attention import Attention
from ujumbe.store.database import Tx
from ujumbe.web.pages import render
from ujumbe.web.pages.access import SignInNeededError, viewer_of
from ujumbe.web.pages.viewer import Viewer
from ujumbe.web.problems import Problem

P = ParamSpec("P")
T = TypeVar("T")

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Cache-Control": "no-store",  # a page shows numbers and texts: nothing of it stays behind
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
SAID: Final = "said"
"""The cookie with what the page after a form says once."""
ZONE: Final = "zone"
"""The cookie with the viewer's time zone, which only a script can tell."""
BROKEN_OFF: Final = "broken off: you may not see this any more\r\n"
"""The last line of a sheet that is not whole."""
MOST_FIELDS: Final = 1_000
LARGEST_FIELD: Final = 4 << 20
"""Bytes: a hundred thousand numbers pasted into a field. (10,000 are accepted: then the page can say so.)"""
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")


class Page:
    """One request for a page, or for what a form of one does."""

    def __init__(self, request: Request, runtime: Runtime, viewer: Viewer, waiting: Attention, seq: int) -> None:
        self.request = request
        self.runtime = runtime
        self.viewer = viewer
        self.waiting = waiting
        self.seq = seq
        """The number of the latest event before anything on this page was read: live goes on from there."""
        self.zone = zone_of(request)
        self.now = render.now_ms()
        """Epoch milliseconds."""

    @property
    def banner(self) -> str:
        """Where texts go from here: `simulator`, `sandbox` or `live`."""
        return banner_of(self.runtime)

    @property
    def said(self) -> str:
        """What the form before this page did, to be said once."""
        return "" if self.quietly else unquote(self.request.cookies.get(SAID, ""))[:500]

    @property
    def proof(self) -> str:
        """Who said so, as proofs name them."""
        return f"the dashboard, {self.viewer.name}"

    @property
    def quietly(self) -> bool:
        """Whether a script asks for what changed on a page that is open."""
        return self.request.headers.get("x-live") == "1"

    @property
    def path(self) -> str:
        """The path of this page."""
        return self.request.url.path

    @property
    def origin(self) -> str:
        """The address of this service as the viewer sees it, e.g. `https://sms.example.org`."""
        return str(self.request.base_url).rstrip("/")

    def query(self, **changed: object) -> str:
        """This page's address with some of its query changed; None or an empty text takes a name out."""
        url = URL(f"{self.path}?{self.request.url.query}")
        gone = [name for name, value in changed.items() if value in (None, "")]
        kept = {name: value for name, value in changed.items() if value not in (None, "")}
        return (
            str(url.include_query_params(**kept).remove_query_params(gone))
            if kept
            else str(url.remove_query_params(gone))
        )

    async def render(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """The page of this template."""
        made = self.request.app.state.templates.get_template(template).render(page=self, **values)
        response = HTMLResponse(made, status, HEADERS)
        if self.said:
            response.delete_cookie(SAID)
        return response

    async def form(self) -> FormData:
        """What the form holds; a file is an `UploadFile`."""
        return await self.request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD)

    def number(self, given: str, field: str = "number") -> str:
        """A phone number as somebody typed it, in E.164. Raises `InvalidInputError`."""
        return phone.parse_query(given, field=field, default_country=self.runtime.settings.default_country)

    def sheet(self, name: str, rows: str | AsyncIterator[str]) -> Response:
        """A CSV file to keep, called `name` with the day on the viewer's clock.

        From an iterator it is streamed: as long as the viewer may see it, and so that others get their pages meanwhile.
        """
        day = to_datetime(self.now).astimezone(self.zone).date()
        place = f'attachment; filename="{name}-{day}.csv"'
        headers = {**HEADERS, "Content-Disposition": place, "X-Accel-Buffering": "no"}
        kind = "text/csv; charset=utf-8"
        if isinstance(rows, str):
            return Response(rows, media_type=kind, headers=headers)
        return StreamingResponse(self._streamed(rows), media_type=kind, headers=headers)

    async def _streamed(self, rows: AsyncIterator[str]) -> AsyncIterator[str]:
        while True:
            async with self.runtime.exporting:
                piece = await anext(rows, None)
            if piece is None:
                return
            yield piece  # it may take hours until this has been read
            if not await self._still():
                yield BROKEN_OFF
                return

    async def _still(self) -> bool:
        """Whether whoever looks is still let in, and may still see what they saw when they asked."""
        try:
            return await viewer_of(self.request, self.runtime) == self.viewer
        except SignInNeededError:
            return False

    def redirect(self, path: str, said: str = "") -> Response:
        """Go on to a page of ours (303), which says `said` once."""
        response = RedirectResponse(path, 303, HEADERS)
        if said:
            response.set_cookie(SAID, quote(said), max_age=60, httponly=True, samesite="strict")
        return response

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`runtime.db.read`."""
        return await self.runtime.db.read(work, *args, **kwargs)

    async def write(
        self, action: str, subject: str, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`runtime.db.write`, with a line in the list of who did what, in the same transaction.

        `action` is a verb and its noun, `subject` the id of what it was done to; neither holds numbers or texts.
        """
        return await self.runtime.db.write(self._noted, action, subject, work, args, kwargs)

    def _noted(
        self, tx: Tx, action: str, subject: str, work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T:
        done = work(tx, *args, **kwargs)
        self.note(tx, action, subject)
        return done

    def note(self, tx: Tx, action: str, subject: str = "", detail: str = "") -> None:
        """The same line, where the id is made within the transaction, or where the change was a flow's own."""
        audit.add(tx, self.runtime.account, self.viewer.user, self.viewer.name, action, subject, detail)


def zone_of(request: Request) -> ZoneInfo:
    """The viewer's time zone, as a script on an earlier page told it; UTC until then."""
    return zone_called(unquote(request.cookies.get(ZONE, "")))


def zone_called(name: str) -> ZoneInfo:
    """A time zone by its name, e.g. `Africa/Nairobi`; UTC where there is none of that name."""
    try:
        return ZoneInfo(name if _ZONE_NAME.fullmatch(name) else "UTC")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def banner_of(runtime: Runtime) -> str:
    """Where texts go from this service: `simulator`, `sandbox` or `live`.

    What stands in for AT on another machine may be a gateway to it: that counts as what its username says.
    """
    settings = runtime.settings
    if runtime.keyless or urlsplit(settings.at_api_url).hostname in LOOPBACK:
        return SIMULATOR_HOST
    return "sandbox" if settings.at_username == "sandbox" else "live"


def needs(role: Role) -> Callable[[Request], Any]:
    """A dependency that makes the page of somebody in this role; others are refused."""

    async def begin(request: Request) -> Page:
        runtime: Runtime = request.app.state.runtime
        viewer = await viewer_of(request, runtime)
        if not viewer.may(role):
            raise Problem("forbidden", f"This needs the role of {role}; yours is {viewer.role}. Ask an admin")
        waiting, seq = await runtime.db.read(_standing, runtime.account)
        return Page(request, runtime, viewer, waiting, seq)

    return begin


def _standing(tx: Tx, account: int) -> tuple[Attention, int]:
    return attention.counts(tx, account), events.last(tx)


Viewing = Annotated[Page, Depends(needs(Role.VIEWER))]
Operating = Annotated[Page, Depends(needs(Role.OPERATOR))]
Administering = Annotated[Page, Depends(needs(Role.ADMIN))]
