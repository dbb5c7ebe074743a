"""Any interleaving of what can happen to messages: nothing is sent twice, final is final, stop means stop."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flows.conftest import Clock, Fresh
from tests.flows.desk import ERRORS, Desk, Line, number, reply
from tests.flows.places import Place
from tests.flows.tally import counted, tallied, tally
from tests.store.opened import batch
from ujumbe.africastalking.errors import ProviderError
from ujumbe.domain import ids, recipients
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import FINAL, State
from ujumbe.domain.money import Money
from ujumbe.domain.pause import Pause
from ujumbe.flows import accepting, deciding, delivery, inferring, pausing, upkeep
from ujumbe.flows.accepting import Accepted, Order, Request
from ujumbe.flows.claiming import Call, Limits
from ujumbe.flows.deciding import StateError
from ujumbe.flows.judging import REPEAT_AFTER_MS
from ujumbe.flows.recording import Finished
from ujumbe.flows.sending import PausedError
from ujumbe.store.database import Tx

HOUR, DAY = 3_600_000, 24 * 3_600_000
PACE = 4.0
LIMITS = Limits(paces={"12345": PACE})
PEOPLE = st.integers(0, 3)
SENDERS = st.sampled_from(("UJUMBE", "UJUMBE", "", "12345"))
POLICIES = st.sampled_from(("hold", "hold", "resend", "fail"))
STATUSES = st.sampled_from(("Sent", "Submitted", "Buffered", "Success", "Failed", "Rejected", "Quarantined"))
CODES = st.sampled_from((500, 500, 405, 101, 102, 403, 406, 401, 501, 999, 0))
"""501 and 999 come with an id here, as 101 and 102 do; 0 leaves the number out of the reply."""
WORDS = {101: "taken", 102: "taken", 401: "held", 403: "refused", 405: "not taken", 406: "refused", 500: "not taken"}
DOUBTS = ("maybe", "held")
IDENTIFIED = {101, 102, 501, 999}
OF_ERRORS = {"not taken": "not taken", "429": "not taken", "credentials": "not taken", "refused": "refused"}
ANSWERS = st.sampled_from((Money(1, "KES"), Money(0, "KES"), ERRORS["maybe"], ERRORS["credentials"], ERRORS["refused"]))


@dataclass
class Told:
    """What we know of one message from outside."""

    to: str
    sender: str
    created: int
    due: int = 0
    expires: int = 1 << 62
    policy: str = "hold"
    history: dict[int, str] = field(default_factory=dict)
    """What became of it in each call: `open`, `not taken`, `taken`, `refused`, `maybe`, `held` (for a risk check, which
    no policy repeats), or `excused`: maybe, and its own policy or a person wants a repeat."""
    doubted: bool = False
    """Whether it ever may have been taken."""
    reported: bool = False
    """Whether a report has said that AT took it."""
    judged: bool = False
    """Whether a person has said what became of it."""
    final: tuple[State, str] | None = None

    @property
    def may_leave(self) -> bool:
        return not self.reported and set(self.history.values()) <= {"not taken", "excused"}


class Sending(RuleBasedStateMachine):
    def __init__(self, place: Place) -> None:
        super().__init__()
        # The clock moves by rules alone, so that an example is the same when it is run again.
        self.patched = pytest.MonkeyPatch()
        self.clock = Clock()
        self.clock.rule(self.patched)
        self.desk = Desk(place)
        self.told: dict[int, Told] = {}
        self.open: list[Call] = []
        self.leases: dict[int, int] = {}
        self.late: list[Call] = []
        """Calls whose lease ran out while their owner lives: what AT said may still be recorded."""
        self.ids: dict[str, str] = {}
        """AT's ids that were told to us, with the number they are about."""
        self.nameless: set[tuple[int, int]] = set()
        """Attempts (message, call) whose id we have not learnt."""
        self.guessed: dict[tuple[int, int], str] = {}
        """The ids that attempts were thought to have: what AT says of them later takes their place."""
        self.stopped: set[tuple[str, str]] = set()
        self.held = False
        self.paced: list[int] = []
        """When each text of the paced sender was claimed."""

    def teardown(self) -> None:
        self.desk.close()
        self.patched.undo()

    @initialize()
    def begin(self) -> None:
        """Some sent, one doubted, one whose repeat is under way, many that wait: every rule can come first."""
        self.strange_report(1, "Success", 0)
        self.accept([0, 1], "", "hold", 0, DAY)
        self.claim(1)
        self._answered([(self.open[0], [101, 101])])
        self.accept([2], "", "hold", 0, DAY)
        self.claim(1)
        self.accept([3], "", "resend", 0, DAY)
        self.claim(1)
        self.leases_run_out()
        self.clock.forward(REPEAT_AFTER_MS)
        self.claim(1)
        self.strange_report(3, "Sent", 0)
        self.accept([0, 1, 2, 3], "UJUMBE", "hold", 0, DAY)
        self.accept([2, 1, 0], "UJUMBE", "resend", 0, DAY)
        self.accept([3, 2, 1, 0], "12345", "resend", 0, DAY)

    @rule(
        who=st.lists(PEOPLE, min_size=1, max_size=3),
        sender=SENDERS,
        policy=POLICIES,
        wait=st.sampled_from((0, 0, HOUR)),
        life=st.sampled_from((DAY, DAY, 60_000)),
    )
    def accept(self, who: list[int], sender: str, policy: str, wait: int, life: int) -> None:
        now = self.clock.now
        given = batch(self.desk.account, sender=sender, on_uncertain=policy)
        verdicts = recipients.judge([number(each) for each in who])
        order = Order(given, verdicts, now + wait if wait else None, now + wait + life)
        [answer] = self.desk.store.write(accepting.accept_all, [Request(order)])
        assert isinstance(answer, Accepted)
        for row in answer.document["messages"]:
            if row["id"] is not None:
                assert (row["state"] == State.BLOCKED) is self._forbidden(row["to"], sender)
                told = Told(row["to"], sender, now, now + wait, now + wait + life, policy)
                self.told[ids.read(Kind.MESSAGE, row["id"])] = told

    @rule(who=PEOPLE, sender=SENDERS, wait=st.sampled_from((0, 10_000)))
    def invoke(self, who: int, sender: str, wait: int) -> None:
        self.clock.forward(wait)
        health = self.desk.health()
        waits = health.pause is Pause.CREDENTIALS and health.probe_at > self.clock.now
        call = self.desk.invoke(number(who), LIMITS, sender=sender)
        assert (call is None) is self._forbidden(number(who), sender)
        assert isinstance(call, PausedError) is (call is not None and (self.held or waits))
        [[made]] = self._ask("SELECT max(id) AS id FROM messages")
        self.told[made] = Told(number(who), sender, self.clock.now)
        if isinstance(call, Call):
            self._submitted(call)

    @rule(most=st.integers(1, 3))
    def claim(self, most: int) -> None:
        claimed = self.desk.take(calls=most, paces=LIMITS.paces)
        assert len(claimed.calls) <= most
        if claimed.health.pause is not Pause.NONE or claimed.health.slow_until > self.clock.now:
            assert claimed.calls == []
        for call in claimed.calls:
            self._submitted(call)
            if call.outgoing.sender == "12345":
                self.paced += [self.clock.now] * len(call.messages)
        assert sum(each > self.clock.now - 1_000 for each in self.paced) <= 1.25 * PACE

    @rule()
    def work(self) -> None:
        """What waits only for its time leaves, if the account may send."""
        self.clock.forward(10_000)
        if not self.held:
            self.hold(held=False)
        self.claim(3)

    @rule(milliseconds=st.sampled_from((250, 1_000, 10_000, REPEAT_AFTER_MS, 600_000, HOUR, DAY)))
    def time_passes(self, milliseconds: int) -> None:
        self.clock.forward(milliseconds)

    @precondition(lambda self: self.open or self.late)
    @rule(data=st.data())
    def answer(self, data: Any) -> None:
        """Some calls end, and are recorded in one transaction."""
        calls = st.lists(st.sampled_from(self.late + self.open), min_size=1, max_size=2, unique_by=lambda call: call.id)
        chosen: list[Call] = data.draw(calls, "calls")
        sizes = [len(call.messages) for call in chosen]
        codes = [data.draw(st.lists(CODES, min_size=size, max_size=size), "codes") for size in sizes]
        self._answered(list(zip(chosen, codes, strict=True)))

    def _answered(self, answered: list[tuple[Call, list[int]]]) -> None:
        finished = []
        for call, codes in answered:
            given = [self._id(call, index) if code in IDENTIFIED else "None" for index, code in enumerate(codes)]
            finished.append(Finished(call, reply(call, [*map(Line, codes, given)])))
        self.desk.record(*finished)
        for call, codes in answered:
            for index, (message, code) in enumerate(zip(call.messages, codes, strict=True)):
                if code in IDENTIFIED:
                    self.ids.pop(self.guessed.pop((message, call.id), ""), None)
                    self.ids[self._id(call, index)] = self.told[message].to
                    self.nameless.discard((message, call.id))
                if code == 406:
                    self._stop(self.told[message])
            self._ended(call, [WORDS.get(code, "maybe") for code in codes])
        self._see_reports()

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def the_oldest_answers(self, data: Any) -> None:
        call = self.open[0]
        size = len(call.messages)
        self._answered([(call, data.draw(st.lists(CODES, min_size=size, max_size=size), "codes"))])

    @precondition(lambda self: self.open or self.late)
    @rule(data=st.data(), error=st.sampled_from(sorted(ERRORS)))
    def error(self, data: Any, error: str) -> None:
        call = data.draw(st.sampled_from(self.open + self.late), "call")
        self.desk.fail(call, ERRORS[error])
        self._ended(call, [OF_ERRORS.get(error, "maybe")] * len(call.messages))
        self.accept([0], "UJUMBE", "hold", 0, DAY)
        self.claim(1)  # what the error says about the account holds for the next claim

    @rule(data=st.data(), status=STATUSES, opted_out=st.booleans())
    def report(self, data: Any, status: str, *, opted_out: bool) -> None:
        """One about an id that we know or are about to learn."""
        early = {
            self._id(call, index): to for call in self.open + self.late for index, to in enumerate(call.outgoing.to)
        }
        provider_id = data.draw(st.sampled_from(sorted(self.ids | early)), "id")
        more = {}
        if opted_out and status == "Failed" and provider_id in self.ids:
            [[message]] = self._ask(f"SELECT message_id FROM attempts WHERE provider_id = '{provider_id}'")
            self._stop(self.told[message])
            more["failureReason"] = "UserInBlackList"
        self._reported(provider_id, status, (self.ids | early)[provider_id], **more)

    @rule(who=PEOPLE, status=STATUSES, strange=st.integers(0, 1))
    def strange_report(self, who: int, status: str, strange: int) -> None:
        """One about an id that AT never told us."""
        self._reported(f"ATXid_strange_{who}_{strange}", status, number(who))

    def _reported(self, provider_id: str, status: str, to: str, **more: str) -> None:
        fate, raw = self.desk.reported(provider_id, status, to, **more)
        assert (fate == "waiting") is (provider_id not in self.ids)
        if fate == "waiting":
            expected = self._inferable(to)
            self.desk.store.write(inferring.after_reports, self.desk.account, [delivery.read(raw).report], infer=True)
            self._inferred(expected)
        self._see_reports()

    @rule(who=PEOPLE, sender=st.sampled_from(("UJUMBE", "AFRICASTKNG", "")))
    def opt_out(self, who: int, sender: str) -> None:
        self.desk.opt_out(number(who), sender)
        self.stopped.add((number(who), sender))

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        message = data.draw(st.sampled_from(sorted(self.told)), "message")
        if self.desk.state(message) in (State.QUEUED, State.SCHEDULED):
            assert self.desk.store.write(deciding.cancel, self.desk.account, message)
            assert self.desk.state(message) is State.CANCELED
        else:
            with pytest.raises(StateError):
                self.desk.store.write(deciding.cancel, self.desk.account, message)

    @rule(data=st.data(), sent=st.booleans(), resend=st.booleans())
    def resolve(self, data: Any, *, sent: bool, resend: bool) -> None:
        message = data.draw(st.sampled_from(sorted(self.told)), "message")
        account = self.desk.account
        if self.desk.state(message) is not State.UNCERTAIN:
            with pytest.raises(StateError):
                self.desk.store.write(deciding.resolve, account, message, sent=sent, resend=resend)
            return
        assert self.desk.store.write(deciding.resolve, account, message, sent=sent, resend=resend)
        told = self.told[message]
        told.judged = True
        if resend and not sent:
            told.history = {call: "excused" if word in DOUBTS else word for call, word in told.history.items()}

    @rule(held=st.booleans())
    def hold(self, *, held: bool) -> None:
        if held:
            self.desk.store.write(pausing.hold, self.desk.account, "")
        else:
            before = self.desk.health()
            held_up = before.pause is not Pause.NONE or before.slow_until > 0
            assert self.desk.store.write(pausing.go_on, self.desk.account) is held_up
            assert self.desk.health().slow_until == 0
        self.held = held
        self.claim(1)

    @rule(answer=ANSWERS)
    def probe(self, answer: Money | ProviderError) -> None:
        before = self.desk.health().pause
        if self.desk.probe(answer):
            positive = isinstance(answer, Money) and answer.micros > 0
            assert before is not Pause.OPERATOR
            assert before is not Pause.BALANCE or positive

    @precondition(lambda self: self.open)
    @rule()
    def crash(self) -> None:
        self.desk.reopen()
        if self.desk.place.several:
            self.clock.forward(REPEAT_AFTER_MS)
        assert self.desk.settle(all_owners_dead=not self.desk.place.several) == len(self.open)
        for call in list(self.open):
            self._ended(call, ["maybe"] * len(call.messages))
        self.late.clear()

    @rule()
    def upkeep(self) -> None:
        """Leases that ran out while their owner lives, and all else that is done from time to time."""
        abandoned = [call for call in self.open if self.leases[call.id] <= self.clock.now]
        assert self.desk.settle() == len(abandoned)
        for call in abandoned:
            self._ended(call, ["maybe"] * len(call.messages))
            self.late.append(call)
        self.desk.store.write(upkeep.expire, self.desk.account)
        self.desk.store.write(upkeep.note_overdue, self.desk.account, 0)
        self.desk.join(infer=False)
        self._see_reports()

    @precondition(lambda self: self.open)
    @rule()
    def leases_run_out(self) -> None:
        self.clock.forward(REPEAT_AFTER_MS)
        self.upkeep()

    @rule()
    def count(self) -> None:
        """However the messages came to where they are, the tallies say what counting all of them says."""
        tally(self.desk)
        assert tallied(self.desk) == counted(self.desk)

    @invariant()
    def everything_is_somewhere_and_final_is_final(self) -> None:
        [[pause]] = self._ask("SELECT pause FROM accounts")
        assert (pause == Pause.OPERATOR) is self.held
        rows = self._ask(
            """SELECT id, state, reason, assumed,
                      (SELECT count(*) FROM attempts a WHERE a.message_id = m.id AND a.state = 'open') AS attempts
                 FROM messages m ORDER BY id"""
        )
        assert [row[0] for row in rows] == sorted(self.told)
        for message, word, reason, assumed, attempts in rows:
            state, told = State(word), self.told[message]
            if told.final is not None:
                assert (state, reason) == told.final
            elif state in FINAL and not assumed:
                told.final = state, reason
            assert attempts == list(told.history.values()).count("open") <= 1
            assert (state is State.SENDING) <= bool(attempts)
            assert (state in (State.SCHEDULED, State.QUEUED, State.EXPIRED, State.CANCELED)) <= told.may_leave
            assert bool(assumed) <= (told.doubted and (told.policy != "hold" or told.judged))
            assert bool(reason) or state in (State.SCHEDULED, State.QUEUED, State.SENDING, State.SENT, State.DELIVERED)

    def _ask(self, sql: str) -> list[list[Any]]:
        def rows(tx: Tx) -> list[list[Any]]:
            return [list(dict(cast("Any", row)).values()) for row in tx.select(sql, {})]

        return self.desk.store.read(rows)

    def _submitted(self, call: Call) -> None:
        """Check that each message of a call may leave now."""
        assert len(set(call.outgoing.to)) == len(call.outgoing.to) == len(call.messages)
        for message, to in zip(call.messages, call.outgoing.to, strict=True):
            told = self.told[message]
            assert (to, call.outgoing.sender) == (told.to, told.sender)
            assert told.may_leave, "never again after it may have been taken"
            assert told.due <= self.clock.now < told.expires
            assert not self._forbidden(to, told.sender)
            told.history[call.id] = "open"
            self.nameless.add((message, call.id))
        self.open.append(call)
        self.leases[call.id] = self.clock.now + REPEAT_AFTER_MS

    def _ended(self, call: Call, words: list[str]) -> None:
        (self.open if call in self.open else self.late).remove(call)
        for message, word in zip(call.messages, words, strict=True):
            told = self.told[message]
            before = told.history[call.id]
            asked_for = told.policy == "resend" and before == "open"
            excused = (word == "maybe" and asked_for) or (word in DOUBTS and before == "excused")
            told.history[call.id] = "excused" if excused else word
            told.doubted |= word in DOUBTS

    def _inferable(self, to: str) -> dict[tuple[int, int], str]:
        """The one attempt that a report of an unknown id can only mean, and the id."""
        unsettled = [
            (message, call, word)
            for message, told in self.told.items()
            for call, word in told.history.items()
            if told.to == to and (message, call) in self.nameless and word in ("open", "excused", *DOUBTS)
            if told.created > self.clock.now - inferring.LOOK_BACK_MS
        ]
        if len(unsettled) != 1 or unsettled[0][2] == "open":
            return {}
        [(message, call, _)] = unsettled
        began = self.leases[call] - REPEAT_AFTER_MS
        waiting = f"SELECT DISTINCT provider_id FROM callbacks WHERE number = '{to}' AND state = 'waiting'"
        found = self._ask(f"{waiting} AND received_at >= {began}")
        return {(message, call): found[0][0]} if len(found) == 1 else {}

    def _inferred(self, expected: dict[tuple[int, int], str]) -> None:
        for message, call, provider_id in self._ask(
            "SELECT message_id, call_id, provider_id FROM attempts WHERE inferred = 1"
        ):
            if provider_id not in self.ids:
                assert expected.pop((message, call)) == provider_id
                self.ids[provider_id] = self.told[message].to
                self.guessed[message, call] = provider_id
                self.nameless.remove((message, call))
        assert not expected

    def _see_reports(self) -> None:
        """Note what reports have proven."""
        for [message] in self._ask(
            """SELECT DISTINCT a.message_id FROM attempts a JOIN callbacks c ON c.provider_id = a.provider_id
                WHERE c.state = 'applied' AND c.kind = 'delivery-reports'"""
        ):
            self.told[message].reported = True

    def _stop(self, told: Told) -> None:
        self.stopped.add((told.to, told.sender or "AFRICASTKNG"))

    def _forbidden(self, to: str, sender: str) -> bool:
        return bool(self.stopped & {(to, ""), (to, sender or "AFRICASTKNG")})

    @staticmethod
    def _id(call: Call, index: int) -> str:
        return f"ATXid_{call.id}-{call.messages[index]}"


def test_any_interleaving(fresh: Fresh) -> None:
    how = settings(max_examples=20, stateful_step_count=50, deadline=None, report_multiple_bugs=False)
    factory = cast("type[Sending]", lambda: Sending(fresh()))
    run_state_machine_as_test(factory, settings=how)
