"""Reports in whatever order they come."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.conftest import Clock, Fresh
from tests.flows.desk import ERRORS, Desk, Line, number, report_form
from ujumbe.domain.event import Type
from ujumbe.domain.message import State
from ujumbe.flows import delivery
from ujumbe.store import events, opt_outs, subscriptions
from ujumbe.store.callbacks import Fate
from ujumbe.store.subscriptions import Filters

ID = "ATXid_1"
PROGRESS: Final = ("Sent", "Submitted", "Buffered")
FINALS: Final = {
    "Success": State.DELIVERED,
    "Failed": State.UNDELIVERED,
    "Rejected": State.UNDELIVERED,
    "AbsentSubscriber": State.UNDELIVERED,
    "Expired": State.UNDELIVERED,
}
S = State


@dataclass(frozen=True)
class Story:
    """What AT reports about one message: any progress, perhaps an end, perhaps something new."""

    progress: frozenset[str]
    final: str
    strange: bool

    @property
    def reports(self) -> list[str]:
        return [*self.progress, *([self.final] if self.final else []), *(["Quarantined"] if self.strange else [])]

    @property
    def end(self) -> tuple[State, str, str]:
        """State, reason, and AT's latest word."""
        if self.final:
            state = FINALS[self.final]
            return state, "" if state is S.DELIVERED else "DeliveryFailure", self.final
        furthest = max(self.progress, key=PROGRESS.index, default="")
        return S.SENT, "", furthest


def told(desk: Desk, events: Sequence[tuple[int, str]], chance: random.Random) -> None:
    """Reports as the door takes them: as many in one transaction as happened to come together."""
    left = [
        delivery.read(report_form(f"ATXid_{index}", status, number(index), failureReason=reason))
        for index, status in events
        for reason in ["DeliveryFailure" if FINALS.get(status) is S.UNDELIVERED else ""]
    ]
    while left:
        size = chance.randint(1, len(left))
        desk.store.write(delivery.receive_all, desk.account, left[:size])
        left = left[size:]


STORIES = st.builds(Story, st.frozensets(st.sampled_from(PROGRESS)), st.sampled_from(["", *FINALS]), st.booleans())


@settings(max_examples=20)
@given(st.lists(STORIES, min_size=3, max_size=3), st.integers(0, 3), st.floats(0, 1), st.randoms(use_true_random=False))
def test_the_end_does_not_depend_on_the_order(
    fresh: Fresh,
    stories: list[Story],
    copies: int,
    recorded_at: float,
    chance: random.Random,
) -> None:
    desk = Desk(fresh())
    try:
        call = desk.claimed(*map(number, range(3)))
        events = [(index, status) for index, story in enumerate(stories) for status in story.reports]
        events += chance.choices(events, k=copies) if events else []
        chance.shuffle(events)
        place = round(recorded_at * len(events))
        told(desk, events[:place], chance)
        desk.answer(call, *[Line(101, f"ATXid_{each}") for each in range(3)])
        told(desk, events[place:], chance)
        found = [desk.message(each) for each in call.messages]
        assert [(each.state, each.reason, each.progress) for each in found] == [story.end for story in stories]
        kept = desk.place.ask("SELECT state FROM callbacks")
        assert len(kept) == len(events), "each is kept, however often it came"
        assert ("waiting",) not in kept
    finally:
        desk.close()


@pytest.mark.parametrize("final", FINALS)
@pytest.mark.parametrize("late", [*PROGRESS, *FINALS, "Quarantined"])
def test_final_is_final(desk: Desk, final: str, late: str) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, ID))
    assert desk.report(ID, final) is Fate.APPLIED
    before = desk.message(call.messages[0])
    assert desk.report(ID, late) is (Fate.DUPLICATE if late == final else Fate.IGNORED)
    after = desk.message(call.messages[0])
    assert (after.state, after.reason, after.progress) == (before.state, before.reason, before.progress)


