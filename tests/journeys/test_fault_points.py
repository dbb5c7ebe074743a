"""`kill -9` between any two statements of the send path, on both databases: nothing is lost, nothing submitted twice.

A first life tells which fault points there are on the way (`UJUMBE_TEST_DIE_AT=trace`); then for each of them one life
dies there, and the next one asks for the same again and does what is left.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, Self

import httpx
import pytest

from tests.journeys.conftest import ledger
from tests.journeys.mortal import NUMBERS, WATCHING, Life
from tests.postgres import Server
from tests.running import Running, account, clean_environment, simulator, ujumbe

pytestmark = pytest.mark.journey

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 8
"""Lives wait for disks, databases and the local AT as much as they compute."""
KILLED: Final = -signal.SIGKILL

SENT, DOUBTED, NEVER_LEFT = "sent", "taken, and we do not know", "never left, and we do not know"


class Nursery:
    """A process that has everything imported, and forks lives (see mortal.py)."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.mortal"],
            cwd=ROOT,
            env=clean_environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._living: dict[str, Future[int]] = {}
        self._lock = Lock()
        self._reader = Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # the end of its input is its end
        self._process.wait(60)
        self._reader.join(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def live(self, life: Life) -> int:
        """How the life ended: an exit code, or the negative number of a signal."""
        assert self._process.stdin is not None
        ended = self._living[life.folder] = Future()
        with self._lock:
            self._process.stdin.write(json.dumps(life._asdict()) + "\n")
            self._process.stdin.flush()
        return ended.result(60)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            folder, _, code = line.rstrip("\n").partition("\t")
            self._living.pop(folder).set_result(int(code))


@dataclass
class Ended:
    """What is known when both lives are over."""

    point: str
    died: bool
    answers: list[dict[str, Any] | None]
    """What each life was answered."""
    found: dict[str, tuple[str, str, str | None]]
    """Our messages by number: state, reason, AT's id."""
    rows: int


@dataclass
class Stage:
    """A database, the local AT, and the nursery."""

    folder: Path
    at: Running
    place: Callable[[str], str]
    """The URL of an upgraded database for the two lives of this name."""
    nursery: Nursery

    def both_lives(self, way: str, point: str) -> Ended:
        """One life that dies at `point`, and one after it."""
        name = re.sub(r"\W", "-", f"{way}-{point}")
        folder, url = self.folder / name, self.place(name)
        folder.mkdir()
        first = Life(self._env(url), way, f"{self.folder.name} {way} {point}", point, str(folder), again=False)
        answers = []
        codes = []
        for life in (first, first._replace(die_at="", again=True)):
            codes.append(self.nursery.live(life))
            told = folder / "answer"
            answers.append(json.loads(told.read_text()) if told.exists() else None)
        log = (folder / "log").read_text()
        assert codes[0] in (KILLED, 0), f"{point}: {codes}\n{log}"
        assert codes[1] == 0, f"{point}: {codes}\n{log}"
        rows = json.loads((folder / "found").read_text())
        found = {number: (state, reason, provider_id) for number, state, reason, provider_id in rows}
        return Ended(point, codes[0] == KILLED, answers, found, len(rows))

    def trace(self, way: str) -> list[str]:
        """Every pass of a fault point on this way, in order."""
        folder, url = self.folder / f"{way}-trace", self.place(f"{way}-trace")
        folder.mkdir()
        life = Life(self._env(url), way, f"{self.folder.name} {way} trace", "trace", str(folder), again=False)
        code = self.nursery.live(life)
        log = (folder / "log").read_text()
        assert code == 0, log
        passes = re.findall(r"^fault point (.+)$", log, re.MULTILINE)
        return [each for each in passes if not each.startswith(f"{WATCHING}#")]

    def _env(self, url: str) -> dict[str, str]:
        return account(self.at.url, {"UJUMBE_DATABASE_URL": url})

    def lines(self, way: str) -> dict[str, Counter[str]]:
        """How often each number was asked for on this way, by point."""
        with httpx.Client(base_url=self.at.url) as client:
            lines = ledger(client, "")
        assert all(line["taken"] for line in lines), "the local AT takes everything"
        asked: dict[str, Counter[str]] = {}
        for line in lines:
            if line["text"].startswith(f"{self.folder.name} {way} "):
                point = line["text"].removeprefix(f"{self.folder.name} {way} ")
                asked.setdefault(point, Counter())[line["number"]] += 1
        return asked

    def every_death(self, way: str) -> Iterator[tuple[Ended, Counter[str]]]:
        """Both lives for each point, with what AT was asked for."""
        points = self.trace(way)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ended = list(pool.map(lambda point: self.both_lives(way, point), points))
        asked = self.lines(way)
        died = sum(each.died for each in ended)
        print(f"\n{self.folder.name}, {way}: {len(points)} fault points, died at {died}")
        # How often the worker looks at an empty outbox is a matter of time: a life may end before a late pass.
        assert died > len(points) * 0.9
        for each in ended:
            yield each, asked.get(each.point, Counter())


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with simulator(tmp_path_factory.mktemp("at")) as running:
        httpx.put(f"{running.url}/faults", json={"reports": "none"}).raise_for_status()
        yield running
        running.stop()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as ready:
        yield ready


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, at: Running, nursery: Nursery) -> Stage:
    folder = tmp_path / request.param
    if request.param == "sqlite":
        upgraded = ujumbe(folder, "db", "upgrade")
        assert upgraded.returncode == 0, upgraded.stderr

        def copy_file(name: str) -> str:
            return f"sqlite:///{shutil.copy(folder / 'data' / 'ujumbe.sqlite3', folder / f'{name}.sqlite3')}"

        return Stage(folder, at, copy_file, nursery)
    server: Server = request.getfixturevalue("postgres")
    url = server.create()
    upgraded = ujumbe(folder, "db", "upgrade", UJUMBE_DATABASE_URL=url)
    assert upgraded.returncode == 0, upgraded.stderr
    return Stage(folder, at, lambda _: url, nursery)


