"""The page with the phones: one HTML file and its static files, under a policy that lets nothing else in."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ujumbe.simulator.exchange import Response

FOLDER = Path(__file__).parent / "page"

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".woff2": b"font/woff2",
}

NO_HOME = b'id="home" hidden'
"""What the page says where it stands alone."""

HEADERS = [
    # The files change with the package and carry no version in their names: ask each time.
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


def index(home: str) -> Response | None:
    """Return the page, or None where the package lacks it; with a way back to `home`, the dashboard, if any."""
    page = _file(FOLDER / "index.html")
    if page is not None and home:
        page.body = page.body.replace(NO_HOME, b'id="home" href="%b"' % escape(home).encode())
    return page


def static(name: str) -> Response | None:
    """Return a static file by its bare name, or None; there are no folders below."""
    if "/" in name or "\\" in name or "\0" in name or name.startswith("."):
        return None
    return _file(FOLDER / "static" / name)


def _file(path: Path) -> Response | None:
    content_type = TYPES.get(path.suffix)
    if content_type is None:
        return None
    try:
        # A few kilobytes from the system's cache; the page asks a dozen times when it is opened.
        body = path.read_bytes()
    except OSError:
        return None
    return Response(200, body, content_type, list(HEADERS))
