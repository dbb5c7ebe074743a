"""What incoming texts lead to: consent before anything, then handlers, rules and the default."""

from typing import Any

import pytest

from tests.flows.desk import Desk, number
from ujumbe.africastalking.replies import InboxMessage
from ujumbe.domain import moment
from ujumbe.domain.message import State
from ujumbe.domain.rule import Action, Rule
from ujumbe.flows import answering, upkeep
from ujumbe.flows import inbound as flow
from ujumbe.flows.answering import Answers
from ujumbe.store import contacts, conversations, inbound, opt_outs, reviews, rules
from ujumbe.store.inbound import Inbound

GUEST = number(1)
WORDS = Answers("echo {text}", "No more. START brings us back.", "Welcome back.", "We are the clinic.")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.answers = WORDS
    return desk


def hear(desk: Desk, text: str, index: int = 0, **more: str) -> Inbound:
    """An incoming text, as it stands after everything followed from it."""
    name = f"in-{index}-{text}"
    desk.hear(name, more.pop("sender", GUEST), text, desk.answers.default, **more)
    found = desk.store.read(inbound.list_page, desk.account, number=None, before=None, limit=100)
    return next(each for each in found if each.content.provider_id == name)


def said(desk: Desk, text: Inbound) -> str:
    return "" if text.reply is None else desk.message(text.reply).text


def leaves(desk: Desk, text: Inbound) -> bool:
    """Whether the answer is taken up to be sent."""
    return text.reply in [each for call in desk.claim() for each in call.messages]


def history(desk: Desk) -> list[tuple[str, str, str, bool]]:
    found = desk.store.read(opt_outs.history, desk.account, GUEST)
    return [(each.sender, each.source, each.proof, each.ended_at is None) for each in found]


def keep(desk: Desk, rule: Rule, position: int | None = None) -> int:
    stored = desk.store.write(rules.put, desk.account, rule, position=position)
    assert stored is not None
    return stored


def test_stop_is_confirmed_once_and_honoured(desk: Desk) -> None:
    [before] = desk.accept(GUEST)
    first = hear(desk, "Stop, tafadhali")
    assert (first.rule, said(desk, first)) == ("stop word STOP", WORDS.stop)
    assert history(desk) == [("", "keyword", "Stop, tafadhali", True)]
    assert leaves(desk, first), "its own opt-out does not hold it back"
    assert desk.state(before) is State.BLOCKED
    again = hear(desk, "STOP", 1)
    assert (again.reply, again.reply_note) == (None, "opted out before")
    [after] = desk.accept(GUEST)
    assert desk.claim() == []
    assert desk.state(after) is State.BLOCKED


def test_an_ordinary_answer_does_not_bring_back(desk: Desk) -> None:
    hear(desk, "STOP")
    for index, text in enumerate(["YES", "Habari", "thanks", "HELP"]):
        answer = hear(desk, text, index)
        assert not leaves(desk, answer), "whoever said stop gets no answer either"
    assert [each[-1] for each in history(desk)] == [True]


def test_start_brings_back_from_everything(desk: Desk) -> None:
    desk.opt_out(GUEST, "UJUMBE")
    hear(desk, "STOP")
    back = hear(desk, "Start")
    assert (back.rule, said(desk, back)) == ("start word START", WORDS.start)
    assert leaves(desk, back)
    assert [each[-1] for each in history(desk)] == [False, False]
    ended = desk.store.read(opt_outs.history, desk.account, GUEST)
    assert {(each.ended_by, each.ended_proof) for each in ended} == {("wrote START", "Start")}
    ordinary = hear(desk, "start", 1)
    assert ordinary.rule == "default", "there is nothing to end"


def test_help_says_who_we_are(desk: Desk) -> None:
    assert said(desk, hear(desk, "help")) == WORDS.help
    desk.answers = WORDS._replace(help="")
    assert said(desk, hear(desk, "HELP")) == "echo HELP"


def test_a_doubt_waits_for_a_person(desk: Desk) -> None:
    doubt = hear(desk, "please stop sending this")
    assert (doubt.reply, doubt.reply_note) == (None, "waits for a person")
    assert history(desk) == []
    [review] = desk.store.read(reviews.open_page, desk.account, before=None, limit=9)
    assert (review.inbound, review.number, review.text) == (doubt.id, GUEST, "please stop sending this")
    assert desk.store.write(reviews.decide, desk.account, review.id, reviews.Decision.DISMISS, "somebody")
    assert not desk.store.write(reviews.decide, desk.account, review.id, reviews.Decision.OPT_OUT, "somebody")
    assert desk.store.read(reviews.open_page, desk.account, before=None, limit=9) == []


