"""Searching messages: what is found, page by page, on both databases; and that no search walks further than it says."""

import itertools
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.store.opened import Opened, Place, SqlitePlace, account, number, queued
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import batches, calls, messages, outbox, searching, standings
from ujumbe.store.calls import AttemptResult
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, New, Times
from ujumbe.store.searching import BEYOND, Found, Wanted
from ujumbe.store.sql import Dialect, statements
from ujumbe.store.standings import Facts, Move


def found(store: Opened, account_id: int, before: int | None = None, limit: int = 50, **wanted: Any) -> Found:
    return store.read(searching.search, account_id, Wanted(**wanted), before=before, limit=limit)


def sent(tx: Tx, /, account_id: int, to: str, *, network: str = "", cost: Money | None = None, **fields: Any) -> int:
    """A message that AT took under `ATXid_` and its number, and whose network is known."""
    [message] = queued(tx, account_id, to, state=State.SENDING, **fields)
    [call] = calls.begin(tx, account_id, [[(message, to)]], 60_000)
    calls.settle(tx, [AttemptResult(message, call, "taken", provider_id=f"ATXid_{to[-6:]}", code=101, cost=cost)])
    was = standings.read(tx, [message])[message]
    standings.move(tx, [Move(was, State.DELIVERED, "", Facts(network_code=network, cost=cost))])
    return message


@pytest.fixture
def shelf(store: Opened, ours: int, other: int) -> list[int]:
    """Seven messages, oldest first; each text and number is also another account's."""
    made = [
        store.write(sent, ours, number(1), text="Habari ya asubuhi", network="63902", cost=Money(800_000, "KES")),
        store.write(
            sent, ours, number(2), text="Sua consulta NÃO mudou", network="63903", cost=Money(2_000_000, "KES")
        ),
        store.write(sent, ours, number(12), text="50% off, code_1", network="64101", cost=Money(35_000_000, "UGX")),
        *store.write(queued, ours, number(1), text="habari ya jioni", state=State.QUEUED),
        *store.write(queued, ours, number(3), text="Later", state=State.SCHEDULED),
        *store.write(queued, ours, number(4), text="Refused", state=State.FAILED, sender="CLINIC"),
        *store.write(queued, ours, number(5), text="Nobody knows 711000", state=State.UNCERTAIN),
    ]
    for each in ("Habari ya asubuhi", "50% off, code_1"):
        store.write(sent, other, number(1), text=each, network="63902", cost=Money(800_000, "KES"))
        store.write(queued, other, number(1), number(2), text=each)
    return made


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        pytest.param({}, [6, 5, 4, 3, 2, 1, 0], id="all, newest first"),
        pytest.param({"number": number(1)}, [3, 0], id="a number"),
        pytest.param({"number": number(1), "state": State.QUEUED}, [3], id="a number in a state"),
        pytest.param({"number": number(9)}, [], id="nobody"),
        pytest.param({"part": "000012"}, [2], id="last digits"),
        pytest.param({"part": "+25471100001"}, [2], id="first digits"),
        pytest.param({"part": "711000012", "text": "711000"}, [6, 2], id="digits, of a number or in a text"),
        pytest.param({"text": "HABARI"}, [3, 0], id="a text, in any case"),
        pytest.param({"text": "não"}, [1], id="letters beyond ASCII, small"),
        pytest.param({"text": "NÃO"}, [1], id="letters beyond ASCII, large"),
        pytest.param({"text": "%"}, [2], id="a sign that is none of SQL's"),
        pytest.param({"text": "code_"}, [2], id="nor is this one"),
        pytest.param({"text": "o_f"}, [], id="which stands for no letter"),
        pytest.param({"network": "63903"}, [1], id="a network"),
        pytest.param({"sender": "clinic "}, [5], id="a sender, as opt-outs compare it"),
        pytest.param({"state": State.DELIVERED}, [2, 1, 0], id="a state without an index"),
        pytest.param({"state": State.QUEUED}, [3], id="the queue"),
        pytest.param({"state": State.SCHEDULED}, [4], id="what is for later"),
        pytest.param({"state": State.SENDING}, [], id="what is on its way"),
        pytest.param({"state": State.FAILED}, [5], id="a state with an index"),
        pytest.param({"state": State.UNCERTAIN, "text": "knows"}, [6], id="a state and a text"),
        pytest.param({"cost": 1_000_000}, [2, 1], id="dear, in any currency"),
        pytest.param({"cost": 1_000_000, "currency": "KES"}, [1], id="dear, in one currency"),
        pytest.param({"provider_id": "ATXid_000012"}, [2], id="AT's id"),
        pytest.param({"provider_id": "ATXid_nothing"}, [], id="an id that AT never gave"),
        pytest.param({"text": "habari", "network": "63902", "cost": 800_000}, [0], id="all at once"),
    ],
)
def test_finds(store: Opened, ours: int, shelf: list[int], wanted: dict[str, Any], indexes: list[int]) -> None:
    assert found(store, ours, **wanted) == Found([shelf[each] for each in indexes], None, 0)


