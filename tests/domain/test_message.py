from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import message
from ujumbe.domain.message import FINAL, MEANING, REPORTS, TRANSITIONS, Event, State, after, report_event

EVIDENCE = {Event.TAKEN, Event.PROGRESS, Event.DELIVERED, Event.UNDELIVERED, Event.REFUSED}
FINAL_REPORTS = sorted(status for status, event in REPORTS.items() if event is not Event.PROGRESS)
PROGRESS_REPORTS = sorted(status for status, event in REPORTS.items() if event is Event.PROGRESS)
STATES, EVENTS = st.sampled_from(State), st.sampled_from(Event)


def follow(state: State, event: Event) -> State:
    return after(state, event) or state


def reachable(start: State, *, without: frozenset[Event] = frozenset()) -> set[State]:
    found: set[State] = {start}
    while more := {to for state in found for event, to in TRANSITIONS[state].items() if event not in without} - found:
        found |= more
    return found


def test_the_table_is_complete() -> None:
    assert set(TRANSITIONS) == set(MEANING) == set(State)
    assert {event for ways in TRANSITIONS.values() for event in ways} == set(Event)
    assert reachable(State.SCHEDULED) == set(State)
    assert {state for state, ways in TRANSITIONS.items() if not ways} == FINAL


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_no_state_is_a_dead_end(state: State) -> None:
    assert reachable(state) & FINAL


@given(st.sampled_from(sorted(FINAL)), EVENTS)
def test_final_is_final(state: State, event: Event) -> None:
    assert after(state, event) is None


@given(st.sampled_from(sorted(FINAL | {State.UNCERTAIN})), EVENTS)
def test_only_evidence_undoes_an_assumed_end(state: State, event: Event) -> None:
    following = after(state, event, assumed=True)
    if event in EVIDENCE:
        assert following is after(State.UNCERTAIN, event)
        assert following in {State.SENT, State.DELIVERED, State.UNDELIVERED, State.FAILED}
    elif state in FINAL:
        assert following is None


@given(STATES, st.lists(EVENTS, max_size=30))
def test_every_course_of_events_ends_in_a_known_state(start: State, events: list[Event]) -> None:
    assert reduce(follow, events, start) in reachable(start)


@given(STATES, EVENTS, st.booleans())
def test_the_same_event_twice_changes_nothing_more(state: State, event: Event, assumed: bool) -> None:
    following = after(state, event, assumed=assumed)
    if following is not None and following is not state:
        assert after(following, event) in {None, following}


@pytest.mark.parametrize("start", [State.SENDING, State.SENT, State.UNCERTAIN, State.QUEUED])
@given(
    final=st.sampled_from(FINAL_REPORTS),
    progress=st.lists(st.sampled_from(PROGRESS_REPORTS), max_size=3),
    repeats=st.integers(1, 2),
)
def test_reports_in_any_order_give_the_same_end(start: State, final: str, progress: list[str], repeats: int) -> None:
    orders = set(permutations([*progress, *[final] * repeats]))
    ends = {reduce(follow, [REPORTS[status] for status in order], start) for order in orders}
    assert ends == {State.DELIVERED if REPORTS[final] is Event.DELIVERED else State.UNDELIVERED}


@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN, *sorted(FINAL)])
def test_what_at_may_have_taken_never_goes_out_again(state: State) -> None:
    waiting = {State.QUEUED, State.SENDING, State.SCHEDULED}
    # A late answer may prove that it was never taken; else nothing brings it back.
    assert not waiting & reachable(state, without=frozenset({Event.REPEATED, Event.NOT_TAKEN}))
    assert (Event.NOT_TAKEN in TRANSITIONS[state]) is (state is State.UNCERTAIN)
    # Only where somebody said that a repeat is harmless: the message's own policy, or a person.
    assert (Event.REPEATED in TRANSITIONS[state]) is (state is State.UNCERTAIN)


def test_only_the_queue_is_claimed() -> None:
    assert [state for state, ways in TRANSITIONS.items() if Event.CLAIMED in ways] == [State.QUEUED]
    assert [state for state, ways in TRANSITIONS.items() if State.SENDING in ways.values()] == [State.QUEUED]


@pytest.mark.parametrize("state", [State.SCHEDULED, State.QUEUED, State.SENDING])
def test_an_opt_out_stops_whatever_has_not_left(state: State) -> None:
    assert after(state, Event.OPTED_OUT) is State.BLOCKED


@pytest.mark.parametrize("state", sorted(set(State) - {State.SCHEDULED, State.QUEUED}))
def test_only_what_waits_is_canceled_or_expires(state: State) -> None:
    assert after(state, Event.CANCELED) is None
    assert after(state, Event.EXPIRED) is None


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("Sent", Event.PROGRESS),
        ("Submitted", Event.PROGRESS),
        ("Buffered", Event.PROGRESS),
        ("Success", Event.DELIVERED),
        ("Failed", Event.UNDELIVERED),
        ("Rejected", Event.UNDELIVERED),
        ("AbsentSubscriber", Event.UNDELIVERED),
        ("Expired", Event.UNDELIVERED),
        (" success\n", Event.DELIVERED),
        ("Delivered", None),
        ("", None),
    ],
)
def test_what_a_report_says(status: str, event: Event | None) -> None:
    assert report_event(status) is event


def test_progress_has_an_order() -> None:
    assert sorted(message.PROGRESS_ORDER) == PROGRESS_REPORTS


@given(st.text())
def test_an_unknown_report_changes_nothing(status: str) -> None:
    assert report_event(status) is REPORTS.get(status.strip().lower())
