from dataclasses import replace

import pytest

from tests.store.opened import Opened, found_message, number, queued
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import calls
from ujumbe.store.calls import AttemptResult, Ending

LEASE_MS = 90_000
RESULT = AttemptResult(0, 0, "taken", "ATXid_1", 101, "Sent", 2, Money(800_000, "KES"))


def begun(store: Opened, account: int, count: int = 1, lease_ms: int = LEASE_MS) -> tuple[int, list[int]]:
    """A call with an attempt for each of `count` new messages: the call's id and theirs."""
    numbers = [number(index) for index in range(count)]
    made = store.write(queued, account, *numbers, state=State.SENDING)
    [call] = store.write(calls.begin, account, [list(zip(made, numbers, strict=True))], lease_ms)
    return call, made


def test_the_intent_is_there_before_the_outcome(store: Opened, ours: int) -> None:
    call, made = begun(store, ours, 3)
    assert store.read(calls.open_attempts, [call]) == [(each, call, number(index)) for index, each in enumerate(made)]
    [attempt] = store.read(calls.of_message, made[0])
    assert (attempt.call, attempt.state, attempt.recipients) == (call, "open", 3)
    assert (attempt.finished_at, attempt.http_status, attempt.provider_id) == (None, None, None)
    assert store.read(calls.in_flight, ours) == (1, 3)
    assert store.read(calls.latest, made) == dict.fromkeys(made, call)


def test_the_outcome_is_written_beside_it(store: Opened, ours: int) -> None:
    call, [message] = begun(store, ours)
    store.write(calls.finish, [Ending(call, "answered", http_status=201, summary="Sent to 1/1", reply="{")])
    store.write(calls.settle, [replace(RESULT, message=message, call=call)])
    [attempt] = store.read(calls.of_message, message)
    assert (attempt.http_status, attempt.summary, attempt.reply) == (201, "Sent to 1/1", "{")
    assert attempt.finished_at is not None
    assert attempt.finished_at >= attempt.started_at
    shown = AttemptResult(
        0, 0, attempt.state, attempt.provider_id or "", attempt.code, attempt.status, attempt.parts, attempt.cost
    )
    assert shown == RESULT
    assert store.read(calls.open_attempts, [call]) == []
    assert store.read(calls.in_flight, ours) == (0, 0)


def test_a_later_result_keeps_an_id_that_was_known(store: Opened, ours: int) -> None:
    call, [message] = begun(store, ours)
    store.write(calls.settle, [replace(RESULT, message=message, call=call)])
    store.write(calls.settle, [AttemptResult(message, call, "uncertain")])
    [attempt] = store.read(calls.of_message, message)
    assert (attempt.state, attempt.provider_id) == ("uncertain", "ATXid_1")


@pytest.mark.parametrize(
    ("provider_id", "reported", "found"),
    [
        pytest.param("ATXid_1", number(0), True, id="as it was sent"),
        pytest.param("ATXid_1", "", True, id="the report has no number"),
        pytest.param("ATXid_1", "0711000000", True, id="the report has it in another form"),
        pytest.param("ATXid_2", number(0), False, id="an id we never learnt"),
        pytest.param("", number(0), False, id="no id"),
    ],
)
def test_finding_the_message_of_a_report(
    store: Opened, ours: int, other: int, provider_id: str, reported: str, *, found: bool
) -> None:
    call, made = begun(store, ours, 2)
    ids = {made[0]: "ATXid_1", made[1]: "ATXid_10"}
    store.write(calls.settle, [replace(RESULT, message=each, call=call, provider_id=ids[each]) for each in made])
    assert found_message(store, ours, provider_id, reported) == (made[0] if found else None)
    assert found_message(store, other, provider_id, reported) is None, "another account's"


def test_one_id_for_two_numbers_is_told_apart_by_the_number(store: Opened, ours: int) -> None:
    call, made = begun(store, ours, 2)
    store.write(calls.settle, [replace(RESULT, message=each, call=call) for each in made])
    assert [found_message(store, ours, "ATXid_1", number(index)) for index in range(2)] == made


