"""What pages say before there is anything, and that they lead to the first step."""

from collections.abc import Iterator

import httpx
import pytest

from tests.running import dev


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with dev(tmp_path_factory.mktemp("empty")) as running, httpx.Client(base_url=running.url) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "title", "step"),
    [
        ("/rules", "No rules yet", "/rules/new"),
        ("/webhooks", "Nobody is told yet", "/webhooks/new"),
        ("/callbacks", "Africa&#39;s Talking has told nothing yet", "/settings#addresses"),
        ("/callbacks?kind=twoway", "None of these", "/callbacks"),
        ("/settings/keys", "No keys yet", "/settings/keys"),
    ],
)
def test_an_empty_page_teaches(empty: httpx.Client, path: str, title: str, step: str) -> None:
    page = empty.get(path)
    assert page.status_code == 200
    assert title in page.text
    assert f'"{step}"' in page.text
