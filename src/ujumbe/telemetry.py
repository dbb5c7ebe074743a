"""Logs: one line an event, for people on a terminal and as JSON elsewhere, with every number masked."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from queue import Queue
from typing import Any, Final

import structlog

from ujumbe.domain.phone import mask_all

MOST_WAITING: Final = 10_000
"""Log lines."""


def set_up(level: str = "info", style: str = "auto") -> None:
    """Send our logs and those of the libraries to standard error. `style` is `text`, `json` or `auto`."""
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    renderer = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # What the server says about itself at "info" says nothing that our own lines do not say better.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # A stranger decides how many lines the reader of forms writes: at "debug" one for each byte.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


@contextmanager
def unhurried() -> Iterator[None]:
    """Have the lines written by a thread of their own while this lasts.

    A terminal that is paused, or a collector that is stuck, must not stop the service: lines wait in a bounded queue,
    and are dropped while it is full.
    """
    root = logging.getLogger()
    handlers = root.handlers
    lines: Queue[logging.LogRecord] = Queue(MOST_WAITING)
    listener = QueueListener(lines, *handlers)
    listener.start()
    root.handlers = [_Dropping(lines)]
    try:
        yield
    finally:
        root.handlers = handlers
        listener.stop()


class _Dropping(QueueHandler):
    """Hands records over as they are, or drops them."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # formatted by the listener; nothing leaves this process

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        pass  # the queue is full


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and name != "timestamp":
            event[name] = mask_all(value)
    return event