def test_rules_in_their_order(desk: Desk) -> None:
    keep(desk, Rule("any", Action.NOTHING, short_code="54321"))
    balance = keep(desk, Rule("balance", Action.REPLY, ("BAL",), template="{name}: {text} from {from} to {to}"))
    keep(desk, Rule("ours", Action.FORWARD, ("LOAN",)))
    desk.store.write(contacts.put, desk.account, GUEST, {"name": "Asha", "text": "not this"})
    assert said(desk, hear(desk, "bal")) == f"Asha: bal from {GUEST} to 12345"
    quiet = hear(desk, "BAL", to="54321")
    assert (quiet.rule, quiet.reply) == ("rule “any”", None)
    assert hear(desk, "Loan").reply_note == "left to your application"
    assert hear(desk, "habari").rule == "default"
    desk.store.write(rules.put, desk.account, Rule("first", Action.NOTHING, ("bal",)), position=1)
    assert hear(desk, "bal", 1).rule == "rule “first”"
    assert [each.rule.name for each in desk.store.read(rules.list_all, desk.account)] == [
        "first",
        "any",
        "balance",
        "ours",
    ]
    assert desk.store.write(rules.remove, desk.account, balance)
    assert [each.position for each in desk.store.read(rules.list_all, desk.account)] == [1, 2, 3]


def test_no_rule_comes_before_consent(desk: Desk) -> None:
    keep(desk, Rule("greedy", Action.REPLY, template="Stay!"))
    desk.answers = WORDS._replace(handlers=[Rule("shop.sms.all", Action.NOTHING)])
    assert hear(desk, "STOP").rule == "stop word STOP"
    assert history(desk)


def test_a_rule_may_opt_out(desk: Desk) -> None:
    keep(desk, Rule("basi", Action.OPT_OUT, ("basi",)))
    text = hear(desk, "Basi")
    assert (said(desk, text), history(desk)) == (WORDS.stop, [("", "keyword", "Basi", True)])
    assert leaves(desk, text)
    assert hear(desk, "basi", 1).reply_note == "opted out before"


def test_a_name_is_taken_once(desk: Desk) -> None:
    kept = keep(desk, Rule("one", Action.NOTHING))
    assert desk.store.write(rules.put, desk.account, Rule("one", Action.REPLY)) is None
    assert desk.store.write(rules.put, desk.account, Rule("two", Action.REPLY), rule_id=kept) == kept
    assert desk.store.write(rules.put, desk.account, Rule("x", Action.REPLY), rule_id=12) is None


def test_handlers_come_before_rules_and_are_left_to_do(desk: Desk) -> None:
    keep(desk, Rule("balance", Action.REPLY, ("BAL",), template="0"))
    desk.answers = WORDS._replace(handlers=[Rule("bank.sms.balance", Action.NOTHING, ("BAL",))])
    text = hear(desk, "BAL")
    assert (text.rule, text.task, text.task_state, text.reply) == (
        "handler bank.sms.balance",
        "handler bank.sms.balance",
        "waiting",
        None,
    )
    [taken] = desk.store.write(inbound.take_tasks, desk.account, 9)
    assert taken.id == text.id
    assert desk.store.write(inbound.take_tasks, desk.account, 9) == [], "once"
    ended: dict[str, Any] = {"done": True}
    desk.store.write(answering.end_task, desk.account, taken, "Your balance is 0", "", **ended)
    done = desk.store.read(inbound.list_page, desk.account, number=None, before=None, limit=1)[0]
    assert (done.task_state, said(desk, done)) == ("done", "Your balance is 0")


def test_what_was_under_way_when_the_process_died_is_not_done_again(desk: Desk, clock: Any) -> None:
    desk.answers = WORDS._replace(handlers=[Rule("bank.sms.pay", Action.NOTHING)])
    hear(desk, "PAY")
    desk.store.write(inbound.take_tasks, desk.account, 9)
    assert desk.store.write(upkeep.give_up_tasks, desk.account, all_owners_dead=False) == 0
    clock.forward(upkeep.TASK_MS)
    assert desk.store.write(upkeep.give_up_tasks, desk.account, all_owners_dead=False) == 1
    text = desk.store.read(inbound.list_page, desk.account, number=None, before=None, limit=1)[0]
    assert (text.task_state, text.reply_note) == ("failed", upkeep.TASK_DIED)
    assert desk.store.write(inbound.take_tasks, desk.account, 9) == []


