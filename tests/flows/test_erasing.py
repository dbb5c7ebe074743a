"""A person who was erased is in no column of no table, and what they said about consent goes on being honoured."""

import itertools
import json
import random
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.desk import ERRORS, Desk, Line, form, number, report_form
from tests.flows.places import during, overlapped
from tests.store.opened import batch
from ujumbe.africastalking.replies import InboxMessage
from ujumbe.domain import erased
from ujumbe.domain.message import State
from ujumbe.domain.recipients import Verdict
from ujumbe.domain.rule import Action, Rule
from ujumbe.flows import accepting, answering, claiming, consent, delivery, door, erasing, inbound, sending
from ujumbe.flows.accepting import Accepted, Order, Request
from ujumbe.flows.answering import Answers
from ujumbe.flows.claiming import OPTED_OUT, Limits
from ujumbe.flows.erasing import Erased
from ujumbe.store import answers, contacts, erasure, erasure_key, opt_outs, reviews, subscriptions, webhooks
from ujumbe.store import inbound as stored_texts
from ujumbe.store.callbacks import Fate
from ujumbe.store.database import Tx
from ujumbe.store.opt_outs import Source

GUEST, OTHER = number(711), number(712)
SAID = ["Habari Asha", "STOP Asha", "START", "please stop"]
WORDS = Answers("echo {text}", "No more.", "Welcome back.", "We are the clinic.")


def everything(desk: Desk) -> list[tuple[str, str, Any]]:
    """Every value of every column of every table, with where it stands; packed answers unpacked."""
    place = desk.place
    if place.several:
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        columns = place.ask(sql)
    else:
        tables = place.ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        columns = [(table, row[1]) for (table,) in tables for row in place.ask(f"PRAGMA table_info({table})")]
    found = []
    for table, column in columns:
        for (value,) in place.ask(f"SELECT {column} FROM {table}"):
            if (table, column) == ("answers", "answer"):
                value = zlib.decompress(value)  # noqa: PLW2901
            found.append(
                (table, column, bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value)
            )
    return found


def traces(desk: Desk, *words: str) -> list[tuple[str, str, Any]]:
    """Where these words, or the number of GUEST in any spelling, still stand."""
    sought = [GUEST.removeprefix("+"), *words]
    return [each for each in everything(desk) if isinstance(each[2], str) and any(word in each[2] for word in sought)]


def erase(desk: Desk, who: str = GUEST) -> Erased:
    return desk.store.run(erasing.erase, desk.store.db, who)


def order(desk: Desk, *numbers: str, key: str = "", **fields: Any) -> dict[str, Any]:
    """What POST /v1/messages answers."""
    verdicts = [Verdict(each, each, "") for each in numbers]
    claim = answers.Request(desk.account, 0, key, b"hash") if key else None
    request = Request(Order(batch(desk.account, **fields), verdicts), claim)
    [accepted] = desk.store.write(accepting.accept_all, [request])
    assert isinstance(accepted, Accepted)
    return accepted.document


def lived(desk: Desk) -> list[int]:
    """A person of whom there is a trace in every table that can have one; the ids of their messages."""
    desk.answers = WORDS
    made: list[int] = []
    sent = desk.claimed(GUEST, text="Siri ya Asha", metadata='{"name": "Asha"}')
    desk.answer(sent, Line(101, "ATXid_sent"))
    desk.report("ATXid_sent", "Success", GUEST)
    made += sent.messages
    for each in ("maybe", "refused"):
        call = desk.claimed(GUEST, text=f"Siri {each}")
        desk.fail(call, type(ERRORS[each])(f"no answer about {GUEST}", http_status=502, body=f"<html>{GUEST}"))
        made += call.messages
    shared = desk.claimed(GUEST, OTHER, text="To everybody", metadata=json.dumps({"list": [GUEST, OTHER]}))
    desk.answer(shared, Line(101, "ATXid_shared"), Line(101, "ATXid_other"))
    made += shared.messages[:1]
    desk.report("ATXid_shared", "Failed", GUEST, failureReason="UserInBlackList")
    desk.report("ATXid_early", "Success", GUEST)
    order(desk, GUEST, OTHER, key="once", text="To both")
    desk.hear("in-1", GUEST, "Habari, mimi ni Asha")
    desk.hear("in-2", GUEST, "please stop sending this to Asha")
    desk.hear("in-1", GUEST, "Habari, mimi ni Asha")
    desk.opt_out(GUEST, "Brand")
    desk.opt_out(GUEST.replace("+", "00"), "Brand")
    desk.store.write(
        door.keep_aside, desk.account, form("twoway", {"from": GUEST[1:], "text": "Asha"}), "OverflowError"
    )
    desk.store.write(opt_outs.insert, desk.account, GUEST, "", Source.OPERATOR, "Asha called", "api key x")
    desk.store.write(opt_outs.end, desk.account, GUEST, "", "operator", "Asha called again")
    desk.hear("in-3", GUEST, "STOP Asha")
    desk.subscribe(phoneNumber=GUEST, shortCode="12345", keyword="NEWS", updateType="addition")
    desk.store.write(contacts.put, desk.account, GUEST, {"name": "Asha"})
    made += desk.accept(GUEST, text="Siri that waits")
    return made


