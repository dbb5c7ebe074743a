import re

from tests.store.conftest import Clock
from tests.store.opened import Opened, SqlitePlace, batch, number
from ujumbe.domain.message import State
from ujumbe.store import batches, callbacks, events, messages, outbox, overview, tallies
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.database import Tx
from ujumbe.store.outbox import Lot, Times
from ujumbe.store.overview import Counted, Queue, Trouble
from ujumbe.store.sql import Dialect, statements


def put(tx: Tx, ours: int, state: State, many: int, due: int, sender: str = "UJUMBE") -> list[int]:
    given = batch(ours, sender=sender)
    new = [outbox.New(number(index), state) for index in range(many)]
    times = Times(due, tx.now + 86_400_000)
    [made] = outbox.insert(tx, ours, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])
    return made


def test_an_empty_queue(store: Opened, ours: int) -> None:
    assert store.read(overview.queue, ours) == Queue(0, 0, 0, None)
    assert store.read(overview.trouble, ours) == Trouble(0, 0, 0)


def test_what_waits_and_since_when(store: Opened, ours: int, other: int, clock: Clock) -> None:
    store.write(put, ours, State.QUEUED, 3, clock.now - 5_000)
    store.write(put, ours, State.QUEUED, 1, clock.now - 9_000, "ZEBRA")
    store.write(put, ours, State.SCHEDULED, 2, clock.now + 60_000)
    store.write(put, other, State.QUEUED, 1, clock.now - 99_000)
    assert store.read(overview.queue, ours) == Queue(4, 2, 0, clock.now - 9_000)


def test_a_long_queue_is_not_counted_to_its_end(store: Opened, ours: int, clock: Clock) -> None:
    store.write(put, ours, State.QUEUED, overview.MOST + 5, clock.now)
    assert store.read(overview.queue, ours).queued == overview.MOST


def strange(tx: Tx, account: int) -> None:
    """A text that waits too long for its report, and a callback of each fate."""
    [made] = put(tx, account, State.SENT, 1, tx.now)
    messages.mark_overdue(tx, [made])
    raw = Raw("delivery-reports", b"", "", b"id=ATXid_1")
    callbacks.insert_all(tx, account, [New(raw, number(1), "ATXid_1", fate, "why") for fate in Fate])


def test_trouble_is_that_of_the_last_week(store: Opened, ours: int, other: int, clock: Clock) -> None:
    for account in (ours, ours, other):
        store.write(strange, account)
    assert store.read(overview.trouble, ours) == Trouble(overdue=2, broken=2, quarantined=2)
    clock.forward(overview.RECENT_MS + 1)
    assert store.read(overview.trouble, ours) == Trouble(0, 0, 0)


def test_what_a_page_asks_for_goes_along_an_index(sqlite_place: SqlitePlace) -> None:
    def plan(tx: Tx, name: str) -> str:
        values = {"account": 1, "most": 9, "since": 0}
        rows = tx.select(f"EXPLAIN QUERY PLAN {statements(Dialect.SQLITE)[name]}", values)
        return "\n".join(row["detail"] for row in rows)

    with sqlite_place.open() as store:
        told = store.read(plan, "overview.queue") + store.read(plan, "overview.trouble")
    found = re.findall(r"SEARCH messages USING (?:COVERING )?INDEX (\w+)", told)
    assert sorted(found) == ["messages_overdue", "messages_queued", "messages_scheduled"]
    assert not re.search(r"SCAN (messages|callbacks)", told)


def test_tallies_are_as_of_now_while_nothing_happens(store: Opened, ours: int, clock: Clock) -> None:
    assert store.read(overview.counted, ours) == Counted(None, None)
    store.write(put, ours, State.QUEUED, 1, clock.now)
    store.write(events.number)
    turn = store.write(lambda tx: tallies.begin(tx, ours, events.last(tx), alone=True))
    assert turn is not None
    hour = tallies.hour_of(clock.now)
    began = clock.now
    assert store.read(overview.counted, ours) == Counted(None, (hour + 1) * tallies.HOUR_MS)
    store.write(tallies.finish, ours, turn._replace(back_to=hour))
    clock.forward(1_000)
    assert store.read(overview.counted, ours) == Counted(clock.now, None)
    store.write(put, ours, State.QUEUED, 1, clock.now)
    assert store.read(overview.counted, ours) == Counted(began, None)