def test_subscribing_is_left_to_do(desk: Desk) -> None:
    keep(desk, Rule("news", Action.SUBSCRIBE, ("JIUNGE",), product="NEWS"))
    assert hear(desk, "Jiunge").task == "subscribe NEWS"


def test_conversations_open_again_and_hold_both_ways(desk: Desk) -> None:
    first = hear(desk, "Habari")
    desk.accept(GUEST, text="From the brand", sender="UJUMBE")
    second = hear(desk, "Je?", to="54321")
    found = desk.store.read(conversations.list_page, desk.account, state=None, before=None, limit=9)
    assert [(each.number, each.ours, each.text, each.id) for each in found] == [
        (GUEST, "54321", "Je?", second.id),
        (GUEST, "12345", "Habari", first.id),
    ]
    lines = desk.store.read(conversations.lines, desk.account, GUEST, ours=None, before=None, limit=9)
    assert [each.text for each in lines] == ["echo Je?", "Je?", "From the brand", "echo Habari", "Habari"]
    with_one = desk.store.read(conversations.lines, desk.account, GUEST, ours="12345", before=None, limit=9)
    assert [(each.text, each.state) for each in with_one] == [("echo Habari", State.QUEUED), ("Habari", None)]
    page = desk.store.read(conversations.lines, desk.account, GUEST, ours=None, before=lines[1].id, limit=2)
    assert [each.text for each in page] == ["From the brand", "echo Habari"]
    assert desk.store.write(conversations.mark, desk.account, GUEST, "12345", conversations.State.DONE) == 1
    [open_] = desk.store.read(
        conversations.list_page, desk.account, state=conversations.State.OPEN, before=None, limit=9
    )
    assert open_.ours == "54321"
    hear(desk, "Tena", 1)
    assert len(desk.store.read(conversations.of_number, desk.account, GUEST)) == 2
    assert {each.state for each in desk.store.read(conversations.of_number, desk.account, GUEST)} == {"open"}


def test_a_name_cannot_be_answered_or_opted_out(desk: Desk) -> None:
    text = hear(desk, "STOP", sender="Safaricom")
    assert text.reply_note == "the sender is a name, which takes no texts"
    assert desk.place.ask("SELECT count(*) FROM opt_outs") == [(0,)]


DAY = 24 * 3_600_000


@pytest.mark.parametrize(("days", "ends"), [(0, True), (1, False)], ids=["written after", "written before"])
def test_old_words_do_not_undo_newer_ones(desk: Desk, clock: Any, days: int, *, ends: bool) -> None:
    """AT repeats a callback for half a day, and its inbox goes further back."""
    written = desk.store.read(lambda tx: tx.now) - days * DAY
    desk.store.write(opt_outs.insert, desk.account, GUEST, "", opt_outs.Source.IMPORT)
    text = hear(desk, "START", date=moment.show(written))
    assert history(desk)[0][-1] is not ends
    assert (text.reply is not None) is ends
    assert text.rule == "start word START"


def test_a_fetched_start_without_a_date_ends_nothing(desk: Desk) -> None:
    desk.opt_out(GUEST)
    page = [InboxMessage(7, GUEST, "12345", "START", "", "")]
    desk.store.write(flow.fetched, desk.account, page, WORDS, first=True)
    assert [each[-1] for each in history(desk)] == [True]


def test_one_confirmation_an_hour_and_none_that_is_stale(desk: Desk, clock: Any) -> None:
    first = hear(desk, "STOP")
    hear(desk, "START")
    assert desk.state(first.reply or 0) is State.CANCELED, "it had not left"
    again = hear(desk, "STOP", 1)
    assert (again.reply, again.reply_note) == (None, "an opt-out of this number was confirmed within the hour")
    assert history(desk)[0][-1], "it counts all the same"
    hear(desk, "START", 1)
    clock.forward(3_700_000)
    assert said(desk, hear(desk, "STOP", 2)) == WORDS.stop


def test_a_national_number_can_stop(desk: Desk) -> None:
    desk.answers = WORDS._replace(country="KE")
    national = GUEST.replace("+254", "0")
    hear(desk, "STOP", sender=national)
    assert history(desk)[0][-1]


def test_a_stop_that_is_nobodys_waits_for_a_person(desk: Desk) -> None:
    hear(desk, "STOP", sender="0711")
    [review] = desk.store.read(reviews.open_page, desk.account, before=None, limit=9)
    assert (review.number, review.text) == ("0711", "STOP")
