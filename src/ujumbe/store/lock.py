"""One service or worker on one SQLite file: a lock that the kernel drops when its holder dies, however it dies."""

import fcntl
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from ujumbe.domain.errors import StoreUnavailableError, UjumbeError

LOOKS: Final = 5
LOOK_SECONDS: Final = 0.1


class DatabaseInUseError(UjumbeError):
    """Another service or worker has this SQLite file."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a database: shown to people, and read by commands that leave sending to the service."""

    pid: int
    url: str
    """Empty for a command that sends what it accepted itself and then ends."""
    username: str
    host: str
    sender_id: str
    short_code: str


class FileLock:
    """The lock beside a SQLite file, `ujumbe.sqlite3.lock`. Holding it proves that every earlier owner is dead."""

    def __init__(self, database: Path) -> None:
        real = database.resolve()  # two names of one file are one database
        self._path = real.with_name(f"{real.name}.lock")
        self._file: IO[str] | None = None

    def acquire(self, mine: Holder) -> None:
        """Take the lock; `mine` is what others then see of us.

        Raises `DatabaseInUseError` naming who has it, or `StoreUnavailableError` where the folder cannot be used.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreUnavailableError(f"the folder {self._path.parent} cannot be used ({error.strerror})") from None
        if not _taken(file):
            file.close()
            holder = self.holder()
            who = f"process {holder.pid} at {holder.url or 'work'}" if holder else "another process"
            raise DatabaseInUseError(
                f"{who} already uses {self._path.with_suffix('')}. A SQLite file takes one service or worker; "
                "stop that one, or give this one another folder (--data, UJUMBE_DATA)"
            )
        file.truncate(0)
        json.dump(asdict(mine), file)
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go; the file stays, since removing it would race with the next holder."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> Holder | None:
        """Who holds the lock now, or None where nobody does."""
        try:
            with self._path.open("r+", encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return Holder(**json.load(file))
        except (OSError, ValueError, TypeError):
            pass
        return None


def _taken(file: IO[str]) -> bool:
    """Whether the lock is ours now. `holder` holds it for a moment to look, so a refusal is asked again."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(LOOK_SECONDS)
        else:
            return True
    return False
