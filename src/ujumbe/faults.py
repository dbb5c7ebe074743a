"""Fault points: places at which a test has the process die as by `kill -9`. Inert unless UJUMBE_TEST_DIE_AT is set.

`UJUMBE_TEST_DIE_AT=outbox.take#2` dies at the second pass of that point; `trace` writes every pass to standard error
instead, which is how the test learns what there is to die at. Points are the statements of units that write, their
commits, and both sides of a call to AT.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from typing import Final

_AT: Final = os.environ.get("UJUMBE_TEST_DIE_AT", "")
_passed: Final = Counter[str]()


def _armed(name: str) -> None:
    _passed[name] += 1
    here = f"{name}#{_passed[name]}"
    if _AT == "trace":
        sys.stderr.write(f"fault point {here}\n")
        sys.stderr.flush()
    elif here == _AT:
        os.kill(os.getpid(), signal.SIGKILL)


def _inert(name: str) -> None:
    pass


point: Final[Callable[[str], None]] = _armed if _AT else _inert
"""Pass a fault point."""