def test_nothing_is_left_anywhere(desk: Desk) -> None:
    made = lived(desk)
    assert {table for table, _, _ in traces(desk, "Asha", "Siri")} == {
        "messages", "attempts", "calls", "batches", "callbacks", "inbound", "opt_outs", "subscriptions", "answers",
        "reviews", "conversations", "contacts",
    }  # fmt: skip
    found = erase(desk)
    assert traces(desk, "Asha", "Siri", "Habari") == []
    assert (found.canceled, found.inbound, found.subscriptions) == (3, 3, 1)
    assert found.messages > len(made)
    assert erase(desk) == Erased(), "again finds nothing"

    marks = {value for table, column, value in everything(desk) if column == "number" and erased.is_mark(str(value))}
    assert len(marks) == 1, "one mark everywhere"
    assert desk.state(made[0]) is State.DELIVERED, "what happened stays"
    assert desk.message(made[0]).cost is not None
    assert (desk.state(made[-1]), desk.message(made[-1]).reason) == (State.CANCELED, erasure.CANCELED)
    assert OTHER in {value for _, column, value in everything(desk) if column == "number"}, "nobody else is"
    assert [value for table, column, value in everything(desk) if (table, column) == ("batches", "text")].count(
        "To everybody"
    ) == 1
    assert desk.claim()[0].outgoing.to == (OTHER,)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_in_whatever_order(desk: Desk, seed: int) -> None:
    """Erased after every few steps: each time nothing is left, and nothing leaves that an opt-out forbids."""
    chance = random.Random(seed)
    desk.answers = WORDS
    names = itertools.count()
    open_calls: list[claiming.Call] = []
    whose: dict[str, str] = {}

    def claim() -> None:
        open_calls.extend(desk.claim())

    def answer() -> None:
        if open_calls:
            call = open_calls.pop(chance.randrange(len(open_calls)))
            if chance.random() < 0.3:
                desk.fail(call, ERRORS[chance.choice(["maybe", "not taken", "refused"])])
            else:
                lines = [Line(chance.choice([101, 101, 403, 406]), f"ATXid_{next(names)}") for _ in call.messages]
                whose.update(zip((line.id for line in lines), call.outgoing.to, strict=True))
                desk.answer(call, *lines)

    def report() -> None:
        status = chance.choice(["Success", "Failed", "Buffered"])
        about, reason = f"ATXid_{chance.randrange(30)}", chance.choice(["", "UserInBlackList"])
        desk.report(about, status, whose.get(about, GUEST), failureReason=reason)

    steps: list[Callable[[], object]] = [
        claim,
        answer,
        report,
        lambda: desk.accept(GUEST, text="Siri", on_uncertain="resend"),
        lambda: desk.accept(GUEST, OTHER, text="All"),
        lambda: order(desk, GUEST, key=f"k{next(names)}", text="Siri"),
        lambda: desk.hear(f"in-{next(names)}", GUEST, chance.choice(SAID)),
        lambda: desk.opt_out(GUEST, chance.choice(["", "UJUMBE", "12345"])),
        lambda: desk.subscribe(phoneNumber=GUEST, shortCode="1", keyword="K", updateType="addition"),
        lambda: desk.invoke(GUEST, text="Siri"),
    ]  # fmt: skip
    for _ in range(4):
        for _ in range(chance.randrange(5, 25)):
            chance.choice(steps)()
        out = desk.store.read(opt_outs.in_force, desk.account, GUEST, "UJUMBE")
        erase(desk)
        assert traces(desk, "Asha", "Siri") == []
        assert desk.store.read(opt_outs.in_force, desk.account, GUEST, "UJUMBE") is out
    while open_calls:
        answer()
    desk.claim()
    erase(desk)
    assert traces(desk, "Asha", "Siri") == []


