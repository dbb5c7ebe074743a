import asyncio
from typing import Any

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk, number
from tests.flows.places import during
from tests.store.opened import batch
from ujumbe.africastalking.wire import Mode, Outgoing
from ujumbe.domain import ids, recipients
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.flows import accepting, claiming
from ujumbe.flows.accepting import Accepted, BusyError, ConflictError, Order, Request
from ujumbe.store import answers, gathering, subscriptions
from ujumbe.store.database import Tx
from ujumbe.store.gathering import Gathering
from ujumbe.store.subscriptions import Product

HOUR = 3_600_000
NEWS = Product("12345", "NEWS")


def order(desk: Desk, *to: str, **given: Any) -> Order:
    times = {name: given.pop(name) for name in ("send_at", "expires_at", "priority") if name in given}
    return Order(batch(desk.account, **given), recipients.judge(to or (number(1),)), **times)


def accept(desk: Desk, given: Order, key: str = "", body: bytes = b"hash") -> Accepted:
    claim = answers.Request(desk.account, 0, key, body) if key else None
    [answer] = desk.store.write(accepting.accept_all, [Request(given, claim)])
    if isinstance(answer, Exception):
        raise answer
    return answer


def stored(desk: Desk) -> int:
    [[count]] = desk.place.ask("SELECT count(*) FROM messages")
    return int(count)


def test_a_verdict_for_each_number_in_their_order(desk: Desk) -> None:
    desk.opt_out(number(3), "UJUMBE")
    given = order(desk, number(1), "0711", number(3), number(1))
    rows = accept(desk, given).document["messages"]
    assert [(row["to"], row["state"]) for row in rows] == [
        (number(1), "queued"),
        ("0711", "rejected"),
        (number(3), "blocked"),
        (number(1), "rejected"),
    ]
    assert [bool(row.get("reason")) for row in rows] == [False, True, True, True]
    made = [ids.read(Kind.MESSAGE, row["id"]) for row in rows if row["id"]]
    assert [desk.state(each) for each in made] == [State.QUEUED, State.BLOCKED]
    assert [call.outgoing.to for call in desk.claim()] == [(number(1),)]


def test_the_answer_counts(desk: Desk) -> None:
    found = accept(desk, order(desk, number(1), "x", number(2), text="a" * 161)).document
    assert (found["accepted"], found["rejected"], found["segments"]) == (2, 1, 2)
    assert ids.read(Kind.BATCH, found["id"])


@pytest.mark.parametrize("to", [("0711",), ("x", "", "+1")])
def test_when_nobody_can_be_texted_nothing_is_stored(desk: Desk, to: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError, match="none of the numbers"):
        accept(desk, order(desk, *to), "key")
    assert desk.place.ask("SELECT 1 FROM batches UNION ALL SELECT 1 FROM answers") == []


def test_the_same_key_gets_the_same_answer_and_sends_once(desk: Desk, clock: Clock) -> None:
    first = accept(desk, order(desk), "key")
    again = accept(desk, order(desk), "key")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.document == first.document
    with pytest.raises(ConflictError):
        accept(desk, order(desk), "key", b"another body")
    assert stored(desk) == 1
    clock.forward(24 * HOUR)
    assert not accept(desk, order(desk), "key", b"another body").replayed, "after a day a key is free"


def test_the_same_key_in_one_commit_sends_once(desk: Desk) -> None:
    """The caller of the first may have gone away and come again before it was stored."""
    request = Request(order(desk), answers.Request(desk.account, 0, "key", b"hash"))
    first, *others = desk.store.write(accepting.accept_all, [request] * 5)
    assert isinstance(first, Accepted)
    assert [type(each) for each in others] == [BusyError] * 4
    assert stored(desk) == 1
    assert accept(desk, order(desk), "key").document == first.document


def test_what_is_scheduled_leaves_at_its_time_if_nobody_said_stop(desk: Desk, clock: Clock) -> None:
    given = order(desk, number(1), number(2), send_at=clock.now + HOUR)
    assert {row["state"] for row in accept(desk, given).document["messages"]} == {"scheduled"}
    clock.forward(HOUR - 1)
    assert desk.claim() == []
    desk.opt_out(number(2))
    clock.forward(1)
    assert [call.outgoing.to for call in desk.claim()] == [(number(1),)]


@pytest.mark.parametrize(
    ("category", "lifetime"), [("otp", 600_000), ("transactional", 24 * HOUR), ("promotional", 24 * HOUR)]
)
def test_how_long_each_category_waits(desk: Desk, clock: Clock, category: str, lifetime: int) -> None:
    for send_at in (None, clock.now + HOUR):
        document = accept(desk, order(desk, category=category, send_at=send_at)).document
        made = desk.message(ids.read(Kind.MESSAGE, document["messages"][0]["id"]))
        assert made.expires_at - made.due_at == lifetime


