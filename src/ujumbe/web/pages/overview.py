"""The overview: what needs a human first, and how everything stands."""

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.web.pages.page import Viewing

router = APIRouter()


@router.get("/")
async def show(page: Viewing) -> Response:
    """Show how everything stands."""
    return await page.render("overview.html")
