import pytest

from tests.store.conftest import Clock
from tests.store.opened import Opened, number, queued
from ujumbe.domain.message import State
from ujumbe.store import decisions
from ujumbe.store.decisions import Decision, Made, Rule


def test_decisions_are_told_of_their_message_oldest_first(clock: Clock, store: Opened, ours: int) -> None:
    one, two = store.write(queued, ours, number(1), number(2))
    first = clock.now
    store.write(decisions.insert, [Decision(one, Rule.LEASE, State.UNCERTAIN, "a"),
                                   Decision(two, Rule.OVERDUE, State.SENT, "b")])  # fmt: skip
    clock.forward(5)
    store.write(decisions.insert, [Decision(one, Rule.PERSON, State.SENT, 'said "so" \U0001f44d')])
    store.write(decisions.insert, [])
    assert store.read(decisions.of_message, one) == [
        Made(first, Rule.LEASE, State.UNCERTAIN, "a"),
        Made(first + 5, Rule.PERSON, State.SENT, 'said "so" \U0001f44d'),
    ]
    assert [each.note for each in store.read(decisions.of_message, two)] == ["b"]
    assert store.read(decisions.of_message, 17) == []


@pytest.mark.parametrize("rule", list(Rule), ids=str)
def test_every_rule_can_be_kept(store: Opened, ours: int, rule: Rule) -> None:
    [message] = store.write(queued, ours, number(1))
    store.write(decisions.insert, [Decision(message, rule, State.SENT, "")])
    assert [each.rule for each in store.read(decisions.of_message, message)] == [rule]