def test_through_the_outbox(stage: Stage) -> None:
    ends: Counter[str] = Counter()
    for ended, asked in stage.every_death("outbox"):
        first, second = ended.answers
        assert second is not None, ended
        assert first in (None, second), f"what was answered is answered again: {ended}"
        assert [each["to"] for each in second["messages"]] == list(NUMBERS)
        assert (sorted(ended.found), ended.rows) == (sorted(NUMBERS), 2), f"each is there once: {ended}"
        assert set(asked) <= set(NUMBERS)
        for number in NUMBERS:
            ends[end_of(ended, number, asked[number])] += 1
    print(dict(ends))
    assert ends.keys() == {SENT, DOUBTED, NEVER_LEFT}, "the deaths fell before, into and after the call"


def test_submitted_at_once(stage: Stage) -> None:
    ends: Counter[str] = Counter()
    for ended, asked in stage.every_death("invoke"):
        number = NUMBERS[0]
        assert ended.rows <= 1
        assert set(asked) <= {number}
        if ended.rows == 0:
            assert (ended.answers, asked[number]) == ([None, None], 0), f"nothing left before it was stored: {ended}"
            ends["never stored"] += 1
            continue
        end = end_of(ended, number, asked[number])
        assert end == SENT or ended.answers[0] is None, f"what was answered is known: {ended}"
        ends[end] += 1
    print(dict(ends))
    assert ends.keys() == {"never stored", SENT, DOUBTED, NEVER_LEFT}


def end_of(ended: Ended, number: str, times: int) -> str:
    """What became of one message, once it is sure that AT was asked for it at most once."""
    assert times <= 1, f"submitted twice: {ended}"
    state, reason, provider_id = ended.found[number]
    if state == "sent":
        assert (times, bool(provider_id)) == (1, True), ended
        return SENT
    assert state == "uncertain", ended
    assert "may have been taken" in reason
    assert ended.died
    return DOUBTED if times else NEVER_LEFT
