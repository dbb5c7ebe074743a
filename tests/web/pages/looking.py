"""Pages as somebody else than the developer sees them: the same handlers, over a real runtime, for a viewer we name."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from ujumbe.runtime import Runtime, open_runtime
from ujumbe.settings import Settings
from ujumbe.store.attention import NOTHING
from ujumbe.web.pages.page import Page
from ujumbe.web.pages.render import environment
from ujumbe.web.pages.viewer import Viewer


def page_for(runtime: Runtime, viewer: Viewer, path: str) -> Page:
    app = Starlette()
    app.state.templates = environment()
    app.state.templates.globals["phones"] = ""
    address, _, query = path.partition("?")
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": address, "query_string": query.encode()}
    scope |= {"headers": [(b"host", b"sms.example.org")], "scheme": "https", "server": ("x", 1), "app": app}
    return Page(Request(scope), runtime, viewer, NOTHING, 0)


def look(folder: Path, work: Callable[[Runtime], Awaitable[Response]], **settings: object) -> str:
    """The page that `work` makes over the runtime of a new database."""

    async def main() -> str:
        given: dict[str, Any] = {"at_username": "clinic", "at_api_key": "atsk_0123456789", "data": folder, **settings}
        async with open_runtime(Settings.load(**given), sends=False, upgrade=True) as runtime:
            return bytes((await work(runtime)).body).decode()

    return asyncio.run(main())
