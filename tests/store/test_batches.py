from dataclasses import replace

import pytest

from tests.store.opened import Opened, batch, number, queued
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.store import api_keys, batches, messages
from ujumbe.store.batches import Reason
from ujumbe.store.database import DataRefusedError, Tx


def test_a_batch_reads_as_it_was_stored(store: Opened, ours: int, other: int) -> None:
    key, _ = store.write(api_keys.create, "shop", frozenset({api_keys.Scope.SEND}))
    given = replace(
        batch(ours, text="Habari \U0001f44b", sender="", link_id="L", keyword="K", category="otp", retry_hours=5),
        on_uncertain="resend",
        metadata='{"order": 7}',
        api_key=key.id,
    )
    made = store.write(batches.insert, given)
    found = store.read(batches.find, ours, made)
    assert found is not None
    assert replace(found.content, api_key=key.id) == given
    assert (found.id, found.segments) == (made, 1)
    assert store.read(batches.find, other, made) is None
    assert store.read(batches.find, ours, 17) is None


@pytest.mark.parametrize(
    ("field", "value"), [("mode", "carrier pigeon"), ("category", "spam"), ("on_uncertain", "shrug"), ("source", "x")]
)
def test_words_that_nobody_knows_are_refused(store: Opened, ours: int, field: str, value: str) -> None:
    with pytest.raises(DataRefusedError, match=r"(?i)check"):
        store.write(batches.insert, batch(ours, **{field: value}))


def test_counts_and_cancelling_are_of_one_batch(store: Opened, ours: int) -> None:
    made = {state: store.write(queued, ours, number(1), number(2), state=state) for state in State}
    for state, [first, _] in made.items():
        found = store.read(messages.find, ours, first)
        assert found is not None
        assert store.read(batches.counts, found.batch) == {state: 2}
        waits = state in (State.SCHEDULED, State.QUEUED)
        assert store.write(batches.cancel, ours, found.batch, "on request") == (2 if waits else 0)
        assert store.read(batches.counts, found.batch) == {State.CANCELED if waits else state: 2}
    canceled = store.read(messages.find, ours, made[State.QUEUED][0])
    assert canceled is not None
    assert canceled.reason == "on request"


def test_how_batches_stand_together(store: Opened, ours: int) -> None:
    """Each with one message in each state; what they cost is never added across currencies."""
    ids = []
    for index in range(2):
        made = {state: store.write(queued, ours, number(index), state=state)[0] for state in State}
        for message_id in made.values():
            found = store.read(messages.find, ours, message_id)
            assert found is not None
            ids.append(found.batch)
    assert store.read(batches.standing, ids).counts == dict.fromkeys(State, 2)
    assert store.read(batches.standing, ids).costs == []

    def cost(tx: Tx, batch_id: int, micros: int, currency: str | None, reason: str) -> None:
        sql = (
            "UPDATE messages SET cost_micros = :micros, cost_currency = :currency, reason = :reason WHERE batch_id = :b"
        )
        tx.select(f"{sql} RETURNING id", {"micros": micros, "currency": currency, "reason": reason, "b": batch_id})

    for place, batch_id in enumerate(ids[:4]):
        store.write(cost, batch_id, 800_000, "KES", "" if place else "late")
    assert store.read(batches.standing, ids).costs == [Money(3_200_000, "KES")]
    store.write(cost, ids[4], 22_000_000, "TZS", "refused")
    store.write(cost, ids[4 + len(State)], 22_000_000, "TZS", "refused")
    found_now = store.read(batches.standing, ids)
    assert found_now.costs == [Money(3_200_000, "KES"), Money(44_000_000, "TZS")]
    assert found_now.reasons == [Reason(list(State)[4], "refused", 2), Reason(State.SCHEDULED, "late", 1)]
    assert sum(found_now.counts.values()) == len(ids)
    nothing = store.read(batches.standing, [17])
    assert (nothing.counts, nothing.costs, nothing.reasons) == ({}, [], [])