@pytest.mark.parametrize(
    ("line", "status", "state"),
    [
        pytest.param(Line(101, ID), "Success", S.DELIVERED, id="sent"),
        pytest.param(Line(101, ID), "success", S.DELIVERED, id="however it is written"),
        pytest.param(Line(501, ID), "Sent", S.SENT, id="an uncertain one was taken"),
        pytest.param(Line(501, ID), "Success", S.DELIVERED, id="an uncertain one arrived"),
        pytest.param(Line(501, ID), "Rejected", S.UNDELIVERED, id="an uncertain one did not"),
        pytest.param(Line(999, ID), "Success", S.DELIVERED, id="a code of tomorrow"),
        pytest.param(Line(403, ID), "Success", S.DELIVERED, id="a refusal with an id refuses nothing"),
        pytest.param(Line(101, ID), "Quarantined", S.SENT, id="a status of tomorrow"),
    ],
)
@pytest.mark.parametrize("early", [False, True], ids=["after the record", "before the record"])
def test_a_report_moves_what_may_move(desk: Desk, line: Line, status: str, state: State, *, early: bool) -> None:
    call = desk.claimed(number(1))
    if early:
        assert desk.report(ID, status) is Fate.WAITING
        assert desk.state(call.messages[0]) is S.SENDING
    desk.answer(call, line)
    if not early:
        desk.report(ID, status)
    assert desk.state(call.messages[0]) is state
    [(fate, note)] = desk.place.ask("SELECT state, note FROM callbacks")
    assert fate == ("applied" if state != S.FAILED and status != "Quarantined" else "ignored")
    assert note


