"""What piles up while the last transaction commits goes into the next one, as one list: group commit for flows."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store.database import Database, Tx

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST: Final = 1_000
"""Items in one transaction: bounds how long the first of them waits."""
MOST_WAITING: Final = 10_000
"""Items that may wait for their transaction: a second or two of work."""

LARGEST_BULK: Final = 64 << 20
"""Bytes of the items that wait or are under way, where they have a size."""


class Gathering(Generic[Item, Result]):
    """`await gathering(item)` for a flow that takes a list: `flow(tx, items)` gives a result or an error for each.

    There is no timer: a lone item goes at once, and a crowd shares its commits. `weigh` says how much of `LARGEST` an
    item takes up; `most` items (of `LARGEST_BULK` bytes, as `bulk` counts) may wait, and more are turned away at once
    rather than kept in memory.
    """

    def __init__(
        self,
        db: Database,
        flow: Callable[[Tx, Sequence[Item]], Sequence[Result | Exception]],
        *,
        lanes: int = 1,
        weigh: Callable[[Item], int] = lambda _: 1,
        most: int = MOST_WAITING,
        bulk: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        self._db = db
        self._flow = flow
        self._weigh = weigh
        self._lanes = lanes
        self._most = most
        self._bulk = bulk
        self._held = 0
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: set[asyncio.Task[Any]] = set()

    async def __call__(self, item: Item) -> Result:
        """Have `item` done in the next transaction, and wait for its commit.

        Raises the error that the flow gave for it, what the database refused of it (`DataRefusedError`), or
        `StoreUnavailableError`.
        """
        size = self._bulk(item)
        if len(self._waiting) >= self._most or self._held + size > LARGEST_BULK:
            raise StoreUnavailableError(f"{len(self._waiting):,} others wait for the database already")
        self._held += size
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._running) < self._lanes:
            task = asyncio.create_task(self._run())
            self._running.add(task)
        try:
            return await future
        finally:
            self._held -= size

    async def _run(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # once around the loop: whoever has arrived by now comes along
                if group := self._next():  # another lane may have taken them all
                    await self._together(group)
        finally:
            # Here and not in a callback: those whom the last group answered come again before any callback runs.
            self._running.discard(cast("asyncio.Task[Any]", asyncio.current_task()))

    def _next(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        weight = count = 0
        for item, _ in self._waiting:
            weight += self._weigh(item)
            if count and weight > LARGEST:
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _together(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        """One transaction for the group. What breaks it is found by halving, and is its own item's trouble alone."""
        try:
            results = await self._db.write(self._flow, [item for item, _ in group])
        except StoreUnavailableError as error:
            for _, future in group:
                _settle(future, error)
        except Exception as error:
            if len(group) == 1:
                _settle(group[0][1], error)
                return
            middle = len(group) // 2
            await self._together(group[:middle])
            await self._together(group[middle:])
        else:
            for (_, future), result in zip(group, results, strict=True):
                _settle(future, result)


def _settle(future: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if future.done():
        return  # the caller has gone; the work is done all the same
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
