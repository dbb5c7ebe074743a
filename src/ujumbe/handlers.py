"""Handlers of your own for incoming texts: functions that a module named by UJUMBE_HANDLERS marks with `@on_message`.

    from ujumbe import IncomingText, on_message

    @on_message("BAL")
    async def balance(text: IncomingText) -> str | None:
        return f"Your balance is {await look_up(text.sender)}"

What it returns is the answer; None answers nothing. It runs at most once for a text, after that text is stored.
"""

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from ujumbe.domain.errors import SettingsError
from ujumbe.domain.rule import Action, Rule

F = TypeVar("F", bound=Callable[..., Any])

SECONDS: Final = 10.0
MOST_SECONDS: Final = 60.0
_MARK: Final = "__ujumbe_handlers__"


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text that somebody sent us. `sender` is E.164, `to` our short code; `id` as in GET /v1/inbound."""

    id: str
    sender: str
    to: str
    text: str
    link_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Handler:
    """A marked function: which texts it is about, and how long it may take."""

    rule: Rule
    function: Callable[[IncomingText], Any]
    seconds: float

    async def run(self, text: IncomingText, threads: Executor) -> object:
        """What the function returns for `text`. Raises what it raises, and `TimeoutError`.

        One that is no coroutine runs on a thread, which nobody can stop: after the time is up its result is ignored.
        """
        async with asyncio.timeout(self.seconds):
            if inspect.iscoroutinefunction(self.function):
                return await self.function(text)
            return await asyncio.get_running_loop().run_in_executor(threads, self.function, text)


def on_message(
    keyword: str | Sequence[str] = (), *, short_code: str = "", anywhere: bool = False, seconds: float = SECONDS
) -> Callable[[F], F]:
    """Mark a function as the handler of texts that begin with `keyword` (or with one of several), or of all.

    `anywhere` takes the keyword wherever it stands, `short_code` only texts to that one; `seconds` is its time limit
    (at most 60). Handlers come before rules, in the order of the module; stop words come before both.
    Raises `ValueError`.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds: a handler may take up to {MOST_SECONDS:.0f} s")
    keywords = (keyword,) if isinstance(keyword, str) else tuple(keyword)

    def mark(function: F) -> F:
        name = f"{function.__module__}.{function.__qualname__}"
        rule = Rule(name, Action.NOTHING, keywords, anywhere=anywhere, short_code=short_code)
        marked = [*getattr(function, _MARK, ()), Handler(rule, function, seconds)]
        setattr(function, _MARK, marked)
        return function

    return mark


def load(module: str) -> list[Handler]:
    """The handlers of a module, in its order; none without a name. Raises `SettingsError` where it has none."""
    if not module:
        return []
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # a command does not look where it starts, and that is where such a module lies
    try:
        found = list(_marked(importlib.import_module(module)))
    except Exception as error:  # whatever it does when it is imported, the setting is to blame
        raise SettingsError(f"UJUMBE_HANDLERS: {module} cannot be imported ({type(error).__name__}: {error})") from None
    if not found:
        raise SettingsError(f"UJUMBE_HANDLERS: nothing in {module} is marked with @on_message")
    return found


def _marked(module: object) -> Iterator[Handler]:
    for each in vars(module).values():
        yield from getattr(each, _MARK, ()) if callable(each) and not isinstance(each, type) else ()
