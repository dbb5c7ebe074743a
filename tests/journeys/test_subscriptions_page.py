"""docs/subscriptions.md does what it says: its Python and its curl lines are run, in order, against `ujumbe dev`."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Running, dev, until

pytestmark = pytest.mark.journey

PAGE = Path(__file__).parents[2] / "docs" / "subscriptions.md"
BASE = "http://localhost:8000"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found


def prepared(service: Running, keyword: str = "NEWS") -> None:
    """A subscriber, whose callback has come, and a text that somebody wrote."""
    phone = f"{service.url}/simulator/phones/254711000999"
    body = {"shortCode": "12345", "keyword": keyword, "updateType": "addition"}
    httpx.post(f"{phone}/subscriptions", json=body).raise_for_status()
    httpx.post(f"{phone}/messages", json={"to": "12345", "text": "joke"}).raise_for_status()
    until(lambda: httpx.get(f"{service.url}/v1/subscriptions").json()["items"])
    until(lambda: httpx.get(f"{service.url}/v1/inbound").json()["items"])


def test_the_python(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        prepared(service)
        code = "\n".join(blocks("python")).replace(BASE, service.url)
        names: dict[str, Any] = {}
        exec(compile(code, PAGE, "exec"), names)
        names["client"].close()
        assert names["people"] == ["+254711000999"]
        answers = httpx.get(f"{service.url}/v1/messages").json()["items"]
        assert {"Rain tomorrow.", "Knock, knock."} <= {each["text"] for each in answers}
        service.stop()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_lines(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        prepared(service)
        for block in blocks("sh"):
            for line in re.split(r"(?<!\\)\n", block):
                if not line.startswith("curl"):
                    continue
                [first, *_] = httpx.get(f"{service.url}/v1/subscriptions").json()["items"]
                link = httpx.get(f"{service.url}/v1/inbound").json()["items"][0]["link_id"]
                ours = line.replace(BASE, service.url).replace("sub_06y4mdkdm0000", first["id"])
                ours = ours.replace('"link_id": "…"}', f'"link_id": "{link}"}}')
                done = subprocess.run(["bash", "-c", ours.replace("curl ", "curl -sS --fail-with-body ", 1)],
                                      capture_output=True, text=True, timeout=30, check=False)  # fmt: skip
                assert done.returncode == 0, (ours, done.stdout, done.stderr)
        service.stop()
