"""AT's list of subscribers against ours: what differs is recorded, and nothing that AT did not say."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.africastalking.scripted import PATIENCE, Answer, End, Request, ScriptedServer, reply
from tests.flows.conftest import Clock
from tests.flows.desk import Desk, number
from tests.flows.places import overlapped
from tests.flows.test_events import told
from ujumbe.africastalking.client import AfricasTalking
from ujumbe.domain.event import Type
from ujumbe.flows import reconciling
from ujumbe.flows.reconciling import Drift, ListError
from ujumbe.store import subscriptions
from ujumbe.store.subscriptions import Filters, Product, Source, Subscription

NEWS = Product("12345", "NEWS")
OTHERS = (Product("12345", "JOKE"), Product("54321", "NEWS"))


def rows(*numbers: str, first: int = 1) -> Answer:
    listed = [{"id": first + place, "phoneNumber": each, "date": ""} for place, each in enumerate(numbers)]
    return reply(200, json.dumps({"responses": listed}).encode())


def paged(numbers: Sequence[str], page: int) -> Callable[[Request], Answer]:
    """AT's list as it is paged: those after `lastReceivedId`."""

    def answer(request: Request) -> Answer:
        after = int(parse_qs(urlsplit(request.target).query)["lastReceivedId"][0])
        return rows(*numbers[after : after + page], first=after + 1)

    return answer


def subscribe(desk: Desk, *indices: int, product: Product = NEWS) -> None:
    for index in indices:
        desk.store.write(subscriptions.start, desk.account, number(index), *product)


def sync(desk: Desk, *answers: Any, product: Product = NEWS, record: bool = True) -> Drift:
    async def run() -> Drift:
        async with AfricasTalking("sandbox", "key", api_url=server.url, read_timeout=1) as client:
            return await reconciling.sync(desk.store.db, client, desk.account, product, record=record)

    with ScriptedServer(*answers) as server:
        return desk.store.run(run)


def listed(desk: Desk, product: Product = NEWS, *, active: bool = True) -> list[Subscription]:
    filters = Filters(*product, active=active)
    return desk.store.read(subscriptions.list_page, desk.account, filters, before=None, limit=10_000)


def live(desk: Desk, product: Product = NEWS) -> set[str]:
    return {each.number for each in listed(desk, product)}


def test_what_differs_is_started_and_ended(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1, 2, 3)
    for product in OTHERS:
        subscribe(desk, 1, 2, product=product)
    clock.forward(1)
    drift = sync(desk, rows(number(2), number(4), number(5)), rows())
    assert drift == Drift(NEWS, listed=3, live=3, started=[number(4), number(5)], ended=[number(1), number(3)])
    assert live(desk) == {number(2), number(4), number(5)}
    assert {each.number: each.source for each in listed(desk)} == {
        number(2): Source.CALLBACK,
        number(4): Source.SYNC,
        number(5): Source.SYNC,
    }
    assert [each.ended_by for each in listed(desk, active=False)] == [Source.SYNC] * 2
    assert [live(desk, product) for product in OTHERS] == [{number(1), number(2)}] * 2
    assert [each for each, _ in told(desk)][-4:] == [*[Type.UNSUBSCRIBED] * 2, *[Type.SUBSCRIBED] * 2]
    clock.forward(1)
    again = sync(desk, rows(number(2), number(4), number(5)), rows())
    assert (again.started, again.ended) == ([], []), "nothing is left to do"


def test_a_keyword_has_no_case(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1, product=Product("12345", "news"))
    clock.forward(1)
    assert sync(desk, rows(number(1)), rows()) == Drift(NEWS, 1, 1, [], [])


@pytest.mark.parametrize("size", [1, 7, 100, 250])
def test_every_page_is_read(desk: Desk, clock: Clock, size: int) -> None:
    subscribe(desk, *range(40), 900)
    clock.forward(1)
    numbers = [number(index) for index in range(120)]
    drift = sync(desk, paged(numbers, size))
    assert (drift.listed, drift.live, len(drift.started), drift.ended) == (120, 41, 80, [number(900)])
    assert live(desk) == set(numbers)


def test_the_last_page_may_come_again(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1)
    clock.forward(1)
    assert sync(desk, rows(number(1), number(2))).started == [number(2)]


def test_an_empty_list_is_an_answer(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1, 2)
    clock.forward(1)
    assert sync(desk, rows()).ended == [number(1), number(2)]
    assert live(desk) == set()


def test_numbers_as_at_may_write_them(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1)
    clock.forward(1)
    drift = sync(desk, rows(number(1).removeprefix("+"), f" {number(1)}"), rows())
    assert (drift.listed, drift.started, drift.ended) == (1, [], [])