@pytest.mark.parametrize(
    ("lease_ms", "verdict", "found"),
    [
        pytest.param(-1, "", True, id="run out"),
        pytest.param(LEASE_MS, "", False, id="running"),
        pytest.param(-1, "answered", False, id="answered"),
        pytest.param(-1, "not_taken", False, id="not taken"),
        pytest.param(-1, "maybe_taken", False, id="settled before"),
    ],
)
def test_calls_whose_owner_is_late(
    store: Opened, ours: int, other: int, lease_ms: int, verdict: str, *, found: bool
) -> None:
    call, [message] = begun(store, ours, lease_ms=lease_ms)
    begun(store, other, lease_ms=lease_ms)
    if verdict:
        store.write(calls.finish, [Ending(call, verdict)])
    before = store.read(calls.of_message, message)
    assert store.write(lambda tx: calls.abandon(tx, ours, tx.now, "late")) == ([call] if found else [])
    if not found:
        assert store.read(calls.of_message, message) == before
    assert bool(store.write(calls.abandon, ours, 1 << 62, "late")) is (not verdict and not found)
    assert store.read(calls.in_flight, ours) == (0, 0)
    assert store.read(calls.in_flight, other) == (1, 1), "another account's"


def test_several_attempts_come_oldest_first(store: Opened, ours: int) -> None:
    first, [message] = begun(store, ours)
    [second] = store.write(calls.begin, ours, [[(message, number(0))]], LEASE_MS)
    assert [each.call for each in store.read(calls.of_message, message)] == [first, second]


def test_many_calls_begin_and_end_together(store: Opened, ours: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(5)), state=State.SENDING)
    texts = [(each, number(index)) for index, each in enumerate(made)]
    first, second = store.write(calls.begin, ours, [texts[:2], texts[2:]], LEASE_MS)
    assert first < second
    assert store.read(calls.latest, made) == {each: first if each in made[:2] else second for each in made}
    assert store.read(calls.in_flight, ours) == (2, 5)
    assert store.read(calls.open_attempts, [second, first]) == [
        (each, first if each in made[:2] else second, to) for each, to in texts
    ]
    endings = [Ending(first, "not_taken"), Ending(second, "answered", 201, "Sent", "{}")]
    store.write(calls.finish, endings)
    found = [store.read(calls.of_message, each)[0] for each in (made[0], made[4])]
    assert [(each.http_status, each.summary, each.reply) for each in found] == [(None, "", ""), (201, "Sent", "{}")]


def test_nothing_to_record_is_nothing(store: Opened, ours: int) -> None:
    assert store.write(calls.begin, ours, [], LEASE_MS) == []
    store.write(calls.finish, [])
    store.write(calls.settle, [])
    assert store.read(calls.latest, []) == {}
    assert store.read(calls.open_attempts, []) == []
    assert store.write(calls.abandon, ours, 1 << 62, "") == []


@pytest.mark.parametrize(
    ("state", "known", "inferred"),
    [
        pytest.param("uncertain", "", True, id="uncertain"),
        pytest.param("uncertain", "ATXid_1", False, id="its id is known"),
        pytest.param("taken", "", False, id="taken"),
        pytest.param("not_taken", "", False, id="not taken"),
        pytest.param("", "", False, id="still open"),
    ],
)
def test_only_an_uncertain_attempt_without_an_id_gets_one_inferred(
    store: Opened, ours: int, state: str, known: str, *, inferred: bool
) -> None:
    call, [message] = begun(store, ours)
    if state:
        store.write(calls.settle, [AttemptResult(message, call, state, provider_id=known)])
    assert store.write(calls.infer, message, call, "ATXid_9") is inferred
    [attempt] = store.read(calls.of_message, message)
    assert (attempt.inferred, attempt.provider_id) == (inferred, "ATXid_9" if inferred else known or None)
    assert not store.write(calls.infer, message, call, "ATXid_9"), "a second time changes nothing"


def test_ids_are_known_by_account(store: Opened, ours: int, other: int) -> None:
    call, made = begun(store, ours, 2)
    store.write(calls.settle, [replace(RESULT, message=each, call=call) for each in made])
    assert store.read(calls.known, ours, ["ATXid_1", "ATXid_2"]) == {"ATXid_1"}
    assert store.read(calls.known, ours, []) == set()
    assert store.read(calls.known, other, ["ATXid_1"]) == set()


def test_only_so_many_are_abandoned_at_a_time(store: Opened, ours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_ABANDONED", 2)
    begun_calls = [begun(store, ours, lease_ms=-1)[0] for _ in range(3)]
    found = [store.write(lambda tx: calls.abandon(tx, ours, tx.now, "late")) for _ in range(3)]
    assert found == [begun_calls[:2], begun_calls[2:], []]
