"""Hears from PostgreSQL that somebody put something into the outbox: a thread with a connection of its own."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import psycopg

from ujumbe.store.postgres_tx import CHANNEL, connect

LOOK_SECONDS: Final = 0.5
"""How soon the thread sees that it is to end."""
AGAIN_SECONDS: Final = 1.0


class Listener:
    """Calls `wake` on the loop for each announcement, and after each reconnection: one may have been missed."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._url = url
        self._loop = loop
        self._wake = wake
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen_forever, name="ujumbe-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def _listen_forever(self) -> None:
        while not self._end.is_set():
            try:
                with connect(self._url) as connection:
                    connection.execute(cast("Any", f"LISTEN {CHANNEL}"))
                    self._tell()
                    while not self._end.is_set():
                        for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                            self._tell()
            except psycopg.Error:
                # The worker's own polling goes on, and says what is wrong with the database.
                self._end.wait(AGAIN_SECONDS)

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._wake)
