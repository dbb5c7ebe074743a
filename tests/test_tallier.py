"""The counting as a service does it: by itself, from wherever it was left, one process at a time."""

from collections.abc import Iterator

import pytest

from tests.flows.places import Place, one_postgres
from tests.store.opened import Opened, account, batch, number
from ujumbe import tallier
from ujumbe.domain.message import State
from ujumbe.store import batches, events, outbox, overview, standings, tallies
from ujumbe.store.database import Tx
from ujumbe.store.opening import SQLITE
from ujumbe.store.outbox import Lot, New, Times
from ujumbe.store.standings import Sent
from ujumbe.tallier import Tallier

__all__ = ["one_postgres"]

DAY_MS = 86_400_000


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    if request.param == "sqlite":
        place = Place(f"{SQLITE}{tmp_path_factory.mktemp('tallier') / 'ujumbe.sqlite3'}")
    else:
        place = request.getfixturevalue("one_postgres")
        place.empty()
    with place.open() as opened:
        yield opened


@pytest.fixture
def ours(store: Opened) -> int:
    return store.write(account)


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it rests is not what these tests are about."""
    monkeypatch.setattr(tallier, "SHARE", 0)
    monkeypatch.setattr(tallier, "PAST_SHARE", 0)


def accepted(tx: Tx, ours: int, many: int, state: State = State.SENDING) -> list[int]:
    given = batch(ours)
    times = Times(tx.now, tx.now + DAY_MS)
    new = [New(number(index), state) for index in range(many)]
    [made] = outbox.insert(tx, ours, [Lot(batches.insert(tx, given), batches.scope_of(given), times, new)])
    return made


def turn(store: Opened, counting: Tallier) -> bool:
    return store.run(counting.turn)


def states(store: Opened, ours: int) -> dict[State, int]:
    found: dict[State, int] = {}
    for _, state, many in store.read(overview.by_hour, ours, 0, 1 << 40):
        found[state] = found.get(state, 0) + many
    return found


def up_to_date(store: Opened, ours: int) -> bool:
    standing = store.read(tallies.standing, ours)
    return standing is not None and standing.position == store.read(events.last)


def test_it_follows_what_happens(store: Opened, ours: int) -> None:
    counting = Tallier(store.db, ours)
    assert turn(store, counting), "the first time it only begins"
    assert not turn(store, counting)
    made = store.write(accepted, ours, 5)
    assert turn(store, counting)
    assert states(store, ours) == {State.SENDING: 5}
    store.write(standings.take, ours, [Sent(each, 1, "", 101, "Success", 1, None) for each in made[:2]])
    assert turn(store, counting)
    assert states(store, ours) == {State.SENDING: 3, State.SENT: 2}
    assert up_to_date(store, ours)
    assert not turn(store, counting)


def test_a_past_that_nobody_counted_is_counted(store: Opened, ours: int) -> None:
    store.write(accepted, ours, 3, State.SCHEDULED)
    store.write(accepted, ours, 2, State.EXPIRED)
    while store.write(events.number):
        pass
    counting = Tallier(store.db, ours)
    assert turn(store, counting)
    assert states(store, ours) == {State.SCHEDULED: 3, State.EXPIRED: 2}
    assert store.read(overview.counted, ours).back_to is None
    assert not turn(store, counting)


def test_what_changes_without_an_event_is_seen_in_time(
    store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallier, "UNSETTLED_SECONDS", 0)
    counting = Tallier(store.db, ours)
    made = store.write(accepted, ours, 2, State.QUEUED)
    turn(store, counting)
    assert states(store, ours) == {State.QUEUED: 2}
    store.write(outbox.take, made)
    assert turn(store, counting)
    assert states(store, ours) == {State.SENDING: 2}


def test_events_that_are_gone_are_made_up_for(store: Opened, ours: int) -> None:
    counting = Tallier(store.db, ours)
    turn(store, counting)
    store.write(accepted, ours, 4)
    store.write(events.number)
    store.write(events.forget, events.EVER, events.EVER)
    store.write(accepted, ours, 1)
    turn(store, counting)
    assert states(store, ours) == {State.SENDING: 5}
    assert up_to_date(store, ours)


def test_two_processes_take_turns(one_postgres: Place) -> None:
    one_postgres.empty()
    with one_postgres.open() as store, one_postgres.open() as other:
        ours = store.write(account)
        one, two = Tallier(store.db, ours), Tallier(other.db, ours)
        turn(store, one)
        store.write(accepted, ours, 3)
        held = store.write(lambda tx: tallies.begin(tx, ours, 0, alone=False))
        assert held is not None
        assert not turn(other, two), "the turn is another's"
        assert states(store, ours) == {}
        store.write(tallies.finish, ours, held)
        assert turn(other, two)
        assert states(store, ours) == {State.SENDING: 3}
        assert not turn(store, one)


def test_it_goes_on_by_itself_and_ends_when_told(store: Opened, ours: int) -> None:
    async def main() -> None:
        counting = Tallier(store.db, ours)
        counting.start()
        await store.db.write(accepted, ours, 2)
        while not await store.db.read(overview.anything, ours):
            pass
        await counting.stop()

    store.run(main)
    assert states(store, ours) == {State.SENDING: 2}
