"""The product and the stub provider as real processes, used through their public doors."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests import running

from benchmarks import machine

START_SECONDS = 30
SETTLE_SECONDS = 180


@dataclass
class Stub:
    """The stub provider, seen from outside."""

    url: str

    def control(self, **knobs: float) -> None:
        """Turn its knobs (see stub.py)."""
        httpx.post(f"{self.url}/control", data=knobs).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """Calls, messages and held calls since the reset."""
        document: dict[str, Any] = httpx.get(f"{self.url}/stats").json()
        return document

    def arrivals(self) -> list[tuple[float, int]]:
        """When each call came, and how many messages had come by then."""
        return [(moment, count) for moment, count in httpx.get(f"{self.url}/arrivals").json()]


@dataclass
class Service:
    """The product on one database: `ujumbe serve`, on PostgreSQL with `ujumbe worker` beside it on the same core."""

    folder: Path
    database_url: str
    env: dict[str, str]
    key: str = ""
    url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    client: httpx.Client = field(default_factory=httpx.Client)

    @property
    def apart(self) -> bool:
        """Whether service and worker are two processes."""
        return self.database_url.startswith("postgresql")

    @property
    def log(self) -> str:
        """The end of what it has logged."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-2000:] if path.exists() else ""

    @property
    def sender_pids(self) -> list[int]:
        """The process that sends."""
        return [self.processes[-1].pid]

    @contextmanager
    def running(self, **env: str) -> Iterator[None]:
        """Start it, and at the end kill it: what it has accepted is durable, so no measurement waits for its end."""
        port = running.free_port()
        self.url = f"http://127.0.0.1:{port}"
        words = [["serve", "--port", str(port)]]
        if self.apart:
            words = [["serve", "--no-worker", "--port", str(port)], ["worker"]]
        try:
            for each in words:
                self._start(each, env)
            self._wait_ready()
            yield
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
            self.processes.clear()

    def read(self, target: str) -> dict[str, Any]:
        """GET something of its API."""
        answer = self.client.get(self.url + target, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def holds(self, state: str) -> bool:
        """Whether any message is in this state."""
        return bool(self.read(f"/v1/messages?state={state}&limit=1")["items"])

    def settle(self) -> float:
        """Wait until nothing is queued or under way any more; the moment (monotonic) when that was first seen."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.holds("sending") or self.holds("queued"):
            assert time.monotonic() < deadline, f"it is still sending:\n{self.log}"
            time.sleep(0.005)
        return time.monotonic()

    def _start(self, words: list[str], env: dict[str, str]) -> None:
        with machine.on(machine.SERVER), (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                running.command(*words),
                cwd=self.folder,
                env=running.clean_environment({**self.env, **env}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.client.get(self.url + "/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            ended = any(process.poll() is not None for process in self.processes)
            assert not ended, f"it ended:\n{self.log}"
            assert time.monotonic() < deadline, f"it does not answer:\n{self.log}"
            time.sleep(0.02)


def prepare(folder: Path, database_url: str, stub: Stub, **env: str) -> Service:
    """The product on a new database, with an API key; not started yet."""
    folder.mkdir(parents=True)
    env = {
        "AT_USERNAME": "bench",
        "AT_API_KEY": "bench",
        "AT_API_URL": stub.url,
        "UJUMBE_DATA": str(folder),
        "UJUMBE_DATABASE_URL": database_url or f"sqlite:///{folder}/ujumbe.sqlite3",
        "UJUMBE_LOG_LEVEL": "warning",
        **env,
    }
    upgraded = running.ujumbe(folder, "db", "upgrade", **env)
    assert upgraded.returncode == 0, upgraded.stderr
    key = running.create_key(folder, "send,read", **env)["key"]
    return Service(folder, env["UJUMBE_DATABASE_URL"], env, key=key)


def empty_sqlite(folder: Path) -> str:
    """The URL of a new SQLite file with the product's tables, made by `ujumbe db upgrade`."""
    url = f"sqlite:///{folder}/ujumbe.sqlite3"
    upgraded = running.ujumbe(folder, "db", "upgrade", UJUMBE_DATA=str(folder), UJUMBE_DATABASE_URL=url)
    assert upgraded.returncode == 0, upgraded.stderr
    return url
