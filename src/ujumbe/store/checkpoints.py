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
            fold(connection)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while self._wanted.wait() and not self._ending.wait(EVERY_SECONDS):
            self._wanted.clear()
            with suppress(sqlite3.Error):  # a full or locked disk: the writer tells of it, and there is a next time
                connection = connection or self._connect()
                self.rest_is_due = fold(connection) > LONGEST_LOG


def fold(connection: sqlite3.Connection) -> int:
    """Fold what no reader needs from the log; the pages that the log holds."""
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
