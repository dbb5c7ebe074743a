import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, Place
from ujumbe.domain.role import Role
from ujumbe.store import sessions, users
from ujumbe.store.sessions import IDLE_MS, LIFETIME_MS, LONGEST_AGENT, SEEN_MS


@pytest.fixture
def asha(clock: Clock, store: Opened) -> int:
    made = store.write(users.create, "Asha", Role.OPERATOR)
    assert made is not None
    return made.id


def test_a_cookie_finds_its_session(store: Opened, database: Place, asha: int) -> None:
    session, secret = store.write(sessions.start, asha, "Firefox\n" + "x" * 1_000)
    _, another = store.write(sessions.start, asha, "")
    assert secret != another
    assert store.read(sessions.find, secret) == (session, asha, "Asha", Role.OPERATOR, False)
    for row in database.ask("SELECT * FROM sessions"):
        assert not any(secret.encode() in str(value).encode() for value in row)
    [_, listed] = store.read(sessions.of_user, asha)
    assert (listed.id, len(listed.agent), listed.agent[:9]) == (session, LONGEST_AGENT, "Firefox x")


@pytest.mark.parametrize("wrong", ["", "x" * 10_000, "\x00", "\ud800"], ids=["none", "long", "NUL", "half"])
def test_a_wrong_cookie_finds_nothing(store: Opened, asha: int, wrong: str) -> None:
    store.write(sessions.start, asha, "")
    assert store.read(sessions.find, wrong) is None


def test_a_session_ends_after_a_month_and_after_a_week_unused(store: Opened, clock: Clock, asha: int) -> None:
    session, secret = store.write(sessions.start, asha, "")
    began = clock.now
    while clock.now + IDLE_MS - 1 < began + LIFETIME_MS:
        clock.forward(IDLE_MS - 1)
        found = store.read(sessions.find, secret)
        assert found is not None
        assert found.stale
        store.write(sessions.touch, session)
    clock.set(began + LIFETIME_MS)
    assert store.read(sessions.find, secret) is None
    assert store.read(sessions.of_user, asha) == []
    _, unused = store.write(sessions.start, asha, "")
    clock.forward(IDLE_MS)
    assert store.read(sessions.find, unused) is None


def test_use_is_noted_every_few_minutes(store: Opened, clock: Clock, asha: int) -> None:
    session, secret = store.write(sessions.start, asha, "")
    for forward, stale in ((SEEN_MS - 1, False), (1, True)):
        clock.forward(forward)
        found = store.read(sessions.find, secret)
        assert found is not None
        assert found.stale is stale
    store.write(sessions.touch, session)
    [listed] = store.read(sessions.of_user, asha)
    assert listed.seen_at == clock.now


def test_ending(store: Opened, asha: int) -> None:
    juma = store.write(users.create, "Juma", Role.ADMIN)
    assert juma is not None
    first, _ = store.write(sessions.start, asha, "")
    second, secret = store.write(sessions.start, asha, "")
    third, _ = store.write(sessions.start, asha, "")
    assert not store.write(sessions.end, juma.id, first), "it is not his"
    assert store.write(sessions.end, asha, first)
    assert not store.write(sessions.end, asha, first)
    assert store.write(sessions.end_all, asha, but=second) == 1, "the third"
    assert [each.id for each in store.read(sessions.of_user, asha)] == [second]
    assert store.write(sessions.end_all, asha) == 1
    assert store.read(sessions.find, secret) is None
    assert third


def test_a_disabled_user_has_no_session(store: Opened, asha: int) -> None:
    _, secret = store.write(sessions.start, asha, "")
    store.write(users.disable, asha)
    assert store.read(sessions.find, secret) is None


def test_forgetting(store: Opened, clock: Clock, asha: int) -> None:
    store.write(sessions.start, asha, "")
    clock.forward(LIFETIME_MS)
    store.write(sessions.start, asha, "")
    assert store.write(sessions.forget, clock.now) == 0
    assert store.write(sessions.forget, clock.now + 1) == 1