def test_an_opt_out_outlives_its_number(desk: Desk) -> None:
    desk.opt_out(GUEST, "UJUMBE")
    erase(desk)
    answered = order(desk, GUEST, OTHER)
    assert [(each["state"], each.get("reason")) for each in answered["messages"]] == [
        ("blocked", OPTED_OUT),
        ("queued", None),
    ]
    quoted = desk.store.read(accepting.quote, Order(batch(desk.account), [Verdict(GUEST, GUEST, "")]))
    assert quoted["messages"][0]["state"] == "blocked"
    assert desk.invoke(GUEST) is None
    [queued] = desk.accept(GUEST)
    assert [call.outgoing.to for call in desk.claim()] == [(OTHER,)]
    assert (desk.state(queued), desk.message(queued).reason) == (State.BLOCKED, OPTED_OUT)
    assert order(desk, GUEST, sender="12345")["messages"][0]["state"] == "queued", "the other sender may"
    assert not desk.store.write(opt_outs.insert, desk.account, GUEST, "ujumbe", Source.IMPORT), "it was said before"
    [period] = desk.store.read(opt_outs.history, desk.account, GUEST)
    assert (erased.is_mark(period.number), period.proof) == (True, "")


@pytest.mark.parametrize("way", ["start word", "operator"])
def test_only_a_word_of_theirs_or_an_operator_ends_it(desk: Desk, way: str) -> None:
    desk.answers = WORDS
    desk.hear("in-1", GUEST, "STOP")
    erase(desk)
    desk.hear("in-2", GUEST, "Habari tena")
    assert desk.store.read(opt_outs.in_force, desk.account, GUEST, "UJUMBE")
    if way == "start word":
        desk.hear("in-3", GUEST, "START")
    else:
        assert desk.store.write(opt_outs.end, desk.account, GUEST, "", "operator") == 1
    assert not desk.store.read(opt_outs.in_force, desk.account, GUEST, "UJUMBE")
    [message] = desk.accept(GUEST)
    assert message in [each for call in desk.claim() for each in call.messages]


def test_a_late_report_does_not_bring_the_number_back(desk: Desk) -> None:
    call = desk.claimed(GUEST)
    desk.report("ATXid_early", "Submitted", GUEST)
    erase(desk)
    desk.report("ATXid_1", "Buffered", GUEST)  # its id is not known yet: nobody can say whose it is
    desk.answer(call, Line(101, "ATXid_1"))
    assert desk.report("ATXid_1", "Success", GUEST, failureReason="", networkCode="63902") is Fate.APPLIED
    assert desk.state(call.messages[0]) is State.DELIVERED
    bodies = desk.place.ask(f"SELECT number, body FROM callbacks WHERE message_id = {call.messages[0]} ORDER BY id")
    assert [erased.is_mark(who) for who, _ in bodies] == [True, True]
    assert b"status=Success" in bytes(bodies[-1][1])
    assert b"networkCode=63902" in bytes(bodies[-1][1])
    assert traces(desk) == []


def test_a_report_that_opts_out_does_so_under_the_mark(desk: Desk) -> None:
    call = desk.claimed(GUEST)
    erase(desk)
    desk.answer(call, Line(101, "ATXid_1"))
    desk.report("ATXid_1", "Failed", GUEST, failureReason="UserInBlackList")
    assert order(desk, GUEST)["messages"][0]["state"] == "blocked"


@pytest.mark.parametrize("error", ["not taken", "maybe"])
def test_what_comes_back_has_nobody_to_go_to(desk: Desk, clock: Any, error: str) -> None:
    call = desk.claimed(GUEST, on_uncertain="resend")
    erase(desk)
    desk.fail(call, ERRORS[error])
    assert desk.state(call.messages[0]) is State.QUEUED
    clock.forward(600_000)
    assert desk.claim() == []
    assert (desk.state(call.messages[0]), desk.message(call.messages[0]).reason) == (State.CANCELED, erasure.CANCELED)


def test_what_at_repeats_of_an_erased_text_stays_erased_and_a_new_one_is_new(desk: Desk) -> None:
    desk.hear("in-1", GUEST, "Mimi ni Asha", "")
    erase(desk)
    desk.hear("in-1", GUEST, "Mimi ni Asha", "")
    assert traces(desk, "Asha") == []
    desk.hear("in-2", GUEST, "Mimi tena", "")
    assert {table for table, _, _ in traces(desk)} == {"inbound", "callbacks", "conversations"}


