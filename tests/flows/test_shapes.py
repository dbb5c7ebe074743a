"""Every callback that AT is known to send, each a line: what becomes of it (africastalking-api.md, section 4)."""

import pytest

from tests.flows.desk import Desk, Line, number
from ujumbe.domain.message import State
from ujumbe.flows import delivery
from ujumbe.store import inbound
from ujumbe.store.callbacks import Fate, Raw

FORM = "application/x-www-form-urlencoded"
WHO = number(1).replace("+", "%2B")
U = State.UNDELIVERED


def posted(kind: str, body: str, content_type: str = FORM) -> Raw:
    return Raw(kind, b"", content_type, body.encode())


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (f"phoneNumber={WHO}&failureReason=DeliveryFailure&retryCount=0&id=ATXid_1&status=Failed&networkCode=63902", U,
         "DeliveryFailure"),
        ("id=ATXid_1&status=Success", State.DELIVERED, ""),
        (f"id=ATXid_1&status=Sent&phoneNumber={WHO}&networkCode=63902", State.SENT, ""),
        (f"id=ATXid_1&status=Submitted&phoneNumber={WHO}&networkCode=63902", State.SENT, ""),
        (f"id=ATXid_1&status=Buffered&phoneNumber={WHO}&networkCode=63902&retryCount=3", State.SENT, ""),
        (f"id=ATXid_1&status=Rejected&phoneNumber={WHO}", U, "Rejected"),
        (f"id=ATXid_1&status=AbsentSubscriber&phoneNumber={WHO}", U, "AbsentSubscriber"),
        (f"id=ATXid_1&status=Expired&phoneNumber={WHO}", U, "Expired"),
        (f"id=ATXid_1&status=SUCCESS&phoneNumber={WHO}", State.DELIVERED, ""),
        (f"id=ATXid_1&status=Teleported&phoneNumber={WHO}", State.SENT, ""),
        ("status=Success&id=ATXid_1&phoneNumber=0711000001", State.DELIVERED, ""),
        *[
            (f"id=ATXid_1&status=Failed&phoneNumber={WHO}&failureReason={each}", U, each)
            for each in (
                "InsufficientCredit", "InvalidLinkId", "UserIsInactive", "UserInBlackList", "UserAccountSuspended",
                "NotNetworkSubcriber", "NotNetworkSubscriber", "UserNotSubscribedToProduct", "UserDoesNotExist",
                "DeliveryFailure", "DoNotDisturbRejection", "AbsentSubscriber", "SomethingNew",
            )
        ],
    ],
    ids=lambda each: each if isinstance(each, str) and "=" not in each else "",
)  # fmt: skip
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", ""], ids=["form", "charset", "none"])
def test_reports(desk: Desk, body: str, state: State, reason: str, content_type: str) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, "ATXid_1"))
    received = delivery.read(posted("delivery-reports", body, content_type))
    [fate] = desk.store.write(delivery.receive_all, desk.account, [received])
    assert fate in (Fate.APPLIED, Fate.IGNORED, Fate.DUPLICATE)
    found = desk.message(call.messages[0])
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize(
    ("date", "epoch"),
    [
        ("2017-05-03T06%3A04%3A45Z", 1_493_791_485_000),
        ("2017-05-03+06%3A04%3A45", 1_493_791_485_000),
        ("2017-05-03T06%3A04%3A45.445Z", 1_493_791_485_445),
        ("2026-10-09+12%3A17%3A37", 1_791_548_257_000),
        ("9th+October", None),
    ],
)
@pytest.mark.parametrize("more", ["", "&cost=KES+1.00&networkCode=63902", "&new=1"], ids=["older", "newer", "newest"])
def test_texts(desk: Desk, date: str, epoch: int | None, more: str) -> None:
    body = f"linkId=03090445075804249226&text=Msg&to=21512&id=uuid-1&date={date}&from={WHO}{more}"
    desk.store.write(desk.receive, posted("twoway", body))
    [text] = desk.store.read(inbound.list_page, desk.account, number=None, before=None, limit=9)
    assert (text.content.text, text.content.date, text.content.link_id) == ("Msg", epoch, "03090445075804249226")
    assert text.content.date_raw


@pytest.mark.parametrize(
    ("begins", "ends"), [("addition", "deletion"), ("Addition", "Deletion"), ("ADDITION", "DELETION")]
)
def test_subscriptions(desk: Desk, begins: str, ends: str) -> None:
    named = {"phoneNumber": number(1), "shortCode": "21512", "keyword": "NEWS"}
    assert desk.subscribe(**named, updateType=begins) is Fate.APPLIED
    assert desk.subscribe(**named, updateType=begins) is Fate.DUPLICATE
    assert desk.subscribe(**named, updateType=ends) is Fate.APPLIED
    assert desk.place.ask("SELECT count(*) FROM subscriptions WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.parametrize("sender", ["21512", "MyBrand", "mybrand", ""])
def test_opt_outs(desk: Desk, sender: str) -> None:
    assert desk.opt_out(number(1), sender) is Fate.APPLIED
    [kept] = desk.place.ask("SELECT sender, proof FROM opt_outs")
    assert kept[0] == sender
    assert f"phoneNumber={WHO}" in kept[1], "the notice itself is the proof"