def test_told_and_not_recorded(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1)
    clock.forward(1)
    before = told(desk)
    drift = sync(desk, rows(number(2)), rows(), record=False)
    assert (drift.started, drift.ended) == ([number(2)], [number(1)])
    assert live(desk) == {number(1)}
    assert told(desk) == before


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(reply(200, b"<html>"), "XML or HTML", id="HTML"),
        pytest.param(reply(200, b'{"responses": [{"id"'), "cut short", id="cut short"),
        pytest.param(reply(200, b"{}"), "no responses", id="another shape"),
        pytest.param(reply(200, b""), "empty", id="empty"),
        pytest.param(reply(500, b""), "500", id="500"),
        pytest.param(reply(401, b"no"), "AT_API_KEY", id="401"),
        pytest.param(reply(429, b""), "429", id="429"),
        pytest.param(Answer(end=End.RESET), "no answer", id="reset"),
        pytest.param(Answer(end=End.SILENCE), "no answer", id="silence"),
        pytest.param(
            reply(200, b'{"responses": [{"id": 9, "phoneNumber": "+254711XXX000"}]}'), "no number", id="masked"
        ),
        pytest.param(reply(200, b'{"responses": [{"id": 9}]}'), "no number", id="no number"),
        pytest.param(rows(number(3), first=0), "no ids", id="no ids"),
        pytest.param(rows(number(3), first=-5), "no ids", id="ids that fall"),
    ],
)
@pytest.mark.parametrize("pages_before", [0, 1])
def test_what_is_no_whole_list_changes_nothing(
    desk: Desk, clock: Clock, answer: Answer, why: str, pages_before: int
) -> None:
    subscribe(desk, 1)
    clock.forward(1)
    before = told(desk)
    with pytest.raises(ListError, match=why) as raised:
        sync(desk, *[rows(number(2), first=1)] * pages_before, answer)
    assert "nothing was changed" in str(raised.value)
    assert "taken" not in str(raised.value)
    assert live(desk) == {number(1)}
    assert told(desk) == before


def test_not_reached(desk: Desk) -> None:
    subscribe(desk, 1)

    async def run() -> None:
        async with AfricasTalking("sandbox", "key", api_url="http://127.0.0.1:1") as client:
            await reconciling.sync(desk.store.db, client, desk.account, NEWS)

    with pytest.raises(ListError, match="could not be reached"):
        desk.store.run(run)
    assert live(desk) == {number(1)}


def test_what_callbacks_tell_meanwhile_is_newer(desk: Desk, clock: Clock) -> None:
    """One joins and one leaves while AT's list, as it was before they did, is read."""
    subscribe(desk, 1, 2)
    clock.forward(1)
    loops: list[asyncio.AbstractEventLoop] = []

    def meanwhile(_: Request) -> Answer:
        clock.forward(1)
        for change, index in ((subscriptions.start, 3), (subscriptions.end, 2)):
            told = desk.store.db.write(change, desk.account, number(index), *NEWS)
            assert asyncio.run_coroutine_threadsafe(told, loops[0]).result(PATIENCE)
        return rows(number(1), number(2))

    async def run() -> Drift:
        loops.append(asyncio.get_running_loop())
        async with AfricasTalking("sandbox", "key", api_url=server.url) as client:
            return await reconciling.sync(desk.store.db, client, desk.account, NEWS)

    with ScriptedServer(meanwhile, rows()) as server:
        drift = desk.store.run(run)
    assert (drift.started, drift.ended) == ([], [])
    assert live(desk) == {number(1), number(3)}
    clock.forward(1)
    assert sync(desk, rows(number(1), number(2)), rows()).ended == [number(3)], "the next one believes AT's list"


def test_what_began_in_the_same_moment_is_spared(desk: Desk, clock: Clock) -> None:
    subscribe(desk, 1)
    assert sync(desk, rows()).ended == []
    clock.forward(1)
    assert sync(desk, rows()).ended == [number(1)]


def test_which_products(desk: Desk) -> None:
    def chosen(short_code: str = "", keyword: str = "") -> list[Product]:
        return desk.store.run(reconciling.chosen, desk.store.db, desk.account, short_code, keyword)

    assert chosen() == []
    assert chosen("12345", "NEWS") == [NEWS], "nobody is subscribed here yet; AT may know somebody"
    for product in (NEWS, *OTHERS, Product("12345", "")):
        subscribe(desk, 1, product=product)
    desk.store.write(subscriptions.end, desk.account, number(1), *NEWS)
    assert chosen() == [OTHERS[0], NEWS, OTHERS[1]], "those that everybody left too, and none without a keyword"
    assert chosen("54321") == [OTHERS[1]]
    assert chosen("12345", "news") == [NEWS], "spelled as AT does"


def test_a_callback_that_is_being_stored_is_waited_for(shared: Desk) -> None:
    """On PostgreSQL the two are transactions of their own: one of them has the last word, and both have one event."""
    began = shared.store.read(reconciling._now)
    drift = overlapped(
        shared.store,
        lambda tx: subscriptions.start(tx, shared.account, number(1), *NEWS),
        lambda tx: reconciling.reconcile(tx, shared.account, NEWS, {number(1), number(2)}, began),
    )
    assert (drift.live, drift.started) == (1, [number(2)])
    assert [each for each, _ in told(shared)] == [Type.SUBSCRIBED] * 2
    drift = overlapped(
        shared.store,
        lambda tx: subscriptions.end(tx, shared.account, number(1), *NEWS),
        lambda tx: reconciling.reconcile(tx, shared.account, NEWS, {number(1), number(2)}, began),
    )
    assert drift.started == [], "who has just left is not brought back by a list from before"
    assert live(shared) == {number(2)}
