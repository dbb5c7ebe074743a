from typing import Any

import pytest

from tests.store.opened import Opened, Place, counts, number, queued
from ujumbe.domain.message import State
from ujumbe.store import ids, messages, standings
from ujumbe.store.messages import Filters
from ujumbe.store.standings import Move


def one(store: Opened, account: int, message: int) -> messages.Message:
    found = store.read(messages.find, account, message)
    assert found is not None
    return found


def test_a_message_reads_as_it_was_stored(store: Opened, ours: int) -> None:
    text = "Ünïcode 🙂" * 20
    [message] = store.write(
        queued, ours, number(1), text=text, mode="premium", link_id="l", keyword="k", category="otp"
    )
    found = one(store, ours, message)
    assert (found.number, found.text, found.mode, found.category) == (number(1), text, "premium", "otp")
    assert (found.link_id, found.source, found.sender, found.segments) == ("l", "api", "UJUMBE", 3)
    assert (found.state, found.assumed, found.reason, found.tries) == (State.QUEUED, False, "", 0)
    assert (found.provider_id, found.cost, found.progress) == (None, None, "")
    assert found.expires_at - found.created_at == 60_000
    assert found.due_at == found.created_at == found.updated_at


@pytest.mark.parametrize("state", list(State), ids=str)
def test_every_state_can_be_stored_and_counted(store: Opened, ours: int, other: int, state: State) -> None:
    [message, _] = store.write(queued, ours, number(1), number(2), state=state)
    store.write(queued, other, number(1))
    assert one(store, ours, message).tries == int(state is State.SENDING)
    assert store.read(counts, ours) == {state: 2}
    assert store.read(messages.find, other, message) is None


@pytest.fixture
def shelf(store: Opened, ours: int, other: int) -> list[int]:
    """Six messages, oldest first, in two batches of two senders; a foreign one beside them."""
    first = store.write(queued, ours, number(1), number(2), number(3))
    second = store.write(queued, ours, number(1), number(2), number(3), state=State.SENT, sender="12345")
    store.write(queued, other, number(1))
    return first + second


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        pytest.param({}, [5, 4, 3, 2, 1, 0], id="all, newest first"),
        pytest.param({"limit": 2}, [5, 4], id="limit"),
        pytest.param({"state": State.SENT}, [5, 4, 3], id="state"),
        pytest.param({"number": number(2)}, [4, 1], id="number"),
        pytest.param({"sender": " ujumbe"}, [2, 1, 0], id="sender, as opt-outs compare it"),
        pytest.param({"state": State.SENT, "number": number(1)}, [3], id="both"),
        pytest.param({"number": number(9)}, [], id="nobody"),
    ],
)
def test_lists(store: Opened, ours: int, shelf: list[int], filters: dict[str, Any], found: list[int]) -> None:
    listed = store.read(messages.list_page, ours, Filters(**filters))
    assert [shelf.index(each.id) for each in listed] == found


def test_pages_and_batches(store: Opened, ours: int, shelf: list[int]) -> None:
    below = store.read(messages.list_page, ours, Filters(before=shelf[3]))
    assert [each.id for each in below] == shelf[2::-1]
    of_batch = store.read(messages.list_page, ours, Filters(batch=below[0].batch))
    assert [each.id for each in of_batch] == shelf[2::-1]


def test_lists_by_time(store: Opened, ours: int, shelf: list[int], database: Place) -> None:
    created = one(store, ours, shelf[0]).created_at
    with database.beside() as somebody:  # as after a burst: ids run ahead of the rows' moments
        somebody.execute("UPDATE messages SET created_at = ? WHERE account_id = ?", (created, ours))
        somebody.execute("UPDATE messages SET created_at = ? WHERE id = ?", (created - 1, shelf[0]))
    since = store.read(messages.list_page, ours, Filters(since=created))
    assert [each.id for each in since] == shelf[:0:-1]
    until = store.read(messages.list_page, ours, Filters(until=created))
    assert [each.id for each in until] == [shelf[0]]
    assert ids.floor(created - 1) <= shelf[0]


def test_what_is_quiet_is_sent_without_a_final_report(store: Opened, ours: int, other: int) -> None:
    made = store.write(queued, ours, *(number(index) for index in range(5)), state=State.SENDING)
    foreign = store.write(queued, other, number(1), state=State.SENDING)
    was = store.write(standings.read, made + foreign)
    store.write(standings.move, [Move(was[each], State.SENT, "") for each in made[:4] + foreign])
    store.write(messages.mark_overdue, made[:1])
    end = made[-1] + 1
    found = store.read(messages.quiet, ours, 0, end, 10)
    assert [each.id for each in found] == made[1:4]
    assert found[0].sent_at == one(store, ours, made[1]).sent_at
    assert [each.id for each in store.read(messages.quiet, ours, made[1], end, 1)] == [made[2]]
    assert [each.id for each in store.read(messages.quiet, ours, 0, made[2], 10)] == [made[1]]


def test_what_needs_attention_is_counted_for_one_account(store: Opened, ours: int, other: int) -> None:
    assert not store.read(messages.any_uncertain, ours)
    store.write(queued, other, number(1), state=State.UNCERTAIN)
    assert not store.read(messages.any_uncertain, ours)
    store.write(queued, ours, number(1), number(2), state=State.UNCERTAIN)
    assert store.read(messages.any_uncertain, ours)
    assert store.read(messages.attention, ours) == (2, 0)
    assert store.read(messages.attention, other) == (1, 0)
