from typing import Any

import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, number, queued
from ujumbe.store import callbacks, calls
from ujumbe.store.callbacks import Fate, New, Raw
from ujumbe.store.calls import AttemptResult

BODY = bytes(range(256))


def raw(body: bytes = b"id=ATXid_1&status=Success", kind: str = "delivery-reports") -> Raw:
    return Raw(kind, b"a=1", "application/x-www-form-urlencoded", body)


def keep(store: Opened, account: int, given: Raw, provider_id: str, fate: Fate, message: int | None = None) -> int:
    new = New(given, number(0), provider_id, fate, "why", message)
    [callback] = store.write(callbacks.insert_all, account, [new])
    return callback


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
    kept_id = keep(store, ours, given, "ATXid_1", fate, message)
    [kept] = store.read(callbacks.of_message, ours, message)
    assert (kept.id, kept.raw, kept.fate, kept.note) == (kept_id, given, fate, "why")


def test_those_of_a_message_are_its_account_s(store: Opened, ours: int, other: int, message: int) -> None:
    keep(store, ours, raw(), "ATXid_1", Fate.QUARANTINED)
    keep(store, other, raw(), "ATXid_1", Fate.APPLIED, message)
    assert store.read(callbacks.of_message, ours, message) == []


def test_waiting_reports_come_oldest_first_and_once(store: Opened, ours: int, other: int) -> None:
    keep(store, other, raw(b"0"), "ATXid_1", Fate.WAITING)
    first = keep(store, ours, raw(b"1"), "ATXid_1", Fate.WAITING)
    second = keep(store, ours, raw(b"2"), "ATXid_1", Fate.WAITING)
    keep(store, ours, raw(b"3"), "ATXid_1", Fate.APPLIED)
    keep(store, ours, raw(b"4"), "ATXid_2", Fate.WAITING)
    keep(store, ours, raw(b"5", "twoway"), "ATXid_1", Fate.WAITING)
    found = store.write(callbacks.waiting, ours, ["ATXid_1", "ATXid_9"])
    assert [(each, one.body) for each, one in found] == [(first, b"1"), (second, b"2")]
    store.write(callbacks.conclude, [(first, Fate.APPLIED, "sent → delivered", None)])
    assert [each for each, _ in store.write(callbacks.waiting, ours, ["ATXid_1"])] == [second]


def test_concluding_is_seen_on_the_message(store: Opened, ours: int, message: int) -> None:
    waiting = keep(store, ours, raw(), "ATXid_1", Fate.WAITING)
    store.write(callbacks.conclude, [(waiting, Fate.IGNORED, "late", message)])
    [kept] = store.read(callbacks.of_message, ours, message)
    assert (kept.fate, kept.note) == (Fate.IGNORED, "late")


def test_what_waits_for_a_number_came_since(clock: Clock, store: Opened, ours: int, other: int) -> None:
    keep(store, ours, raw(b"early"), "ATXid_1", Fate.WAITING)
    clock.forward(1)
    since = clock.now
    first = keep(store, ours, raw(b"1"), "ATXid_1", Fate.WAITING)
    second = keep(store, ours, raw(b"2"), "ATXid_2", Fate.WAITING)
    keep(store, ours, raw(b"3"), "ATXid_3", Fate.APPLIED)
    keep(store, ours, raw(b"4", "twoway"), "ATXid_4", Fate.WAITING)
    keep(store, other, raw(b"5"), "ATXid_5", Fate.WAITING)
    found = store.read(callbacks.waiting_for_number, ours, number(0), since)
    assert [(each[0], each[1], each[2].body, each[3]) for each in found] == [
        (first, "ATXid_1", b"1", since),
        (second, "ATXid_2", b"2", since),
    ]
    assert store.read(callbacks.waiting_for_number, ours, number(1), 0) == []


def test_what_waits_is_looked_at_from_an_id_on(store: Opened, ours: int, other: int) -> None:
    kept = [keep(store, ours, raw(), f"ATXid_{index}", Fate.WAITING) for index in range(4)]
    keep(store, other, raw(), "ATXid_9", Fate.WAITING)
    store.write(callbacks.conclude, [(kept[2], Fate.APPLIED, "", None)])
    assert store.read(callbacks.waiting_since, ours, 0, 10) == [
        (kept[index], f"ATXid_{index}", number(0)) for index in (3, 1, 0)
    ]
    assert [each[0] for each in store.read(callbacks.waiting_since, ours, kept[1], 10)] == [kept[3], kept[1]]
    assert [each[0] for each in store.read(callbacks.waiting_since, ours, 0, 1)] == [kept[3]], "the newest first"


def test_old_ones_are_forgotten_a_few_at_a_time(
    store: Opened, ours: int, message: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "MOST_FORGOTTEN", 2)
    kept = [keep(store, ours, raw(), "ATXid_1", Fate.APPLIED, message) for _ in range(4)]
    assert [store.write(callbacks.forget, kept[3]) for _ in range(3)] == [2, 1, 0]
    assert [each.id for each in store.read(callbacks.of_message, ours, message)] == [kept[3]]


@pytest.mark.parametrize("fate", list(Fate), ids=str)
def test_a_look_by_fate_and_kind(store: Opened, ours: int, other: int, fate: Fate) -> None:
    keep(store, other, raw(), "ATXid_1", fate)
    first = keep(store, ours, raw(), "ATXid_1", fate, None)
    second = keep(store, ours, raw(kind="twoway"), "ATXid_2", fate)
    for each in Fate:
        keep(store, ours, raw(kind="opt-out"), "ATXid_3", each)

    def look(**asked: Any) -> list[int]:
        found, further = store.read(
            callbacks.look, ours, **{"kind": None, "fate": fate, "before": None, "limit": 9} | asked
        )
        assert further is None
        return [each.id for each in found]

    assert look()[1:] == [second, first]
    assert look(limit=2)[1:] == [second]
    assert look(before=second) == [first]
    assert look(kind="twoway") == [second]
    assert look(kind="subscription") == []
    assert look(fate=None, kind="twoway") == [second]
    assert len(look(fate=None)) == 9


def test_a_look_without_an_index_goes_so_far_and_no_further(
    store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "WINDOW", 3)
    wanted = keep(store, ours, raw(), "ATXid_0", Fate.IGNORED)
    for _ in range(7):
        keep(store, ours, raw(), "ATXid_1", Fate.APPLIED)
    before, looks = None, 0
    while True:
        found, before = store.read(callbacks.look, ours, kind=None, fate=Fate.IGNORED, before=before, limit=9)
        looks += 1
        if before is None:
            break
        assert found == []
    assert ([each.id for each in found], looks) == ([wanted], 3)


def test_it_knows_its_message(store: Opened, ours: int, message: int) -> None:
    keep(store, ours, raw(), "ATXid_1", Fate.APPLIED, message)
    [kept] = store.read(callbacks.list_page, ours, kind=None, fate=None, before=None, limit=9)
    assert kept.message == message
