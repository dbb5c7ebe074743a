"""What events tell, composed when they are read: as their type says, and only an id of what is gone."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.flows.desk import Desk, Line, number
from ujumbe.domain import ids
from ujumbe.domain.event import Type
from ujumbe.domain.ids import Kind
from ujumbe.flows import telling
from ujumbe.store import accounts, events, opt_outs
from ujumbe.store.database import Tx

T = Type


def told(desk: Desk, *types: Type) -> list[dict[str, Any]]:
    while desk.store.write(events.number):
        pass
    page = desk.store.read(telling.page, desk.account, 0, 1_000, types)
    json.dumps(page.items)
    return page.items


def test_each_type_has_its_schema(desk: Desk) -> None:
    """One event of each type; its data has the fields that are documented, and no other."""
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    desk.hear("in-1", number(1), "Habari")
    desk.opt_out(number(2), "MyBrand")
    desk.store.write(opt_outs.end, desk.account, number(2), None, "operator")
    product = {"phoneNumber": number(1), "shortCode": "12345", "keyword": "NEWS"}
    desk.subscribe(**product, updateType="addition")
    desk.subscribe(**product, updateType="deletion")
    [message] = call.messages
    for each in Type:
        if each.startswith("message.") and each is not T.RECEIVED:
            desk.store.write(events.add, desk.account, each, [message])
    desk.store.write(events.add, desk.account, T.BALANCE_LOW, [desk.account])
    found = told(desk)
    assert {each["type"] for each in found} == set(Type)
    for event in found:
        assert event.keys() == telling.ENVELOPE.keys()
        assert event["data"].keys() == telling.SCHEMA[Type(event["type"])].keys(), event["type"]
        assert event["id"] == ids.show(Kind.EVENT, event["seq"])
        assert event["timestamp"].endswith("Z")
        if "state" in event["data"]:
            assert f"message.{event['data']['state']}" == event["type"]


def test_a_message(desk: Desk) -> None:
    call = desk.claimed(number(1), metadata='{"order": [7, null]}')
    desk.answer(call, Line(101, "ATXid_1"))
    desk.report("ATXid_1", "Failed", number(1), failureReason="AbsentSubscriber", networkCode="63902")
    accepted, sent, undelivered = told(desk)
    common = {
        "id": ids.show(Kind.MESSAGE, call.messages[0]),
        "batch": ids.show(Kind.BATCH, desk.message(call.messages[0]).batch),
        "to": number(1),
        "from": "UJUMBE",
        "kind": "bulk",
        "metadata": {"order": [7, None]},
        "segments": 1,
        "cost": "KES 0.8000",
        "network_code": "63902",
    }
    reason = desk.message(call.messages[0]).reason
    assert "AbsentSubscriber" in reason
    assert accepted["data"] == {**common, "state": "accepted", "reason": ""}
    assert sent["data"] == {**common, "state": "sent", "reason": ""}
    assert undelivered["data"] == {**common, "state": "undelivered", "reason": reason}
    assert [each["type"] for each in (accepted, sent, undelivered)] == [T.ACCEPTED, T.SENT, T.UNDELIVERED]


def test_what_people_said(desk: Desk) -> None:
    desk.hear("in-1", number(1), "Habari\u2028 😀", template="Asante")
    desk.opt_out(number(2), "MyBrand")
    desk.opt_out(number(3))
    desk.store.write(opt_outs.end, desk.account, number(2), None, "operator")
    [heard] = told(desk, T.RECEIVED)
    assert (heard["data"]["from"], heard["data"]["to"], heard["data"]["text"]) == (
        number(1),
        "12345",
        "Habari\u2028 😀",
    )
    assert heard["data"]["reply"].startswith("msg_")
    stopped, everything, started = told(desk, T.OPTED_OUT, T.OPTED_IN)
    assert (stopped["data"]["phone"], stopped["data"]["from"]) == (number(2), "MyBrand")
    assert stopped["data"]["until"] is None, "as it was then"
    assert started["data"]["until"]
    assert started["data"]["ended_by"] == "operator"
    assert {**started["data"], "until": None, "ended_by": ""} == stopped["data"]
    assert everything["data"]["from"] is None


def test_the_balance(desk: Desk) -> None:
    desk.answer(desk.claimed(number(1)), Line(405))
    [low] = told(desk, T.BALANCE_LOW)
    assert low["data"] == {"username": "sandbox", "sending": False, "reason": desk.health().note}
    desk.store.write(accounts.resume, desk.account, desk.health().pause, strikes=0)
    [low] = told(desk, T.BALANCE_LOW)
    assert low["data"] == {"username": "sandbox", "sending": True, "reason": ""}


def test_of_what_is_gone_only_the_id_is_told(desk: Desk) -> None:
    """Nobody deletes messages yet; somebody may, and the log still names them."""
    [message] = desk.accept(number(1))
    desk.hear("in-1", number(1), "Habari", template="")
    desk.opt_out(number(2))
    before = told(desk)
    for table in ("messages", "inbound", "opt_outs"):
        desk.place.ask(f"DELETE FROM {table}")
    after = told(desk)
    assert [each["data"] for each in after] == [{"id": each["data"]["id"]} for each in before]
    assert after[0]["data"] == {"id": ids.show(Kind.MESSAGE, message)}
    assert [{**each, "data": 0} for each in after] == [{**each, "data": 0} for each in before]


def test_another_account_is_told_nothing(desk: Desk) -> None:
    desk.accept(number(1))
    other = desk.store.write(accounts.ensure, "live", "local")
    while desk.store.write(events.number):
        pass
    assert desk.store.read(telling.page, other, 0, 100) == ([], 1)


@pytest.mark.parametrize("many", [1, 40])
def test_a_page_takes_as_many_queries_however_many_events(desk: Desk, many: int) -> None:
    desk.accept(*map(number, range(many)))
    for index in range(many):
        desk.hear(f"in-{index}", number(index), "Habari", template="")
    desk.store.write(events.number)
    asked: Counter[str] = Counter()

    def counted(tx: Tx) -> telling.Page:
        for way in ("all", "tuples", "one"):
            whole = getattr(tx, way)

            def noted(name: str, /, whole: Any = whole, **values: Any) -> Any:
                asked[name] += 1
                return whole(name, **values)

            setattr(tx, way, noted)
        return telling.page(tx, desk.account, 0, 1_000)

    assert len(desk.store.read(counted).items) == 2 * many
    assert asked == {"events.next": 1, "events.after": 1, "messages.told": 1, "inbound.among": 1}