def test_finds_by_id_and_batch(store: Opened, ours: int, other: int, shelf: list[int]) -> None:
    assert found(store, ours, message=shelf[2]).ids == [shelf[2]]
    assert found(store, other, message=shelf[2]).ids == []
    made = store.write(queued, ours, number(1), number(2))
    [batch] = {each.batch for each in store.read(messages.among, ours, made)}
    assert found(store, ours, batch=batch).ids == made[::-1]
    assert found(store, ours, batch=batch, number=number(2)).ids == made[1:]


def test_finds_what_is_on_its_way(store: Opened, ours: int, other: int) -> None:
    for each in (ours, other):
        [message] = store.write(queued, each, number(1), state=State.SENDING)
        store.write(calls.begin, each, [[(message, number(1))]], 60_000)
        assert found(store, each, state=State.SENDING).ids == [message]


def test_finds_by_time(store: Opened, ours: int, shelf: list[int], database: Place) -> None:
    [middle] = store.read(messages.among, ours, [shelf[3]])
    moment = middle.created_at
    with database.beside() as somebody:  # as after a burst: ids run ahead of the rows' moments
        somebody.execute("UPDATE messages SET created_at = ? WHERE id >= ?", (moment, shelf[3]))
        somebody.execute("UPDATE messages SET created_at = ? WHERE id < ?", (moment - 1, shelf[3]))
    assert found(store, ours, since=moment).ids == shelf[:2:-1]
    assert found(store, ours, until=moment).ids == shelf[2::-1]
    assert found(store, ours, since=moment, until=moment).ids == []


@pytest.mark.parametrize(
    "wanted",
    [{}, {"number": number(1)}, {"state": State.QUEUED}, {"state": State.FAILED}, {"text": "habari"}],
    ids=["all", "number", "queue", "state", "text"],
)
def test_pages_go_on_where_the_last_one_ended(store: Opened, ours: int, wanted: dict[str, Any]) -> None:
    made = [
        each
        for state in (State.QUEUED, State.FAILED)
        for each in store.write(queued, ours, *[number(1)] * 5, state=state)
    ]
    whole = found(store, ours, **wanted).ids
    assert set(whole) <= set(made)
    pages, before = [], None
    while True:
        page = found(store, ours, before, 2, **wanted)
        assert page.looked == 0
        pages += page.ids
        before = page.next
        if before is None:
            break
        assert len(page.ids) == 2
        assert page.ids[-1] == before
    assert pages == whole


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a few rows meet."""
    for name in ("WALKED", "READ", "SCATTERED"):
        monkeypatch.setattr(searching, name, 6)
    monkeypatch.setattr(searching, "FIRST", 2)
    monkeypatch.setattr(searching, "SHORT", 3)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    "wanted",
    [
        {"text": "needle"},
        {"sender": "NEEDLE"},
        {"number": number(1), "text": "needle"},
        {"state": State.FAILED, "text": "needle"},
    ],
    ids=["walked", "without the text", "by number", "by state"],
)
def test_a_search_tells_how_far_it_looked(store: Opened, ours: int, other: int, wanted: dict[str, Any]) -> None:
    [needle] = store.write(queued, ours, number(1), state=State.FAILED, text="A needle", sender="NEEDLE")
    hay = [store.write(queued, ours, number(1), state=State.FAILED, text="Hay")[0] for _ in range(9)]
    first = found(store, ours, **wanted)
    assert first == Found([], hay[3], 6)
    second = found(store, ours, first.next, **wanted)
    assert second == Found([needle], None, 0)
    assert found(store, ours, needle, **wanted) == Found([], None, 0)


@pytest.mark.usefixtures("narrow")
def test_others_rows_count_too(store: Opened, ours: int, other: int) -> None:
    """The bound is about work: another account's messages lie among ours."""
    [mine] = store.write(queued, ours, number(1))
    store.write(queued, other, *[number(1)] * 8)
    first = found(store, ours)
    assert (first.ids, first.looked) == ([], 6)
    assert found(store, ours, first.next) == Found([mine], None, 0)


