"""Group commit for flows: what piles up shares a transaction, and the trouble of one is not the others'."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.store.opened import PATIENCE, Opened, Place, number
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.store import gathering, opt_outs
from ujumbe.store.database import DataRefusedError, Tx
from ujumbe.store.gathering import Gathering

OPT_OUTS = "SELECT number FROM opt_outs ORDER BY id"
BAD = -1


class Flow:
    """Records one opt-out an item, and what each transaction was given. An item below zero is refused by the tables."""

    def __init__(self, account: int) -> None:
        self.account = account
        self.groups: list[list[int]] = []

    def __call__(self, tx: Tx, items: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(items))
        for item in items:
            account = self.account if item >= 0 else 17
            opt_outs.insert(tx, account, number(item), "", opt_outs.Source.IMPORT)
        return [ValueError("odd") if item % 2 and item > 0 else 2 * item for item in items]


@pytest.fixture
def flow(ours: int) -> Flow:
    return Flow(ours)


def gathered(store: Opened, flow: Flow, items: Sequence[int], **options: Any) -> list[Any]:
    """What became of each of `items`, handed over at once."""

    async def main() -> list[Any]:
        gather: Gathering[int, int] = Gathering(store.db, flow, **options)
        async with asyncio.timeout(PATIENCE):
            return await asyncio.gather(*map(gather, items), return_exceptions=True)

    return store.run(main)


def test_a_crowd_shares_a_transaction_and_keeps_its_order(store: Opened, flow: Flow, database: Place) -> None:
    items = list(range(0, 200, 2))
    assert gathered(store, flow, items) == [2 * item for item in items]
    assert flow.groups == [items]
    assert database.ask(OPT_OUTS) == [(number(item),) for item in items]


def test_one_after_the_other_goes_at_once(store: Opened, flow: Flow) -> None:
    async def main() -> list[int]:
        gather: Gathering[int, int] = Gathering(store.db, flow)
        async with asyncio.timeout(PATIENCE):
            return [await gather(item) for item in (2, 4, 6)]

    assert store.run(main) == [4, 8, 12]
    assert flow.groups == [[2], [4], [6]]


def test_what_comes_during_a_commit_goes_into_the_next(store: Opened, flow: Flow) -> None:
    async def main() -> None:
        gather: Gathering[int, int] = Gathering(store.db, flow)
        first = asyncio.create_task(gather(0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the first is on its way
        rest = [asyncio.create_task(gather(item)) for item in (2, 4, 6)]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(first, *rest)

    store.run(main)
    assert flow.groups == [[0], [2, 4, 6]]


def test_a_callers_own_error_is_its_own(store: Opened, flow: Flow, database: Place) -> None:
    found = gathered(store, flow, [2, 3, 4])
    assert (found[0], type(found[1]), found[2]) == (4, ValueError, 8)
    assert flow.groups == [[2, 3, 4]], "nothing is repeated: the flow decided it"
    assert len(database.ask(OPT_OUTS)) == 3


@pytest.mark.parametrize("place", range(7))
def test_what_breaks_a_transaction_is_found_by_halving(store: Opened, flow: Flow, database: Place, place: int) -> None:
    items = [0, 2, 4, 6, 8, 10]
    items.insert(place, BAD)
    found = gathered(store, flow, items)
    assert isinstance(found.pop(place), DataRefusedError)
    items.remove(BAD)
    assert found == [2 * item for item in items]
    assert database.ask(OPT_OUTS) == [(number(item),) for item in items], "all its neighbours, in their order"
    assert len(flow.groups) <= 7, "by halving"


def test_several_bad_ones_are_each_found(store: Opened, flow: Flow, database: Place) -> None:
    found = gathered(store, flow, [BAD, 0, BAD, BAD, 2])
    assert [type(each) for each in found] == [DataRefusedError, int, DataRefusedError, DataRefusedError, int]
    assert len(database.ask(OPT_OUTS)) == 2


def test_an_unavailable_store_is_told_to_all_at_once(store: Opened, ours: int) -> None:
    tries: list[int] = []

    def unavailable(tx: Tx, items: Sequence[int]) -> list[int]:
        tries.append(len(items))
        raise StoreUnavailableError("full")

    async def main() -> list[Any]:
        gather: Gathering[int, int] = Gathering(store.db, unavailable)
        return await asyncio.gather(*map(gather, range(5)), return_exceptions=True)

    found = store.run(main)
    assert [type(each) for each in found] == [StoreUnavailableError] * 5
    assert tries == [5], "nobody's data is to blame: it is not halved"


@pytest.mark.parametrize(
    ("weights", "groups"),
    [
        ([1] * 7, [5, 2]),
        ([5, 1, 1], [1, 2]),
        ([3, 3, 3], [1, 1, 1]),
        ([99, 1, 99], [1, 1, 1]),
        ([2, 3, 1], [2, 1]),
        ([0] * 9, [9]),
    ],
)
def test_a_transaction_holds_only_so_much(
    store: Opened, flow: Flow, monkeypatch: pytest.MonkeyPatch, weights: list[int], groups: list[int]
) -> None:
    monkeypatch.setattr(gathering, "LARGEST", 5)
    items = [2 * index for index in range(len(weights))]
    assert gathered(store, flow, items, weigh=lambda item: weights[item // 2]) == [2 * item for item in items]
    assert [len(each) for each in flow.groups] == groups


def test_a_caller_who_goes_away_harms_nobody_and_its_item_is_done(store: Opened, flow: Flow, database: Place) -> None:
    async def main() -> list[int]:
        gather: Gathering[int, int] = Gathering(store.db, flow)
        leaving, staying = (asyncio.create_task(gather(item)) for item in (2, 4))
        await asyncio.sleep(0)
        leaving.cancel()
        async with asyncio.timeout(PATIENCE):
            found = [await staying]
            return [*found, await gather(6)]

    assert store.run(main) == [8, 12]
    assert database.ask(OPT_OUTS) == [(number(2),), (number(4),), (number(6),)]


@pytest.mark.parametrize("lanes", [1, 3])
def test_lanes_are_transactions_at_a_time(store: Opened, flow: Flow, lanes: int) -> None:
    running: list[int] = []

    async def main() -> None:
        gate = asyncio.Event()

        class Held:
            async def write(self, work: Callable[..., Any], items: list[int]) -> Any:
                running.append(len(items))
                await gate.wait()
                return await store.db.write(work, items)

        held: Any = Held()
        gather: Gathering[int, int] = Gathering(held, flow, lanes=lanes)
        tasks = []
        for item in range(0, 10, 2):
            tasks.append(asyncio.create_task(gather(item)))
            for _ in range(3):
                await asyncio.sleep(0)
        assert running == [1] * lanes
        gate.set()
        async with asyncio.timeout(PATIENCE):
            assert await asyncio.gather(*tasks) == [0, 4, 8, 12, 16]

    store.run(main)
    assert running == [1] * lanes + [5 - lanes]
