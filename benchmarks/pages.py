"""The dashboard with a long past: how long each page takes, as somebody who has signed in asks for it."""

import json
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from tests import running

from benchmarks import sample, seed
from benchmarks.report import Row
from benchmarks.service import Service
from benchmarks.stage import Stage

BOUND_MS = 100
WARM_UP = 5
PATIENCE_SECONDS = 600
STILL_COUNTED = "still being counted"
PASSWORD = "a long sentence for a short bench"
ENV = {"UJUMBE_WEBHOOKS_PRIVATE": "1", "AT_SHORTCODE": "12345"}


def run(stage: Stage) -> Iterator[Row]:
    """A row for each page: its p95 ÷ the bound."""
    many = stage.sized(1_000_000, 20_000)
    stage.progress(f"making {many:,} messages")
    service = with_past(stage, many)
    with service.running(), visitor(service) as client:
        stage.progress("waiting until all of them are counted")
        settle(client)
        stage.progress("pages")
        for address in addresses(service, client):
            yield measured(stage, client, address, many)


def with_past(stage: Stage, many: int) -> Service:
    """The product, stopped, with a past of so many messages."""
    service = stage.service(**ENV)
    stage.stub.control(reset=1, hold=0)
    key = running.create_key(service.folder, "admin", **service.env)["key"]
    headers = {"Authorization": f"Bearer {key}"}
    with service.running(), httpx.Client(base_url=service.url, headers=headers, timeout=30) as client:
        sample.make(client, service.database_url)
    seed.fill(service.database_url, many)
    return service


@contextmanager
def visitor(service: Service) -> Iterator[httpx.Client]:
    """Somebody who was invited and has signed in."""
    words = ("users", "add", "bench", "--role", "admin", "--json")
    invited = running.ujumbe(service.folder, *words, **service.env)
    assert invited.returncode == 0, invited.stderr
    path = "/welcome/" + json.loads(invited.stdout)["link"].rpartition("/")[2]
    with httpx.Client(base_url=service.url, headers={"Origin": service.url}, timeout=60) as client:
        answer = client.post(path, data={"password": PASSWORD, "again": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield client


def settle(client: httpx.Client) -> None:
    """Wait until the whole past is counted: until then the overview adds up less than it will."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while STILL_COUNTED in client.get("/").text:
        assert time.monotonic() < deadline, "the past is still being counted"
        time.sleep(0.5)


def addresses(service: Service, client: httpx.Client) -> list[str]:
    """Every page, some of them as they are when somebody looks for something."""
    message = service.read("/v1/messages?limit=1&state=undelivered")["items"][0]
    number = message["to"].replace("+", "%2B")
    return [
        "/",
        "/?days=7",
        "/?days=30",
        "/messages",
        "/messages?state=undelivered",
        f"/messages?to={number}",
        f"/messages?q={number}",
        "/messages?q=appointment",
        "/messages?q=nothing+like+it",
        "/messages?q=99999",
        "/messages?state=delivered&cost=99999",
        f"/messages/{message['id']}",
        f"/batches/{message['batch']}",
        "/compose",
        "/inbox",
        followed(client, "/inbox"),
        "/opt-outs",
        followed(client, "/opt-outs"),
        "/opt-outs/reviews",
        "/subscriptions",
        "/rules",
        "/webhooks",
        followed(client, "/webhooks"),
        "/callbacks",
        followed(client, "/callbacks"),
        "/settings",
        "/settings/audit",
    ]


def followed(client: httpx.Client, page: str) -> str:
    """The first thing that a page links to below itself."""
    found = re.search(rf'href="({page}/[a-z]+_[^"?#/]+)"', client.get(page).text)
    assert found is not None, f"{page} links to nothing"
    return found[1]


def measured(stage: Stage, client: httpx.Client, address: str, many: int) -> Row:
    """One page, asked for again and again over one connection."""
    times, size = [], 0
    for turn in range(WARM_UP + stage.sized(200, 20)):
        begin = time.perf_counter()
        answer = client.get(address)
        took = (time.perf_counter() - begin) * 1000
        assert answer.status_code == 200, f"{address} answered {answer.status_code}"
        if turn >= WARM_UP:
            times.append(took)
        size = len(answer.content)
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    path = address.partition("?")[0].rstrip("/")
    shown = address if path.count("/") < 2 else address[: address.rindex("/")] + "/…"
    return Row(
        f"page {shown.replace('%2B', '+')} with {many:,} messages",
        stage.database,
        [p95],
        [BOUND_MS],
        "ms (p95)",
        f"the bound of {BOUND_MS} ms",
        at_most=1.0,
        note=f"median {p50:.1f} ms, p95 {p95:.1f} ms, {size / 1000:.0f} KB",
    )
