"""A picture of a page, small enough for a clone that carries each version for ever."""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

# A page has five thousand colours, nearly all of them the soft edges of letters: its 256 commonest cover
# 99 of 100 pixels, the rest take the nearest of them, and a picture shrinks to a half. Chromium reads its own
# PNG, so that neither an image library nor a decoder is needed here.
TO_PALETTE = """async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const palette = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([colour]) => colour);
    const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
    const distance = (one, other) => one.reduce((sum, part, index) => sum + (part - other[index]) ** 2, 0);
    const known = palette.map(parts);
    const nearest = new Map();
    for (const colour of counts.keys()) {
        const distances = known.map((each) => distance(each, parts(colour)));
        nearest.set(colour, distances.indexOf(Math.min(...distances)));
    }
    let indices = "";
    for (const pixel of pixels) indices += String.fromCharCode(nearest.get(pixel));
    return { width: image.width, height: image.height, palette: known.flat(), indices: btoa(indices) };
}"""


def shoot(page: Page, blank: Page, path: Path) -> int:
    """Write the picture and return its size in bytes; `blank` has no policy that would bar the conversion."""
    found: dict[str, Any] = blank.evaluate(TO_PALETTE, base64.b64encode(page.screenshot()).decode())
    indices = base64.b64decode(found["indices"])
    return path.write_bytes(png(found["width"], found["height"], bytes(found["palette"]), indices))


def png(width: int, height: int, palette: bytes, indices: bytes) -> bytes:
    """Build a PNG of 8-bit palette indices; unfiltered rows are what deflate likes best in flat pictures."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    body = (
        chunk(b"IHDR", header),
        chunk(b"PLTE", palette),
        chunk(b"IDAT", zlib.compress(rows, 9)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