@pytest.mark.parametrize(
    ("send_at", "expires_at", "field"),
    [
        pytest.param(0, None, "send_at", id="now"),
        pytest.param(-1, None, "send_at", id="past"),
        pytest.param(None, 0, "expires_at", id="over at once"),
        pytest.param(HOUR, HOUR, "expires_at", id="over when it is due"),
        pytest.param(400 * 24 * HOUR, None, "send_at", id="next year"),
        pytest.param(None, 400 * 24 * HOUR, "expires_at", id="for more than a year"),
    ],
)
def test_times_that_cannot_be(
    desk: Desk, clock: Clock, send_at: int | None, expires_at: int | None, field: str
) -> None:
    given = {"send_at": send_at, "expires_at": expires_at}
    times = {name: None if value is None else clock.now + value for name, value in given.items()}
    with pytest.raises(InvalidInputError) as quoted:
        desk.store.read(accepting.quote, order(desk, **times))
    with pytest.raises(InvalidInputError) as caught:
        accept(desk, order(desk, **times))
    assert caught.value.field == quoted.value.field == field
    assert stored(desk) == 0


def test_priority_goes_first(desk: Desk) -> None:
    accept(desk, order(desk, number(1), text="later"))
    accept(desk, order(desk, number(2), text="first", priority=5))
    assert [call.outgoing.text for call in desk.claim()] == ["first", "later"]


def test_a_quote_says_what_accepting_would_do_and_stores_nothing(desk: Desk) -> None:
    desk.opt_out(number(2))
    given = order(desk, number(1), number(2), "x", text="Ünïcode 🙂" * 10)
    quoted = desk.store.read(accepting.quote, given)
    assert stored(desk) == 0
    assert [row["state"] for row in quoted["messages"]] == ["accepted", "blocked", "rejected"]
    assert (quoted["accepted"], quoted["rejected"]) == (2, 1)
    assert quoted["total_segments"] == quoted["segments"] == accept(desk, given).document["segments"]
    assert any(each["forces_ucs2"] for each in quoted["costly"])


def test_an_expired_head_of_the_queue_delays_nobody_for_ever(desk: Desk, clock: Clock) -> None:
    desk.accept(*map(number, range(1_500)), lifetime_ms=1_000)
    clock.forward(1_000)
    [message] = desk.accept(number(9))
    claimed = [call for _ in range(3) for call in desk.claim()]
    assert [call.messages for call in claimed] == [(message,)]
    assert desk.claim() == []
    assert claiming.LOOK_AHEAD < 1_500


def test_the_same_key_is_busy_while_another_process_answers_it(shared: Desk) -> None:
    request = Request(order(shared), answers.Request(shared.account, 0, "key", b"hash"))
    other_key = Request(order(shared), answers.Request(shared.account, 0, "another", b"hash"))
    given: list[Accepted | Exception] = []

    def first(tx: Tx) -> None:
        given.extend(accepting.accept_all(tx, [request]))

    busy, accepted = during(shared.store, first, lambda tx: accepting.accept_all(tx, [request, other_key]))
    assert isinstance(busy, BusyError)
    assert isinstance(accepted, Accepted)
    with shared.place.open() as other:
        [again] = other.write(accepting.accept_all, [request])
    [original] = given
    assert isinstance(original, Accepted)
    assert isinstance(again, Accepted)
    assert (again.replayed, again.document) == (True, original.document)
    assert stored(shared) == 2


def test_a_key_that_was_busy_is_free_where_its_request_failed(shared: Desk) -> None:
    request = Request(order(shared), answers.Request(shared.account, 0, "key", b"hash"))

    def fails(tx: Tx) -> None:
        accepting.accept_all(tx, [request])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shared.store.write(fails)
    assert not accept(shared, order(shared), "key").replayed
    assert stored(shared) == 1


@pytest.mark.parametrize("count", [1, 40])
def test_a_crowd_is_accepted_together_and_each_has_its_own_answer(desk: Desk, count: int) -> None:
    requests = [Request(order(desk, number(index), text=f"text {index}")) for index in range(count)]
    bad = Request(order(desk, "x"))
    gathering = Gathering(desk.store.db, accepting.accept_all, weigh=lambda request: request.weight)

    async def main() -> list[Accepted | BaseException]:
        return await asyncio.gather(*map(gathering, [*requests, bad]), return_exceptions=True)

    *good, refused = desk.store.run(main)
    assert isinstance(refused, InvalidInputError)
    tos = [each.document["messages"][0]["to"] for each in good if isinstance(each, Accepted)]
    assert tos == [number(index) for index in range(count)]
    assert stored(desk) == count


def subscribed(desk: Desk, *indices: int, keyword: str = "NEWS", code: str = "12345") -> None:
    for index in indices:
        desk.store.write(subscriptions.start, desk.account, number(index), code, keyword)


