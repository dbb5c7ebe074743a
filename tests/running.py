"""Real processes on loopback: started on a port of the system's choice, ended by pid, never slept for.

with dev(tmp_path) as service:
    httpx.get(f"{service.url}/sms/")
    service.kill9()
    service.restart()   # the same folder, the same address
    service.stop()      # Ctrl-C; asserts a clean end
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

T = TypeVar("T")

START_SECONDS = 90
STOP_SECONDS = 20
RUN_SECONDS = 90
_FOREIGN = ("AT_", "UJUMBE_", "COV_", "PYTEST_")
_TERMINAL = {"FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "CI", "PYTHONWARNINGS"}


def until(found: Callable[[], T], seconds: float = 30, *, every: float = 0.02) -> T:
    """Ask again until the answer is true; fails with the last answer when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(every)


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the developer's settings and terminal, and with `env`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN) and name not in _TERMINAL
    }
    return {**kept, "TERM": "dumb", "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **env}


def free_port() -> int:
    """A port that was free a moment ago: only for two processes that must know of each other before they start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*words: str) -> list[str]:
    """The command line under this Python."""
    return [sys.executable, "-m", "ujumbe", *words]


def ujumbe(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in `folder` (where no `.env` lies)."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=clean_environment(env),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@dataclass
class Running:
    """A long-running command. As a context manager it is killed at the end if it still runs."""

    folder: Path
    words: list[str]
    greeting: re.Pattern[str]
    env: dict[str, str]
    health: str
    """The path that answers 200 once it works; empty for what has no port, and works once it has greeted."""
    url: str = ""
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def log_path(self) -> Path:
        """Where standard output and error go, of all runs one after the other."""
        return self.folder / f"{self.words[0]}.log"

    @property
    def log(self) -> str:
        """All that it has printed."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def start(self, *, wait: bool = True) -> Self:
        """Start it; unless told otherwise, wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        port = self.url.rpartition(":")[2] if self.url else "0"
        words = [*self.words, "--port", port] if self.health and "--port" not in self.words else self.words
        begins = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command(*words),
                cwd=self.folder,
                env=clean_environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            try:
                self.wait_ready(begins)
            except BaseException:
                self.close()
                raise
        return self

    def wait_ready(self, begins: int = 0) -> None:
        """Wait until it answers; fails with its log."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            printed = self.log_path.read_bytes()[begins:].decode("utf-8", "replace")
            greeted = self.greeting.search(printed)
            if greeted and not self.health:
                return
            if greeted:
                self.url = greeted.group(1)
                try:
                    if httpx.get(self.url + self.health, timeout=2).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
            assert self.process.poll() is None, f"{self.words} ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"{self.words} does not answer after {START_SECONDS} s:\n{self.log}"
            time.sleep(0.02)

    def kill9(self) -> None:
        """End it as a crash or a power cut would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS, sign: signal.Signals = signal.SIGINT) -> None:
        """End it as Ctrl-C does, and see that this is a clean end."""
        self.process.send_signal(sign)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"{self.words} still ran {seconds} s after {sign.name}:\n{self.log}") from None
        assert code == 0, f"{self.words} ended with {code}:\n{self.log}"

    def restart(self) -> Self:
        """Start it again on the same folder and address, after `stop` or `kill9`, or stopping it first."""
        if self.process.poll() is None:
            self.stop()
        return self.start()

    def close(self) -> None:
        """Make sure that nothing is left running."""
        if self.process.poll() is None:
            self.kill9()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


@dataclass
class Serving(Running):
    """`ujumbe serve` with an API key."""

    key: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What opens its API."""
        return {"Authorization": f"Bearer {self.key}"}


def dev(folder: Path, *words: str, **env: str) -> Running:
    """`ujumbe dev`: service, worker and local AT (under `/simulator`) in one process."""
    greeting = re.compile(r"Service +(http://127\.0\.0\.1:\d+)/sms/")
    return Running(folder, ["dev", *words], greeting, env, "/healthz").start()


def simulator(folder: Path, *words: str, callbacks: str = "", **env: str) -> Running:
    """`ujumbe simulator`: the local AT alone; `callbacks` is `http://…/sms`, or empty for nowhere."""
    greeting = re.compile(r"Phones at (http://127\.0\.0\.1:\d+)/")
    return Running(folder, ["simulator", "--callbacks", callbacks, *words], greeting, env, "/faults").start()


def serve(folder: Path, *words: str, at: str = "", scopes: str = "admin", **env: str) -> Serving:
    """`ujumbe serve` against `at` (a simulator's URL), on a new database with one API key."""
    env = account(at, env)
    upgraded = ujumbe(folder, "db", "upgrade", **env)
    assert upgraded.returncode == 0, upgraded.stderr
    key = create_key(folder, scopes, **env)["key"] if scopes else ""
    greeting = re.compile(r'"url": "(http://[^"]+)"')
    return Serving(folder, ["serve", *words], greeting, env, "/healthz", key=key).start()


def worker(folder: Path, *words: str, at: str = "", **env: str) -> Running:
    """`ujumbe worker` against `at`, on the database that `serve` has upgraded; a folder of its own for each."""
    return Running(folder, ["worker", *words], re.compile(r'"event": "working"'), account(at, env), "").start()


def account(at: str, env: Mapping[str, str]) -> dict[str, str]:
    """The settings of the local AT's one account, and `env`."""
    return {"AT_USERNAME": "sandbox", "AT_API_KEY": "local", "AT_SHORTCODE": "12345", "AT_API_URL": at, **env}


def create_key(folder: Path, scopes: str, **env: str) -> dict[str, Any]:
    """`ujumbe keys create --json`: `{"id", "key", …}`."""
    created = ujumbe(folder, "keys", "create", "--scopes", scopes, "--json", **env)
    assert created.returncode == 0, created.stderr
    document: dict[str, Any] = json.loads(created.stdout)
    return document
