"""docs/consent.md does what it says: its shell and Python lines are run, in order, against `ujumbe dev`."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.running import Running, clean_environment, dev

pytestmark = pytest.mark.journey

PAGE = Path(__file__).parents[2] / "docs" / "consent.md"
TEXTS = itertools.count()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found


def prepared(folder: Path, service: Running) -> list[str]:
    """Two texts on the review list, and the files that the page speaks of; the ids of the reviews."""
    for _ in range(2):
        form = {"from": "+254711000222", "to": "12345", "linkId": "", "date": "2026-03-04", "id": f"in-{next(TEXTS)}"}
        httpx.post(f"{service.url}/sms/twoway", data={**form, "text": "please stop this"})
    (folder / "numbers.txt").write_text("254711000333\n254711000334\n")
    (folder / "stops.csv").write_text("phone\n254711000333\n")
    return [each["id"] for each in httpx.get(f"{service.url}/v1/reviews").json()["items"]]


def environment(service: Running) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return clean_environment({"URL": service.url, "KEY": "none", "PATH": path})


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_shell(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        for block in blocks("sh"):
            first, second, *_ = prepared(tmp_path, service)
            ours = block.replace("rev_06y4mdkdm0000", first).replace("rev_06y4mdkdm0001", second)
            ours = ours.replace("curl ", "curl -sS --fail-with-body ").replace("people erase", "people erase --yes")
            done = subprocess.run(
                ["bash", "-euc", ours], cwd=tmp_path, env=environment(service),
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (ours, done.stdout, done.stderr)
        service.stop()


def test_the_python(tmp_path: Path) -> None:
    with dev(tmp_path) as service:
        prepared(tmp_path, service)
        code = "\n".join(blocks("python"))
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment(service),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert httpx.get(f"{service.url}/v1/reviews").json()["items"] == []
        stopped = {each["phone"] for each in httpx.get(f"{service.url}/v1/opt-outs").json()["items"]}
        assert stopped == {"+254711000333", "+254711000334"}
        assert httpx.get(f"{service.url}/v1/contacts").json()["items"] == [], "erased at the end"
        service.stop()