@pytest.mark.usefixtures("narrow")
def test_a_long_queue_is_walked(store: Opened, ours: int) -> None:
    made = store.write(queued, ours, *[number(index) for index in range(5)], state=State.QUEUED)
    assert found(store, ours, state=State.QUEUED, limit=2) == Found(made[:2:-1], made[3], 0)


def test_among_is_of_one_account(store: Opened, ours: int, other: int, shelf: list[int]) -> None:
    assert [each.id for each in store.read(messages.among, ours, shelf)] == shelf[::-1]
    assert store.read(messages.among, other, shelf) == []


MANY: Final = 60_000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, int]]:
    """Sixty thousand messages that were sent, failed or wait, many of them to one number."""
    with SqlitePlace(tmp_path_factory.mktemp("searching") / "ujumbe.sqlite3").open() as store:
        ours = store.write(account)
        for state in (State.FAILED, State.QUEUED, State.SCHEDULED, State.DELIVERED):
            store.write(fill, ours, state)
        yield store, ours


def fill(tx: Tx, account_id: int, state: State) -> None:
    given = batches.Batch(account_id, batches.Source.API, "bulk", "UJUMBE", f"Text of {state}")
    times = Times(tx.now, tx.now + 86_400_000)
    new = [New(number(index % 2), state) for index in range(MANY // 4)]
    outbox.insert(tx, account_id, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])


class Watched:
    """A unit of work that notes each statement with SQLite's plan for it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.steps: list[str] = []

    def all(self, name: str, /, **values: Any) -> Any:
        self._note(statements(Dialect.SQLITE)[name], values)
        return self._tx.all(name, **values)

    def select(self, sql: str, values: Any) -> Any:
        self._note(sql, values)
        return self._tx.select(sql, values)

    def _note(self, sql: str, values: Any) -> None:
        self.steps += [row["detail"] for row in self._tx.select(f"EXPLAIN QUERY PLAN {sql}", values)]


def steps(tx: Tx, account_id: int, wanted: Wanted) -> list[str]:
    watched = Watched(tx)
    searching.search(watched, account_id, wanted, before=BEYOND, limit=50)  # type: ignore[arg-type]  # it only reads
    return watched.steps


STATES = [None, *State]
HOWS: list[dict[str, Any]] = [
    {},
    {"number": number(1)},
    {"batch": 1},
    {"part": "9999", "text": "9999"},
    {"text": "zzz"},
]
BESIDE: list[dict[str, Any]] = [{}, {"network": "63902", "sender": "UJUMBE", "since": 1, "until": 1 << 42, "cost": 1}]


@pytest.mark.parametrize(("state", "how", "beside"), list(itertools.product(STATES, HOWS, BESIDE)))
def test_every_way_is_by_key(
    long: tuple[Opened, int], state: State | None, how: dict[str, Any], beside: dict[str, Any]
) -> None:
    """No table is walked from its end, and nothing is sorted but a short queue or what is on its way."""
    store, ours = long
    for step in store.read(steps, ours, Wanted(state=state, **how, **beside)):
        assert not step.startswith("SCAN") or step == "SCAN q", step  # the rows of a queue that were counted
        few = state in (State.QUEUED, State.SCHEDULED, State.SENDING) and not how.get("number") and not how.get("batch")
        assert few or "TEMP B-TREE" not in step, step


@pytest.mark.parametrize("state", sorted(messages.INDEXED))
def test_the_list_of_the_api_goes_by_the_index_of_a_state(long: tuple[Opened, int], state: State) -> None:
    store, ours = long

    def listing(tx: Tx) -> list[str]:
        watched = Watched(tx)
        messages.list_page(watched, ours, messages.Filters(state=state))  # type: ignore[arg-type]  # it only reads
        return watched.steps

    steps = store.read(listing)
    assert "messages_by_state" in steps[0]
    assert not [each for each in steps if "TEMP B-TREE FOR ORDER BY" in each and "LAST" not in each], steps


@pytest.mark.parametrize(("how", "most"), [({"text": "zzz"}, searching.READ), ({"network": "no"}, searching.WALKED)])
def test_no_search_looks_further_than_it_says(long: tuple[Opened, int], how: dict[str, Any], most: int) -> None:
    store, ours = long
    first = found(store, ours, **how)
    assert (first.ids, first.looked) == ([], most)
    assert first.next is not None
    passed = store.read(lambda tx: tx.select("SELECT count(*) AS n FROM messages WHERE id >= :id", {"id": first.next}))
    assert passed[0]["n"] == most
