"""The door: groups, what breaks one of them, and replays that change nothing twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.flows.desk import Desk, Line, form, number
from ujumbe.africastalking.callbacks import Kind
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.flows import door, upkeep
from ujumbe.flows.answering import Answers
from ujumbe.flows.door import Rules
from ujumbe.store import callbacks, opt_outs
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.database import Tx
from ujumbe.store.gathering import Gathering

REPORT = form("delivery-reports", {"id": "ATXid_1", "status": "Success", "phoneNumber": number(1)})


def rules(desk: Desk) -> Rules:
    return Rules(desk.account, Answers("{text}"), "")


def kept(desk: Desk, fate: Fate) -> list[callbacks.Kept]:
    return desk.store.read(callbacks.list_page, desk.account, kind=None, fate=fate, before=None, limit=9)


def replay(desk: Desk, callback: int) -> callbacks.Kept | None:
    return desk.store.write(door.replay, rules(desk), callback)


def test_one_that_breaks_the_group_harms_nobody_else(desk: Desk) -> None:
    flow = door.notices(rules(desk), Kind.OPT_OUT)
    poison = number(3)

    def fragile(tx: Tx, raws: Sequence[Raw]) -> list[Fate]:
        if any(poison[1:].encode() in each.body for each in raws):
            raise ZeroDivisionError
        return flow(tx, raws)

    async def main() -> list[Any]:
        gathering = Gathering(desk.store.db, fragile)
        raws = [form("opt-out", {"phoneNumber": number(index)}) for index in range(8)]
        return await asyncio.gather(*map(gathering, raws), return_exceptions=True)

    found = desk.store.run(main)
    assert [index for index, each in enumerate(found) if isinstance(each, ZeroDivisionError)] == [3]
    assert len(desk.store.read(opt_outs.list_page, desk.account, before=None, limit=9)) == 7


def test_more_than_can_wait_are_turned_away(desk: Desk) -> None:
    async def main() -> list[Any]:
        gathering = Gathering(desk.store.db, door.notices(rules(desk), Kind.OPT_OUT), most=5)
        raws = [form("opt-out", {"phoneNumber": number(index)}) for index in range(9)]
        return await asyncio.gather(*map(gathering, raws), return_exceptions=True)

    found = desk.store.run(main)
    turned_away = [each for each in found if isinstance(each, StoreUnavailableError)]
    assert len(turned_away) == 4
    assert found.count(Fate.APPLIED) == 5


def test_what_was_kept_aside_can_be_replayed(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    desk.store.write(door.keep_aside, desk.account, REPORT, "ZeroDivisionError")
    [broken] = kept(desk, Fate.BROKEN)
    assert broken.raw == REPORT
    assert "ZeroDivisionError" in broken.note
    replayed = replay(desk, broken.id)
    assert replayed is not None
    assert replayed.fate is Fate.APPLIED
    assert desk.state(call.messages[0]) is State.DELIVERED


@pytest.mark.parametrize(
    "raw",
    [
        REPORT,
        form("opt-out", {"phoneNumber": number(1), "senderId": "MyBrand"}),
        form("subscription", {"phoneNumber": number(1), "shortCode": "1", "keyword": "k", "updateType": "addition"}),
        form("twoway", {"id": "i", "from": number(1), "to": "12345", "text": "x", "linkId": "l", "date": "2026-03-04"}),
    ],
    ids=lambda raw: raw.kind,
)
def test_a_replay_changes_nothing_twice(desk: Desk, raw: Raw) -> None:
    call = desk.claimed(number(2))
    desk.answer(call, Line(101, "ATXid_1"))
    desk.store.write(door.keep_aside, desk.account, raw, "x")
    [callback] = kept(desk, Fate.BROKEN)
    tables = ("messages", "opt_outs", "subscriptions", "inbound", "decisions")
    seen = []
    for _ in range(3):
        replayed = replay(desk, callback.id)
        assert replayed is not None
        assert replayed.fate is Fate.APPLIED
        seen.append([desk.place.ask(f"SELECT count(*) FROM {table}") for table in tables])
    assert seen[0] == seen[1] == seen[2]


def test_nothing_is_replayed_for_an_unknown_id_or_another_account(desk: Desk) -> None:
    assert replay(desk, 17) is None


def test_a_report_for_nothing_is_quarantined_and_changes_nothing(desk: Desk, clock: Any) -> None:
    assert desk.report("ATXid_1", "Success") is Fate.WAITING
    clock.forward(upkeep.QUARANTINE_MS - 1)
    assert desk.store.write(upkeep.quarantine, desk.account) == 0
    clock.forward(60_000)
    assert desk.store.write(upkeep.quarantine, desk.account) == 1
    assert [each.fate for each in kept(desk, Fate.QUARANTINED)] == [Fate.QUARANTINED]
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    assert desk.state(call.messages[0]) is State.SENT
