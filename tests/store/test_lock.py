import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.store.opened import PATIENCE, finished, python
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import lock
from ujumbe.store.lock import DatabaseInUseError, FileLock, Holder

HOLD = """
import os, sys
from pathlib import Path
from ujumbe.store.lock import FileLock, Holder
lock = FileLock(Path(sys.argv[1]))
lock.acquire(Holder(os.getpid(), "http://127.0.0.1:1", "sandbox", "local", "", "12345"))
print("held", flush=True)
sys.stdin.read()
"""


OURS = Holder(os.getpid(), "http://127.0.0.1:8000", "sandbox", "local", "UJUMBE", "12345")
THEIRS = Holder(1, "http://127.0.0.1:9000", "live", "local", "", "")


@pytest.fixture(autouse=True)
def look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOKS", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "ujumbe.sqlite3"


def test_one_holder_who_can_be_asked_for(path: Path) -> None:
    mine, another = FileLock(path), FileLock(path)
    assert another.holder() is None
    mine.acquire(OURS)
    assert another.holder() == OURS
    with pytest.raises(DatabaseInUseError, match=rf"process {os.getpid()} at http://127\.0\.0\.1:8000"):
        another.acquire(THEIRS)
    assert another.holder() == OURS, "unharmed"
    mine.release()
    mine.release()
    assert another.holder() is None
    another.acquire(THEIRS)
    another.release()


@pytest.mark.parametrize("end", [signal.SIGKILL, None], ids=["kill -9", "a clean end"])
def test_the_kernel_lets_go_when_the_holder_is_gone(path: Path, end: signal.Signals | None) -> None:
    process = python(HOLD, path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    other = FileLock(path)
    holder = other.holder()
    assert holder is not None
    assert holder.pid == process.pid
    with pytest.raises(DatabaseInUseError):
        other.acquire(THEIRS)
    if end is None:
        finished(process)
    else:
        process.send_signal(end)
        process.communicate(timeout=PATIENCE)
    assert other.holder() is None
    other.acquire(OURS)
    other.release()


@pytest.mark.parametrize("content", ["", "not JSON", "{}", json.dumps({"pid": 1, "more": 2})])
def test_an_unreadable_holder_is_still_a_holder(path: Path, content: str) -> None:
    mine = FileLock(path)
    mine.acquire(OURS)
    path.with_name("ujumbe.sqlite3.lock").write_text(content)
    with pytest.raises(DatabaseInUseError, match="another process"):
        FileLock(path).acquire(THEIRS)
    mine.release()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailableError, match="cannot be used"):
        FileLock(tmp_path / "file" / "ujumbe.sqlite3").acquire(OURS)


def test_whoever_only_looks_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOKS", 5)
    somebody, mine = FileLock(path), FileLock(path)
    somebody.acquire(THEIRS)
    monkeypatch.setattr(time, "sleep", lambda _: somebody.release())
    mine.acquire(OURS)
    assert somebody.holder() == OURS
    mine.release()