def premium(desk: Desk, keyword: str = "NEWS", **given: Any) -> Order:
    made = batch(desk.account, mode="premium", sender="12345", keyword=keyword, **given)
    return Order(made, [], subscribers=True)


def test_everybody_who_is_subscribed_gets_one(desk: Desk) -> None:
    subscribed(desk, 1, 2, 3, 4)
    subscribed(desk, 5, keyword="JOKE")
    subscribed(desk, 6, code="54321")
    desk.store.write(subscriptions.end, desk.account, number(2), "12345", "NEWS")
    desk.opt_out(number(3), "12345")
    document = accept(desk, premium(desk, retry_hours=7)).document
    assert [(row["to"], row["state"]) for row in document["messages"]] == [
        (number(1), "queued"),
        (number(3), "blocked"),
        (number(4), "queued"),
    ]
    assert (document["accepted"], document["rejected"]) == (3, 0)
    subscribed(desk, 7)
    desk.store.write(subscriptions.end, desk.account, number(4), "12345", "NEWS")
    [call] = desk.claim()
    assert call.outgoing == Outgoing(
        (number(1), number(4)), "Habari", Mode.PREMIUM, "12345", keyword="NEWS", retry_hours=7
    ), "those of the moment in which it was accepted"


def test_the_keyword_goes_out_as_at_spells_it(desk: Desk) -> None:
    subscribed(desk, 1, keyword="News")
    accept(desk, premium(desk, keyword="NEWS"))
    accept(desk, order(desk, number(2), mode="premium", sender="12345", keyword="news"))
    accept(desk, order(desk, number(3), mode="premium", sender="12345", keyword="joke"))
    assert [(call.outgoing.keyword, call.outgoing.to) for call in desk.claim()] == [
        ("News", (number(1), number(2))),
        ("joke", (number(3),)),
    ], "and what AT never named as it was given"


def test_where_nobody_is_subscribed_nothing_is_stored(desk: Desk) -> None:
    subscribed(desk, 1, keyword="JOKE")
    with pytest.raises(InvalidInputError, match="nobody is subscribed to NEWS on 12345"):
        accept(desk, premium(desk), "key")
    assert desk.place.ask("SELECT 1 FROM batches UNION ALL SELECT 1 FROM answers") == []
    subscribed(desk, 1)
    assert accept(desk, premium(desk), "key").document["accepted"] == 1, "the key is free"


def test_the_same_key_goes_to_the_same_subscribers(desk: Desk) -> None:
    subscribed(desk, 1)
    first = accept(desk, premium(desk), "key")
    subscribed(desk, 2)
    again = accept(desk, premium(desk), "key")
    assert (again.replayed, again.document) == (True, first.document)
    assert stored(desk) == 1


def test_a_quote_to_subscribers_stores_nothing(desk: Desk) -> None:
    subscribed(desk, 1, 2)
    desk.opt_out(number(2))
    told = desk.store.read(accepting.quote, premium(desk))
    assert [(each["to"], each["state"]) for each in told["messages"]] == [
        (number(1), "accepted"),
        (number(2), "blocked"),
    ]
    assert told["total_segments"] == 1
    assert stored(desk) == 0
    with pytest.raises(InvalidInputError, match="nobody"):
        desk.store.read(accepting.quote, premium(desk, keyword="JOKE"))


def test_more_subscribers_than_one_request_may_name(desk: Desk) -> None:
    numbers = [number(index) for index in range(recipients.MOST + 1)]
    desk.store.write(subscriptions.start_all, desk.account, NEWS, numbers, subscriptions.Source.SYNC)
    document = accept(desk, premium(desk)).document
    assert document["accepted"] == len({row["id"] for row in document["messages"]}) == len(numbers)
    assert stored(desk) == len(numbers)


def test_more_subscribers_than_one_transaction_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert accepting.MOST_SUBSCRIBERS == 100_000
    monkeypatch.setattr(accepting, "MOST_SUBSCRIBERS", 3)
    subscribed(desk, 1, 2, 3)
    assert accept(desk, premium(desk)).document["accepted"] == 3
    subscribed(desk, 4)
    with pytest.raises(InvalidInputError, match="more than 3 are subscribed"):
        accept(desk, premium(desk))
    assert stored(desk) == 3


def test_requests_to_subscribers_beside_others(desk: Desk) -> None:
    subscribed(desk, 1, 2)
    none, some, plain = desk.store.write(
        accepting.accept_all, [Request(premium(desk, "JOKE")), Request(premium(desk)), Request(order(desk))]
    )
    assert isinstance(none, InvalidInputError)
    assert isinstance(some, Accepted)
    assert isinstance(plain, Accepted)
    assert (some.document["accepted"], plain.document["accepted"]) == (2, 1)
    assert Request(premium(desk)).weight == gathering.LARGEST, "as heavy as the heaviest: it goes by itself"
