import pytest

from tests.store.opened import Opened, number, queued
from ujumbe.store import callbacks, calls
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.calls import AttemptResult

BODY = bytes(range(256))


def raw(body: bytes = b"id=ATXid_1&status=Success", kind: str = "delivery-reports") -> Raw:
    return Raw(kind, b"a=1", "application/x-www-form-urlencoded", body)


def keep(store: Opened, account: int, given: Raw, provider_id: str, fate: Fate) -> int:
    return store.write(
        callbacks.insert, account, given, number=number(0), provider_id=provider_id, fate=fate, note="why"
    )


@pytest.fixture
def message(store: Opened, ours: int) -> int:
    """A sent message that AT calls ATXid_1."""
    [found] = store.write(queued, ours, number(0))
    [call] = store.write(calls.begin, ours, [[(found, number(0))]], 90_000)
    store.write(calls.settle, [AttemptResult(found, call, "taken", provider_id="ATXid_1", code=101, status="Sent")])
    return found


@pytest.mark.parametrize("fate", list(Fate), ids=str)
@pytest.mark.parametrize("body", [BODY, b"", b"x" * 65_536], ids=["every byte", "empty", "64 KB"])
def test_a_callback_is_kept_byte_for_byte(store: Opened, ours: int, message: int, body: bytes, fate: Fate) -> None:
    given = raw(body)
    kept_id = keep(store, ours, given, "ATXid_1", fate)
    [kept] = store.read(callbacks.of_message, ours, message)
    assert (kept.id, kept.raw, kept.fate, kept.note) == (kept_id, given, fate, "why")


@pytest.mark.parametrize("kind", ["twoway", "opt-out", "subscription"])
def test_other_kinds_belong_to_no_message(store: Opened, ours: int, message: int, kind: str) -> None:
    keep(store, ours, raw(kind=kind), "ATXid_1", Fate.APPLIED)
    assert store.read(callbacks.of_message, ours, message) == []


def test_waiting_reports_come_oldest_first_and_once(store: Opened, ours: int, other: int) -> None:
    keep(store, other, raw(b"0"), "ATXid_1", Fate.WAITING)
    first = keep(store, ours, raw(b"1"), "ATXid_1", Fate.WAITING)
    second = keep(store, ours, raw(b"2"), "ATXid_1", Fate.WAITING)
    keep(store, ours, raw(b"3"), "ATXid_1", Fate.APPLIED)
    keep(store, ours, raw(b"4"), "ATXid_2", Fate.WAITING)
    keep(store, ours, raw(b"5", "twoway"), "ATXid_1", Fate.WAITING)
    found = store.read(callbacks.waiting, ours, ["ATXid_1", "ATXid_9"])
    assert [(each, one.body) for each, one in found] == [(first, b"1"), (second, b"2")]
    store.write(callbacks.conclude, first, Fate.APPLIED, "sent → delivered")
    assert [each for each, _ in store.read(callbacks.waiting, ours, ["ATXid_1"])] == [second]


def test_concluding_is_seen_on_the_message(store: Opened, ours: int, message: int) -> None:
    waiting = keep(store, ours, raw(), "ATXid_1", Fate.WAITING)
    store.write(callbacks.conclude, waiting, Fate.IGNORED, "late")
    [kept] = store.read(callbacks.of_message, ours, message)
    assert (kept.fate, kept.note) == (Fate.IGNORED, "late")
