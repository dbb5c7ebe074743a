"""The door: groups, what breaks one of them, and replays that change nothing twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.flows.desk import Desk, Line, form, number
from ujumbe.africastalking.callbacks import Kind
from ujumbe.domain.errors import StoreUnavailableError
from ujumbe.domain.message import State
from ujumbe.flows import delivery, door, upkeep
from ujumbe.flows.answering import Answers
from ujumbe.flows.door import Rules
from ujumbe.store import callbacks, gathering, opt_outs
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


def test_too_many_bytes_are_turned_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LARGEST_BULK", 250)

    async def main() -> list[Any]:
        gather = Gathering(desk.store.db, door.notices(rules(desk), Kind.OPT_OUT), bulk=lambda raw: len(raw.body))
        raws = [form("opt-out", {"phoneNumber": number(index), "x": "y" * 60}) for index in range(4)]
        found = await asyncio.gather(*map(gather, raws), return_exceptions=True)
        return [*found, await gather(raws[3])]

    *found, later = desk.store.run(main)
    assert [isinstance(each, StoreUnavailableError) for each in found] == [False, False, True, True]
    assert later is Fate.APPLIED, "what is done no longer counts"


@pytest.mark.parametrize("long", ["x" * 4_000, "\u4e2d" * 900], ids=["hex", "wide"])
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.REPORT, ("id", "phoneNumber", "status", "networkCode", "failureReason")),
        (Kind.INCOMING, ("id", "from", "to", "text", "linkId", "date")),
        (Kind.OPT_OUT, ("phoneNumber", "senderId")),
        (Kind.SUBSCRIPTION, ("phoneNumber", "shortCode", "keyword", "updateType")),
    ],
    ids=lambda each: str(each) if isinstance(each, Kind) else "",
)
def test_a_field_without_end_is_kept_and_harms_nobody(
    desk: Desk, kind: Kind, fields: tuple[str, ...], long: str
) -> None:
    raws = [form(kind, {each: long if each == one else "1" for each in fields}) for one in fields]
    if kind is Kind.REPORT:
        desk.store.write(door.reports(rules(desk)), [delivery.read(each) for each in raws])
    elif kind is Kind.INCOMING:
        desk.store.write(door.incoming(rules(desk)), raws)
    else:
        desk.store.write(door.notices(rules(desk), kind), raws)
    for each in raws:
        desk.store.write(door.keep_aside, desk.account, each, "x")
    assert sorted(row[0] for row in desk.place.ask("SELECT body FROM callbacks")) == sorted(
        [*(r.body for r in raws)] * 2
    )


def test_a_report_that_was_kept_aside_is_told_by_its_message(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    desk.store.write(door.keep_aside, desk.account, REPORT, "ZeroDivisionError")
    [told] = desk.store.read(callbacks.of_message, desk.account, call.messages[0])
    assert told.fate is Fate.BROKEN


def test_reports_of_an_older_version_are_adopted(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    new = callbacks.New(REPORT, number(1), "ATXid_1", Fate.APPLIED, "sent → delivered")
    desk.store.write(callbacks.insert_all, desk.account, [new])
    assert desk.store.read(callbacks.of_message, desk.account, call.messages[0]) == []
    assert [desk.store.write(upkeep.adopt_reports, desk.account) for _ in range(2)] == [1, 0]
    assert len(desk.store.read(callbacks.of_message, desk.account, call.messages[0])) == 1


@pytest.mark.parametrize(("minutes", "answered"), [(10, True), (90, False)])
def test_what_is_replayed_late_is_not_answered(desk: Desk, clock: Any, minutes: int, *, answered: bool) -> None:
    given = {"id": "i", "from": number(1), "to": "12345", "text": "x", "linkId": "l", "date": "2026-03-04"}
    desk.store.write(door.keep_aside, desk.account, form("twoway", given), "x")
    [callback] = kept(desk, Fate.BROKEN)
    clock.forward(minutes * 60_000)
    replay(desk, callback.id)
    assert desk.place.ask("SELECT count(*) FROM messages") == [(int(answered),)]


@pytest.mark.parametrize(("lacking", "expected"), [("", b"GOOD"), ("date", b"BAD")])
def test_what_is_kept_aside_gets_its_usual_answer(lacking: str, expected: bytes) -> None:
    given = {"id": "i", "from": number(1), "to": "12345", "text": "x", "linkId": "l", "date": "2026-03-04"}
    given.pop(lacking, None)
    assert door.answer(form("twoway", given)) == expected
    assert door.answer(REPORT) == b"OK"


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
