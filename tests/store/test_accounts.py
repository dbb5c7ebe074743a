import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened
from ujumbe.domain.pause import Pause
from ujumbe.store import accounts
from ujumbe.store.accounts import Account, Health

FINE = Health(Pause.NONE, "", 0, 0, 0, 0, 0)


def health(store: Opened, account: int) -> Health:
    return store.read(accounts.health, account)


def test_an_account_is_made_once_for_each_username_and_host(store: Opened) -> None:
    pairs = [("sandbox", "a"), ("sandbox", "b"), ("live", "a"), ("sandbox", "a")]
    ids = [store.write(accounts.ensure, *pair) for pair in pairs]
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3
    listed = store.read(accounts.list_all)
    assert list(listed) == pairs[:3], "oldest first"
    assert [listed[each] for each in (Account(*pair) for pair in pairs)] == ids


def test_asking_for_a_known_account_at_once_gives_one_row(store: Opened) -> None:
    found = store.together([lambda tx: accounts.ensure(tx, "sandbox", "a")] * 5)
    assert len(set(found)) == 1


@pytest.mark.parametrize("lock", [False, True])
def test_a_new_account_may_send(store: Opened, ours: int, *, lock: bool) -> None:
    assert store.write(accounts.health, ours, lock=lock) == FINE


@pytest.mark.parametrize("kind", [each for each in Pause if each is not Pause.NONE], ids=str)
def test_a_pause_ends_once_and_only_as_what_it_is(
    clock: Clock, store: Opened, ours: int, other: int, kind: Pause
) -> None:
    store.write(accounts.pause, ours, kind, "why", clock.now + 5_000)
    paused = health(store, ours)
    assert paused == Health(kind, "why", clock.now, clock.now + 5_000, 0, 0, 0)
    assert health(store, other) == FINE
    for another in Pause:
        if another not in (kind, Pause.NONE):
            assert not store.write(accounts.resume, ours, another, strikes=0)
    assert health(store, ours) == paused
    assert store.write(accounts.resume, ours, kind, strikes=2)
    assert not store.write(accounts.resume, ours, kind, strikes=0)
    after = health(store, ours)
    assert (after.pause, after.note, after.probe_at, after.strikes) == (Pause.NONE, "", 0, 2)


def test_one_of_two_workers_takes_the_probe(clock: Clock, store: Opened, ours: int) -> None:
    kind = Pause.UNANSWERED
    store.write(accounts.pause, ours, kind, "", clock.now + 5_000)
    following = clock.now + 15_000
    assert not store.write(accounts.take_probe, ours, kind, following), "it is not time"
    clock.forward(5_000)
    assert not store.write(accounts.take_probe, ours, Pause.BALANCE, following), "it is another pause by now"
    taken = store.together([lambda tx: accounts.take_probe(tx, ours, kind, following)] * 5)
    assert sorted(taken) == [False] * 4 + [True]
    found = health(store, ours)
    assert (found.probes, found.probe_at) == (1, following)


def test_somebody_may_ask_for_a_probe_at_once(clock: Clock, store: Opened, ours: int) -> None:
    store.write(accounts.probe_now, ours)
    assert health(store, ours) == FINE, "nothing is to be asked"
    store.write(accounts.pause, ours, Pause.CREDENTIALS, "", clock.now)
    assert store.write(accounts.take_probe, ours, Pause.CREDENTIALS, clock.now + 60_000)
    store.write(accounts.probe_now, ours)
    assert store.write(accounts.take_probe, ours, Pause.CREDENTIALS, clock.now + 5_000)
    assert health(store, ours).probes == 1


def test_strikes_are_forgotten_when_sends_are_answered(store: Opened, ours: int, other: int) -> None:
    store.write(accounts.strike, ours, 2)
    store.write(accounts.strike, other, 1)
    assert health(store, ours).strikes == 2
    store.write(accounts.calm, ours)
    assert health(store, ours) == FINE
    assert health(store, other).strikes == 1


def test_slowness_ends_with_its_time_and_is_not_what_a_clock_makes_of_it(
    store: Opened, clock: Clock, ours: int
) -> None:
    until = clock.now + 5_000
    store.write(accounts.slow, ours, until)
    assert health(store, ours).slow_until == until
    clock.forward(5_000)
    assert health(store, ours).slow_until == 0
    store.write(accounts.slow, ours, clock.now + 86_400_000)
    assert health(store, ours).slow_until == 0, "the clock was a day ahead when that was written"