def test_an_id_that_is_never_learnt_waits(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.fail(call, ERRORS["maybe"])
    for _ in range(2):
        assert desk.report("ATXid_unknown", "Success", number(1)) is Fate.WAITING
    assert desk.state(call.messages[0]) is S.UNCERTAIN
    assert desk.crash() == 0
    assert desk.place.ask("SELECT state FROM callbacks") == [("waiting",)] * 2


@pytest.mark.parametrize(
    ("provider_id", "status", "note"), [("", "Success", "no id"), (ID, "", "no status"), ("", "", "no id and status")]
)
def test_what_names_nothing_is_kept_and_said(desk: Desk, provider_id: str, status: str, note: str) -> None:
    assert desk.report(provider_id, status) is Fate.INCOMPLETE
    assert desk.place.ask("SELECT state, note FROM callbacks") == [("incomplete", note)]


@pytest.mark.parametrize("reason", ["UserInBlackList", "UserInBlacklist"])
@pytest.mark.parametrize("sender", ["UJUMBE", ""], ids=["ours", "AT's own"])
@pytest.mark.parametrize("early", [False, True], ids=["after the record", "before the record"])
def test_a_report_can_tell_of_an_opt_out(desk: Desk, reason: str, sender: str, *, early: bool) -> None:
    call = desk.claimed(number(1), sender=sender)
    [waiting] = desk.accept(number(1), sender=sender)
    if early:
        desk.report(ID, "Failed", failureReason=reason)
    desk.answer(call, Line(101, ID))
    if not early:
        desk.report(ID, "Failed", failureReason=reason)
    [kept] = desk.store.read(opt_outs.history, desk.account, number(1))
    assert (kept.sender, kept.source) == (sender or "AFRICASTKNG", opt_outs.Source.REPORT)
    assert desk.claim() == []
    assert desk.state(waiting) is S.BLOCKED


def test_a_report_stops_the_next_try_of_what_was_said_not_taken(desk: Desk) -> None:
    """A provider that first took it and then, in a second call, says that it did not."""
    call = desk.claimed(number(1))
    [message] = call.messages
    desk.answer(call, Line(500))
    desk.place.ask(f"UPDATE attempts SET provider_id = '{ID}'")
    desk.place.ask("UPDATE messages SET due_at = 0")
    desk.report(ID, "Success", number(1))
    assert desk.state(message) is S.DELIVERED
    assert desk.claim() == []


def test_network_and_words_are_kept(desk: Desk) -> None:
    call = desk.claimed(number(1))
    desk.answer(call, Line(101, ID))
    desk.report(ID, "Sent", networkCode="63902")
    desk.report(ID, "Failed", failureReason="x" * 500)
    found = desk.message(call.messages[0])
    assert (found.network_code, found.progress, found.reason) == ("63902", "Failed", "x" * 100)


NOT_SUBSCRIBED = "UserNotSubscribedToProduct"


def subscribed(desk: Desk, *products: tuple[str, str]) -> set[tuple[str, str]]:
    """Who is subscribed to what now, once these are: (short code, keyword)."""
    for code, keyword in products:
        desk.store.write(subscriptions.start, desk.account, number(1), code, keyword)
    found = desk.store.read(subscriptions.list_page, desk.account, Filters(active=True), before=None, limit=100)
    assert {each.number for each in found} <= {number(1)}
    return {(each.short_code, each.keyword) for each in found}


def premium(desk: Desk, to: str = number(1), **changed: str) -> int:
    """A premium text that AT took."""
    call = desk.claimed(to, **({"mode": "premium", "sender": "12345", "keyword": "NEWS"} | changed))
    desk.answer(call, Line(101, ID))
    return call.messages[0]


@pytest.mark.parametrize("reason", [NOT_SUBSCRIBED, NOT_SUBSCRIBED.lower()])
@pytest.mark.parametrize("early", [False, True], ids=["after the record", "before the record"])
def test_a_report_ends_the_subscription_that_at_does_not_have(
    desk: Desk, clock: Clock, reason: str, *, early: bool
) -> None:
    subscribed(desk, ("12345", "news"), ("12345", "JOKE"), ("54321", "NEWS"))
    clock.forward(1)
    if early:
        desk.report(ID, "Failed", number(1), failureReason=reason)
        assert len(subscribed(desk)) == 3, "nobody knows yet what it is about"
    message = premium(desk)
    if not early:
        desk.report(ID, "Failed", number(1), failureReason=reason)
    assert (desk.state(message), desk.message(message).reason) == (S.UNDELIVERED, reason)
    assert subscribed(desk) == {("12345", "JOKE"), ("54321", "NEWS")}
    ended = desk.store.read(subscriptions.list_page, desk.account, Filters(active=False), before=None, limit=9)
    assert [(each.keyword, each.ended_by) for each in ended] == [("news", subscriptions.Source.REPORT)]
    while desk.store.write(events.number):
        pass
    told = desk.store.read(events.after, desk.account, 0, 100, {Type.UNSUBSCRIBED})
    assert [each.subject for each in told] == [ended[0].id]


def test_a_subscription_that_began_after_the_text_left_goes_on(desk: Desk, clock: Clock) -> None:
    premium(desk)
    clock.forward(1)
    assert subscribed(desk, ("12345", "NEWS"))
    desk.report(ID, "Failed", number(1), failureReason=NOT_SUBSCRIBED)
    assert subscribed(desk)


def test_a_report_that_comes_again_ends_nothing_new(desk: Desk, clock: Clock) -> None:
    subscribed(desk, ("12345", "NEWS"))
    clock.forward(1)
    premium(desk)
    _, raw = desk.reported(ID, "Failed", number(1), failureReason=NOT_SUBSCRIBED)
    assert not subscribed(desk)
    desk.store.write(subscriptions.start, desk.account, number(1), "12345", "NEWS")
    clock.forward(1)
    assert desk.store.write(delivery.receive, desk.account, raw) is Fate.DUPLICATE
    assert subscribed(desk)


@pytest.mark.parametrize("reason", ["InsufficientCredit", "InvalidLinkId", "UserDoesNotExist"])
def test_other_reasons_stay_with_the_message(desk: Desk, clock: Clock, reason: str) -> None:
    subscribed(desk, ("12345", "NEWS"))
    clock.forward(1)
    message = premium(desk)
    desk.report(ID, "Failed", number(1), failureReason=reason)
    assert (desk.state(message), desk.message(message).reason) == (S.UNDELIVERED, reason)
    assert subscribed(desk), "who has no credit today is a subscriber still"


@pytest.mark.parametrize("status", ["Success", "Buffered", "Quarantined"])
def test_the_reason_counts_only_where_it_is_one(desk: Desk, clock: Clock, status: str) -> None:
    subscribed(desk, ("12345", "NEWS"))
    clock.forward(1)
    premium(desk)
    desk.report(ID, status, number(1), failureReason=NOT_SUBSCRIBED)
    assert subscribed(desk)


def test_without_a_keyword_there_is_nothing_to_end(desk: Desk, clock: Clock) -> None:
    subscribed(desk, ("12345", "NEWS"), ("12345", ""))
    clock.forward(1)
    premium(desk, keyword="", link_id="L")
    desk.report(ID, "Failed", number(1), failureReason=NOT_SUBSCRIBED)
    assert len(subscribed(desk)) == 2
