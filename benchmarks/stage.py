"""Where one half of the benchmarks plays: the stub provider, a folder on the disk, and SQLite or PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests import postgres

from benchmarks import machine
from benchmarks.report import say
from benchmarks.service import Service, Stub, empty_sqlite, prepare


@dataclass
class Stage:
    """What every benchmark needs. `quick` means fewer and smaller runs: to see that it works, less to compare."""

    stub: Stub
    folder: Path
    database: str
    quick: bool
    create: Callable[[], str]
    """A new database's URL; empty for a SQLite file in the service's own folder."""
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def rounds(self) -> int:
        """How often each side of a ratio is measured."""
        return 1 if self.quick else 3

    def sized(self, full: int, quick: int) -> int:
        """A quantity of a run."""
        return quick if self.quick else full

    def service(self, **env: str) -> Service:
        """The product on a new database, not started yet."""
        return prepare(self.folder / f"{self.database}-{next(self.numbers)}", self.create(), self.stub, **env)

    def empty_sqlite(self) -> str:
        """The URL of a new SQLite file with the product's tables and nothing else."""
        return empty_sqlite(self.folder / f"empty-{next(self.numbers)}")

    def progress(self, text: str) -> None:
        """Tell what is being measured."""
        say(f"{self.database}: {text} …")


@contextmanager
def sqlite(stub: Stub, folder: Path, *, quick: bool) -> Iterator[Stage]:
    """One process on a SQLite file."""
    yield Stage(stub, folder, "sqlite", quick, create=str)


@contextmanager
def postgresql(stub: Stub, folder: Path, *, quick: bool) -> Iterator[Stage]:
    """Service and worker on a PostgreSQL of our own, all three on the server's core.

    Raises `UnavailableError` where no PostgreSQL can be had.
    """
    folder.chmod(0o755)  # PostgreSQL refuses to be root, and must reach its data as somebody else
    with ExitStack() as stack:
        with machine.on(machine.SERVER):  # its processes stay on the core on which it is started
            server = stack.enter_context(postgres.own(durable=True, folder=folder))
        yield Stage(stub, folder, "postgresql", quick, create=server.create)