def test_a_handler_that_ends_afterwards_answers_nobody(desk: Desk) -> None:
    desk.answers = WORDS._replace(handlers=[Rule("bank.sms.balance", Action.NOTHING)])
    desk.hear("in-1", GUEST, "BAL")
    desk.hear("in-2", GUEST, "BAL again")
    [one, two] = desk.store.write(stored_texts.take_tasks, desk.account, 9)
    desk.hear("in-3", GUEST, "BAL, and again")
    erase(desk)
    for text in (one, two):
        desk.store.write(answering.end_task, desk.account, text, "Asha has 5", "", done=True)
    assert desk.store.write(stored_texts.take_tasks, desk.account, 9) == []
    assert traces(desk, "Asha") == []


def test_a_subscription_may_begin_anew(desk: Desk, clock: Any) -> None:
    product = {"shortCode": "12345", "keyword": "NEWS"}
    for _ in range(3):
        assert desk.subscribe(phoneNumber=GUEST, updateType="addition", **product) is Fate.APPLIED
        erase(desk)
        assert desk.subscribe(phoneNumber=GUEST, updateType="addition", **product) is Fate.DUPLICATE, "AT repeats it"
        assert traces(desk, GUEST) == []
        clock.forward(erasure.REPEATED_MS + 1)
    found = desk.store.read(subscriptions.list_page, desk.account, before=None, limit=9)
    assert [each.ended_at is None for each in found] == [False] * 3


def test_many_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "PAGE", 7)
    for index in range(20):
        desk.hear(f"in-{index}", GUEST, f"Asha {index}", "")
        desk.accept(GUEST, text=f"Siri {index}")
    found = erase(desk)
    assert (found.canceled, found.messages, found.inbound) == (20, 20, 20)
    assert traces(desk, "Asha", "Siri") == []


def test_every_account_of_the_database(desk: Desk) -> None:
    from ujumbe.store import accounts

    live = desk.store.write(accounts.ensure, "live", "elsewhere")
    desk.store.write(sending.accept, batch(live, text="Siri"), [GUEST])
    desk.store.write(opt_outs.insert, live, GUEST, "", Source.IMPORT)
    assert erase(desk).messages == 1
    assert traces(desk, "Siri") == []
    assert desk.store.read(opt_outs.in_force, live, GUEST, "UJUMBE")
    assert not desk.store.read(opt_outs.in_force, desk.account, GUEST, "UJUMBE")


def test_nobody_was_ever_erased(desk: Desk) -> None:
    assert desk.store.read(erasure_key.find) is None
    erase(desk)
    key = desk.store.read(erasure_key.find)
    assert key is not None
    erase(desk, OTHER)
    assert desk.store.read(erasure_key.find) == key, "made once"


def test_a_message_accepted_meanwhile_is_judged_at_the_claim(shared: Desk) -> None:
    """It saw neither the number (under a mark already) nor the key (not committed when it looked)."""
    shared.opt_out(GUEST, "UJUMBE")

    def erased_now(tx: Tx) -> None:
        mark = erased.mark(erasure_key.make(tx), GUEST)
        erasure.silence(tx, erasure.Person(shared.account, GUEST, mark))

    [queued] = during(shared.store, erased_now, lambda tx: sending.accept(tx, batch(shared.account), [GUEST]))
    assert shared.claim() == []
    assert shared.state(queued) is State.BLOCKED


def test_a_claim_waits_for_an_erasure(shared: Desk) -> None:
    shared.opt_out(GUEST, "UJUMBE")
    [queued] = shared.accept(GUEST)

    def erased_now(tx: Tx) -> None:
        mark = erased.mark(erasure_key.make(tx), GUEST)
        erasure.silence(tx, erasure.Person(shared.account, GUEST, mark))

    claimed = overlapped(shared.store, erased_now, lambda tx: claiming.claim(tx, shared.account, Limits()))
    assert claimed.calls == []
    assert shared.state(queued) is State.CANCELED


def test_what_is_left_of_a_callback() -> None:
    report = report_form("ATXid_1", "Failed", GUEST, failureReason="AbsentSubscriber", retryCount="2", other=GUEST)
    left = delivery.read(erasing.hide(report, "erased:x"))
    assert (left.report.message_id, left.report.status, left.report.failure_reason, left.report.retry_count) == (
        "ATXid_1",
        "Failed",
        "AbsentSubscriber",
        2,
    )
    assert GUEST[1:].encode() not in left.raw.body
    text = erasing.hide(form("twoway", {"id": "in-1", "from": GUEST, "text": "Asha"}), "erased:x")
    assert text.body == b"id=in-1&from=erased%3Ax"


