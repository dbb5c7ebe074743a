"""Who may see a page, and who may change what.

The cookie of a session says who it is; `Origin` says that a form is one of ours. (docs/decisions/0017-signing-in.md)
"""

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.role import Role
from ujumbe.runtime import Runtime
from ujumbe.store import sessions
from ujumbe.web.pages.viewer import DEVELOPER, Viewer
from ujumbe.web.problems import Problem

COOKIE: Final = "ujumbe"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_SECRET: Final = 100


class SignInNeededError(Exception):
    """Nobody has signed in: the page leads to where one does."""


async def viewer_of(request: Request, runtime: Runtime) -> Viewer:
    """Who looks at this page: one read by an index, and a write every few minutes of use.

    Raises `SignInNeededError`; a `Problem` where a page of another site asks to change something.
    """
    refuse_foreign(request, runtime)
    if runtime.keyless:
        return DEVELOPER
    secret = secret_of(request, runtime)
    found = await runtime.db.read(sessions.find, secret) if secret else None
    if found is None:
        raise SignInNeededError
    if found.stale:
        with suppress(StoreUnavailableError):  # a page is shown while nothing can be written, too
            await runtime.db.write(sessions.touch, found.session)
    request.state.session = found.session
    masked = runtime.settings.mask_numbers and found.role is Role.VIEWER
    return Viewer(found.user, found.name, found.role, masked)


def refuse_foreign(request: Request, runtime: Runtime) -> None:
    """Raise a `Problem` where a page of another site would change something with the viewer's cookie.

    Every browser since 2020 says `Origin` with a form, so one without it, and without `Sec-Fetch-Site`, comes from none
    that we know: programs have API keys. In `ujumbe dev`, where curl may do everything, only a foreign origin counts.
    """
    if request.method in SAFE:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    ours = site in ("same-origin", "none") if origin in (None, "null") else _is_ours(str(origin), request, runtime)
    if not ours and not (runtime.keyless and origin is None and site is None):
        raise Problem(
            "forbidden",
            "This form did not come from a page of this service, so nothing was changed. If you opened the page here: "
            "the web server in front of it may hide its name; set UJUMBE_URL to the address in your browser",
        )


def secret_of(request: Request, runtime: Runtime) -> str:
    """What the session's cookie of a request holds; empty where there is none, or one that cannot be ours."""
    given = request.cookies.get(_cookie(request, runtime), "")
    return given if len(given) <= LONGEST_SECRET else ""


def keep(response: Response, request: Request, runtime: Runtime, secret: str) -> None:
    """Have the browser keep the cookie of a session: no script reads it, and no other site's form brings it along."""
    response.set_cookie(
        _cookie(request, runtime),
        secret,
        max_age=sessions.LIFETIME_MS // 1000,
        path="/",
        secure=_is_https(request, runtime),
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, request: Request, runtime: Runtime) -> None:
    """Have the browser forget the cookie."""
    secure = _is_https(request, runtime)
    response.delete_cookie(_cookie(request, runtime), path="/", secure=secure, httponly=True, samesite="lax")


def client_of(request: Request) -> str:
    """The address that a request comes from (through trusted proxies, what these say); empty where there is none."""
    return request.client.host if request.client is not None else ""


def _cookie(request: Request, runtime: Runtime) -> str:
    # Browsers take a `__Host-` cookie over https alone, and from no other name of the same site.
    return f"__Host-{COOKIE}" if _is_https(request, runtime) else COOKIE


def _is_https(request: Request, runtime: Runtime) -> bool:
    """Whether the browser came by https: the server or a trusted proxy says so, or it came by UJUMBE_URL's name."""
    public = urlsplit(runtime.settings.url)
    by_its_name = public.scheme == "https" and request.headers.get("host", "").lower() == public.netloc
    return request.url.scheme == "https" or by_its_name


def _is_ours(origin: str, request: Request, runtime: Runtime) -> bool:
    given = origin.lower()
    if given == runtime.settings.url:
        return True
    parts = given.partition("://")
    # A proxy that is not trusted may have taken TLS away: then the name has to do.
    schemes = ("https",) if request.url.scheme == "https" else ("http", "https")
    return parts[0] in schemes and parts[2] == request.headers.get("host", "").lower()
