"""Take the pictures of the phones page that the docs show, from a running `ujumbe dev` filled through its public doors.

.venv/bin/python scripts/screenshots.py
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SIZE_LIMIT = 300_000
"""Bytes a picture: a README shows three, and a clone carries each version for ever."""

# Wide enough for three handsets side by side.
WIDE, NARROW = (1280, 800), (360, 720)

START_SECONDS = 60
ARRIVAL_SECONDS = 20

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync")  # fmt: skip

# Each phone's story: texts to it ("bulk", "twoway") and what it answers ("out").
STORIES = {
    "+254711000111": [
        ("bulk", "Hello World"),
        ("twoway", "Clinic: Amina, your visit is on Tuesday at 09:30. Reply 1 to confirm, 2 to move it."),
        ("out", "1"),
    ],
    "+254711000112": [
        ("twoway", "Habari Wanjiru, kikao cha SACCO ni Jumamosi saa 4 asubuhi. Utafika?"),
        ("out", "Ndiyo, nitafika na mama Otieno. Tuanze saa ngapi hasa?"),
    ],
    "+254711000113": [
        ("twoway", "مرحبا ليلى، موعدك غدا الساعة ٩:٣٠ صباحا في العيادة."),
        ("out", "شكرا جزيلا"),
    ],
}  # fmt: skip


# The page has five thousand colours, nearly all of them the soft edges of letters: its 256 commonest cover
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


def main() -> int:
    """Take the three pictures; 1 when one came out too large."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        origin = stack.enter_context(service())
        playwright = stack.enter_context(sync_playwright())
        executable = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM))
        stack.callback(browser.close)
        # Opened before anything is sent: the ticks under a text come from callbacks that the page saw happen.
        pages = {
            "phones-light": visit(browser, origin, "light", WIDE),
            "phones-dark": visit(browser, origin, "dark", WIDE),
            "phones-narrow": visit(browser, origin, "light", NARROW),
        }
        for number, story in STORIES.items():
            tell(origin, number, story)
        pages["phones-narrow"].click('#phones [data-number="+254711000111"]')
        # The last delivery report comes four delays of 0.4 s after its text.
        time.sleep(3)
        blank = browser.new_page()
        sizes = {name: shoot(page, blank, IMAGES / f"{name}.png") for name, page in pages.items()}
    for name, size in sizes.items():
        print(f"docs/images/{name}.png  {size / 1000:.0f} kB")
    return 1 if max(sizes.values()) > SIZE_LIMIT else 0


@contextmanager
def service() -> Iterator[str]:
    """Run `ujumbe dev` on a free port with data of its own; yield its origin."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ujumbe-screenshots-") as data:
        log = Path(data) / "log.txt"
        command = [str(ROOT / ".venv/bin/ujumbe"), "dev", "--port", str(port), "--data", data]
        environment = {**os.environ, "UJUMBE_REPLY": "Asante! Noted: “{text}”"}
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        try:
            origin = f"http://127.0.0.1:{port}"
            wait_for(lambda: healthy(origin, process, log), START_SECONDS, "/healthz")
            yield origin
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def healthy(origin: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Whether the service answers; raises with its log once it has ended."""
    if process.poll() is not None:
        raise RuntimeError(f"ujumbe dev ended with {process.returncode}:\n{log.read_text(errors='replace')}")
    try:
        with urllib.request.urlopen(f"{origin}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, TimeoutError):
        return False


def tell(origin: str, number: str, story: list[tuple[str, str]]) -> None:
    """Play one phone's story, each text after the one before it has arrived."""
    phone = f"{origin}/simulator/phones/{urllib.parse.quote(number)}/messages"
    shown = 0

    def answered() -> bool:
        return len(fetch(phone)) >= shown + 2  # the text itself and the service's answer to it

    for kind, text in story:
        if kind == "out":
            shown = len(fetch(phone))
            fetch(phone, {"to": "12345", "text": text})
            wait_for(answered, ARRIVAL_SECONDS, "the auto-reply")
        else:
            query = urllib.parse.urlencode({"phone": number.removeprefix("+"), "message": text})
            fetch(f"{origin}/sms/invoke-{kind}-sms?{query}")


def fetch(url: str, body: dict[str, str] | None = None) -> Any:
    """GET, or POST a JSON body; return the JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read() or b"null")


def wait_for(check: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again until it is so; raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


def visit(browser: Browser, origin: str, scheme: Literal["light", "dark"], size: tuple[int, int]) -> Page:
    """Open the phones page at 2x in Nairobi's time and wait until it is live."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2,
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-KE",
        timezone_id="Africa/Nairobi",
    )
    page = context.new_page()
    page.goto(f"{origin}/simulator/")
    page.wait_for_selector("#live[data-state=open]")
    return page


def shoot(page: Page, blank: Page, path: Path) -> int:
    """Write the picture and return its size in bytes; `blank` has no policy that would bar the conversion."""
    page.wait_for_selector(".handset .tick")
    found = blank.evaluate(TO_PALETTE, base64.b64encode(page.screenshot()).decode())
    return path.write_bytes(
        png(found["width"], found["height"], bytes(found["palette"]), base64.b64decode(found["indices"]))
    )


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


if __name__ == "__main__":
    sys.exit(main())
