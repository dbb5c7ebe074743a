"""SQLite's log is folded into its file beside the writer: 32 MB of scattered pages take longer than callers wait."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

EVERY_SECONDS: Final = 1.0
"""How often the log is folded while there is something new in it: what changes often is then copied once a second."""
LONGEST_LOG: Final = 8_000
"""Pages (32 MB) after which the writer is asked to fold the rest itself, so that the log begins anew."""

MOST_LOG: Final = 4 * LONGEST_LOG
"""Pages after which readers that follow each other without a gap no longer keep the log from beginning anew: whoever
comes waits a moment."""
RESTART_MS: Final = 200
"""That moment, at most: an export reads longer, and then the log grows until it is done."""


class Checkpoints:
    """A thread with a connection of its own.

    A passive checkpoint hinders nobody, but under steady writes it never reaches the end of the log, which then only
    grows. So the writer folds the few pages that are left, between two of its commits.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self.rest_is_due = False
        """Whether the writer shall fold the rest after its next commit."""
        self._connect = connect
        self._wanted = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ujumbe-checkpoints", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the last connection that closes folds what is left."""
        self._ending.set()
        self._wanted.set()
        self._thread.join()

    def written(self, connection: sqlite3.Connection) -> None:
        """Tell of a commit, and fold the rest where it is due. Called by the writer with its own connection."""
        self._wanted.set()
        if self.rest_is_due:
            self.rest_is_due = False
            with suppress(sqlite3.Error):  # it was committed all the same
                fold(connection)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while self._wanted.wait() and not self._ending.wait(EVERY_SECONDS):
            self._wanted.clear()
            with suppress(sqlite3.Error):  # a full or locked disk: the writer tells of it, and there is a next time
                connection = connection or self._patient()
                pages = fold(connection)
                self.rest_is_due = pages > LONGEST_LOG
                if pages > MOST_LOG:
                    fold(connection, "RESTART")

    def _patient(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute(f"PRAGMA busy_timeout = {RESTART_MS}")
        return connection


def fold(connection: sqlite3.Connection, how: str = "PASSIVE") -> int:
    """Fold what no reader needs from the log; the pages that the log holds. `RESTART` waits for readers and writer."""
    _, pages, _ = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return int(pages)
