"""Pages of whoever has not signed in: one card, no lists, nothing of what the service holds."""

from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from ujumbe.web.pages.page import HEADERS

MOST_FIELDS: Final = 10
LARGEST_FIELD: Final = 8 << 10
"""Bytes."""


async def render(request: Request, template: str, status: int = 200, retry_after: int = 0, **values: Any) -> Response:
    """The page of this template; `retry_after` is in seconds.

    As with every page, nothing keeps it (`no-store`), and its address, which may hold a secret, is told to this service
    alone. (`no-referrer` would have browsers say `Origin: null` with its form.)
    """
    made = request.app.state.templates.get_template(template).render(**values)
    return HTMLResponse(made, status, HEADERS | ({"Retry-After": str(retry_after)} if retry_after else {}))


async def form_of(request: Request) -> FormData:
    """What a small form holds, without files."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD)
