"""The stream that tells open pages that something happened, as a browser reads it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Running, dev, until
from ujumbe.web.live import MOST_OF_ONE

PATIENCE = httpx.Timeout(20)
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
"""What is sent then is accepted now, and nothing else happens to it."""


@contextmanager
def stream(service: Running, after: int, **headers: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The messages of a stream: (number, types)."""
    query = {"after": str(after)}
    with httpx.stream("GET", f"{service.url}/live", params=query, headers=headers, timeout=PATIENCE) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer)


def _messages(answer: httpx.Response) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        elif name == "data":
            yield number, json.loads(value)


def wait_for(messages: Iterator[tuple[int, list[str]]], wanted: str) -> int:
    """Read on until this type was told; the number of that message."""
    return next(number for number, types in messages if wanted in types)


def send(service: Running, to: str | list[str], **more: Any) -> None:
    body = {"to": to, "text": "Hello", **more}
    assert httpx.post(f"{service.url}/v1/messages", json=body, timeout=PATIENCE).status_code == 202


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with dev(tmp_path) as running:
        yield running


def test_it_tells_what_happens_to_whoever_listens(service: Running) -> None:
    with stream(service, 0) as one, stream(service, 0) as other:
        send(service, "+254711000111")
        assert wait_for(one, "message.delivered") > 0
        assert wait_for(other, "message.delivered") > 0


def test_what_happened_in_between_is_told_to_whoever_comes_back(service: Running) -> None:
    with stream(service, 0) as messages:
        send(service, "+254711000111")
        seen = wait_for(messages, "message.delivered")
    send(service, "+254711000112", send_at=TOMORROW)
    service.kill9()
    service.start()
    # `after` is what the page was made with; what the browser saw last counts for more.
    with stream(service, 0, **{"Last-Event-ID": str(seen)}) as messages:
        number, types = next(messages)
    assert types == ["message.accepted"]
    assert number > seen


def test_a_page_of_another_database_is_told_that_everything_changed(service: Running) -> None:
    with stream(service, 4_000) as messages:
        assert next(messages) == (0, ["*"])


def test_an_old_page_is_not_taken_through_every_event(service: Running) -> None:
    send(
        service,
        [f"+2547110{n:05d}" for n in range(10_000)],
        send_at=TOMORROW,
    )
    with stream(service, 0) as messages:
        wait_for(messages, "message.accepted")
    send(service, "+254711000111", send_at=TOMORROW)
    assert httpx.get(f"{service.url}/v1/events?after=10000").json()["next"] == 10_001  # numbered now
    with stream(service, 0) as messages:
        assert next(messages) == (10_001, ["*"])


def test_it_does_not_hold_up_the_end(service: Running) -> None:
    with stream(service, 0) as messages:
        service.stop()
        assert list(messages) == []


def test_bad_numbers_are_refused_or_ignored(service: Running) -> None:
    assert httpx.get(f"{service.url}/live?after=-1").status_code == 422
    with stream(service, 0, **{"Last-Event-ID": "9" * 40}) as messages:
        send(service, "+254711000111")
        assert wait_for(messages, "message.accepted")


def test_nobody_takes_all_the_streams(service: Running) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            stack.enter_context(stream(service, 0))
        refused = httpx.get(f"{service.url}/live", timeout=PATIENCE)
        assert refused.status_code == 503
        assert "Too many pages are open" in refused.text
    until(lambda: _opens(service))


def _opens(service: Running) -> bool:
    with httpx.stream("GET", f"{service.url}/live", timeout=PATIENCE) as answer:
        return answer.status_code == 200