def test_a_decision_about_a_doubt(desk: Desk) -> None:
    desk.answers = WORDS
    for index, text in enumerate(["please stop this", "no more texts, thanks"]):
        desk.hear(f"in-{index}", number(index), text)
    second, first = desk.store.read(reviews.open_page, desk.account, before=None, limit=9)
    opt_out, dismiss = reviews.Decision.OPT_OUT, reviews.Decision.DISMISS
    assert desk.store.write(consent.decide, desk.account, first.id, opt_out, "api key x") == first
    assert desk.store.write(consent.decide, desk.account, first.id, dismiss, "api key x") is None, "once"
    assert desk.store.write(consent.decide, desk.account, second.id, dismiss, "api key x") == second
    assert desk.store.write(consent.decide, desk.account, 12, dismiss, "api key x") is None
    [period] = desk.store.read(opt_outs.history, desk.account, number(0))
    assert (period.sender, period.source, period.reason, period.proof) == (
        "", "operator", "on the review list, by api key x", "please stop this"
    )  # fmt: skip
    assert desk.store.read(opt_outs.history, desk.account, number(1)) == []
    rows = desk.place.ask("SELECT decision, decided_by FROM reviews ORDER BY id")
    assert rows == [("opt_out", "api key x"), ("dismiss", "api key x")]


def test_inbound_is_what_it_was(desk: Desk) -> None:
    """The numbers of others, and texts of theirs, are left alone."""
    desk.hear("in-1", OTHER, "Habari", "")
    desk.store.write(inbound.receive, desk.account, form("twoway", {"from": OTHER, "id": "in-2"}), Answers(""))
    before = everything(desk)
    erase(desk)
    assert [each for each in everything(desk) if each[0] not in ("erasure", "nodes")] == [
        each for each in before if each[0] not in ("erasure", "nodes")
    ]


def test_what_at_repeats_of_an_opt_out_stays_erased(desk: Desk) -> None:
    desk.opt_out(GUEST, "UJUMBE")
    erase(desk)
    assert desk.opt_out(GUEST, "UJUMBE") is Fate.DUPLICATE
    assert traces(desk, GUEST, GUEST[1:]) == []


@pytest.mark.parametrize("pulled_first", [False, True])
def test_an_erased_text_is_known_when_it_comes_the_other_way(desk: Desk, *, pulled_first: bool) -> None:
    """The inbox is read from where the last look ended, which may be before the erasure."""
    date, words = "2026-03-04T10:30:00Z", "Asha hapa"
    page = [InboxMessage(7, GUEST, "12345", words, date, "")]

    def fetched() -> int:
        return desk.store.write(inbound.fetched, desk.account, page, Answers("{text}"), first=False)

    def called_back() -> None:
        desk.hear("in-1", GUEST, words, "{text}", date=date)

    first, second = (fetched, called_back) if pulled_first else (called_back, fetched)
    first()
    erase(desk)
    second()
    assert desk.place.ask("SELECT count(*) FROM inbound") == [(1,)]
    assert desk.place.ask("SELECT count(*) FROM conversations") == [(0,)]
    assert [each for each in traces(desk, words) if each[0] == "inbound"] == []


def test_what_could_not_be_read_is_looked_through(desk: Desk) -> None:
    desk.store.write(desk.receive, form("twoway", {"From": GUEST, "text": "Siri"}))
    desk.store.write(consent.receive, desk.account, form("opt-out", {"phone_number": GUEST}))
    erase(desk)
    assert traces(desk, GUEST[1:], "Siri") == []


def test_what_receivers_of_webhooks_answered_is_forgotten(desk: Desk) -> None:
    [message, *_] = desk.accept(GUEST, text="Siri")
    someone = number(9)
    [other] = desk.accept(someone)

    def answered(tx: Tx) -> None:
        webhook = webhooks.create(tx, desk.account, "https://example.org/", [])
        assert webhook is not None
        for seq, (subject, body) in enumerate([(message, "Siri"), (other, f"echo {GUEST[1:]}"), (other, "thanks")], 1):
            values = {"webhook": webhook.id, "seq": seq, "subject": subject, "now": tx.now}
            tx.select(
                f"INSERT INTO deliveries (id, webhook_id, seq, type, subject, made_at, state, due_at) VALUES "
                f"({seq}, :webhook, :seq, 'message.sent', :subject, :now, 'delivered', :now) RETURNING id",
                values,
            )
            tx.select(
                f"INSERT INTO delivery_attempts (id, delivery_id, started_at, took_ms, status, body, error) VALUES "
                f"({seq}, {seq}, :now, 1, 200, :body, '') RETURNING id",
                {"now": tx.now, "body": body},
            )

    desk.store.write(answered)
    erase(desk)
    assert desk.place.ask("SELECT body FROM delivery_attempts ORDER BY id") == [("",), ("",), ("thanks",)]
