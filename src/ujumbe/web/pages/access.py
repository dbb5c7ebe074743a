"""Who may see a page, and who may change what."""

from starlette.requests import Request

from ujumbe.runtime import Runtime
from ujumbe.web.pages.viewer import DEVELOPER, Viewer


class SignInNeededError(Exception):
    """Nobody has signed in: the page leads to where one does."""


async def viewer_of(request: Request, runtime: Runtime) -> Viewer:
    """Who looks at this page. Raises `SignInNeededError`."""
    if runtime.keyless:
        return DEVELOPER
    raise SignInNeededError
