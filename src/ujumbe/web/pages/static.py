"""Styles, scripts and the icon: read once, served under an address that changes with what is in them."""

import hashlib
from functools import cache
from importlib import resources
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from ujumbe.web.problems import Problem

router = APIRouter()

TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def files() -> dict[str, bytes]:
    """Every file by its name."""
    folder = resources.files("ujumbe.web").joinpath("static")
    return {each.name: each.read_bytes() for each in sorted(folder.iterdir(), key=lambda each: each.name)}


@cache
def edition() -> str:
    """A word that changes with any of the files: modules name each other, so they change together."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:12]


def url(name: str) -> str:
    """Where a file is found."""
    assert name in files(), f"there is no static file {name}"
    return f"/static/{edition()}/{name}"


@router.get("/static/{_edition}/{name}")
async def show(_edition: str, name: str) -> Response:
    """Serve a file. (A page of the version before asks for what there is now, and is loaded anew soon.)"""
    content = files().get(name)
    kind = TYPES.get(name[name.rfind(".") :]) if content is not None else None
    if content is None or kind is None:
        raise Problem("not-found", "There is no such file")
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=FOREVER)
