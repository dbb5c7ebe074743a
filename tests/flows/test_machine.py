"""Any interleaving of what can happen to messages: nothing is sent twice, final is final, stop means stop."""

import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.flows.desk import ERRORS, Desk, Line, number
from tests.store.opened import Place
from ujumbe.domain.message import FINAL, State
from ujumbe.flows import deciding, sending
from ujumbe.flows.deciding import StateError
from ujumbe.flows.sending import Call

SENDERS = st.sampled_from(("UJUMBE", ""))
POLICIES = st.sampled_from(("hold", "hold", "resend", "fail"))
STATUSES = st.sampled_from(("Sent", "Submitted", "Buffered", "Success", "Failed", "Rejected", "Quarantined"))
CODES = st.sampled_from((500, 500, 405, 101, 102, 403, 406, 401, 501, 999, 0))
"""501 and 999 come with an id here, as 101 and 102 do; 0 leaves the number out of the reply."""
WORDS = {101: "taken", 102: "taken", 403: "refused", 405: "not taken", 406: "refused", 500: "not taken"}
IDENTIFIED = {101, 102, 501, 999}
OF_ERRORS = {"not taken": "not taken", "429": "not taken", "credentials": "not taken", "refused": "refused"}


@dataclass
class Told:
    """What we know of one message from outside."""

    to: str
    sender: str
    policy: str = "hold"
    history: dict[int, str] = field(default_factory=dict)
    """What became of it in each call: `open`, `not taken`, `taken`, `refused`, `maybe`, or `excused`: maybe, and its
    own policy or a person wants a repeat."""
    doubted: bool = False
    """Whether it ever may have been taken."""
    final: tuple[State, str] | None = None

    @property
    def may_leave(self) -> bool:
        return set(self.history.values()) <= {"not taken", "excused"}


class Sending(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        # The clock moves by rules alone, so that an example is the same when it is run again.
        self.patched = pytest.MonkeyPatch()
        self.now = time.time_ns()
        self.patched.setattr(time, "time_ns", lambda: self.now)
        self.folder = Path(tempfile.mkdtemp(prefix="ujumbe-machine-"))
        self.desk = Desk(Place(self.folder / "ujumbe.sqlite3"))
        self.told: dict[int, Told] = {}
        self.open: list[Call] = []
        self.late: list[Call] = []
        """Calls whose lease ran out while their owner lives: what AT said may still be recorded."""
        self.ids: set[str] = set()
        self.stopped: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.desk.close()
        self.patched.undo()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """Two sent, one on its way, one that waits: every rule can come first."""
        self.accept([0, 1], "UJUMBE", "hold")
        self.claim(1)
        self._answered(self.open[0], [101, 101])
        self.accept([2], "", "hold")
        self.claim(1)
        self.accept([3], "UJUMBE", "resend")

    @rule(who=st.lists(st.integers(0, 3), min_size=1, max_size=3), sender=SENDERS, policy=POLICIES)
    def accept(self, who: list[int], sender: str, policy: str) -> None:
        numbers = [number(each) for each in who]
        made = self.desk.accept(*numbers, sender=sender, on_uncertain=policy)
        self.told.update({message: Told(to, sender, policy) for message, to in zip(made, numbers, strict=True)})

    @rule(who=st.integers(0, 3), sender=SENDERS)
    def invoke(self, who: int, sender: str) -> None:
        call = self.desk.invoke(number(who), sender=sender)
        assert (call is None) is self._forbidden(number(who), sender)
        [[made]] = self.desk.place.ask("SELECT max(id) FROM messages")
        self.told[made] = Told(number(who), sender)
        if call is not None:
            self._submitted(call)

    @rule(most=st.integers(1, 3))
    def claim(self, most: int) -> None:
        calls = self.desk.claim(most)
        assert len(calls) <= most
        for call in calls:
            self._submitted(call)

    @rule()
    def time_passes(self) -> None:
        """Whatever waits for its next try is due."""
        with self.desk.place.beside(5) as somebody:
            somebody.execute("UPDATE messages SET due_at = 0 WHERE state = 'queued'")

    @precondition(lambda self: self.open or self._answerable())
    @rule(data=st.data())
    def answer(self, data: Any) -> None:
        call = data.draw(st.sampled_from(self.open + self._answerable()), "call")
        size = len(call.messages)
        self._answered(call, data.draw(st.lists(CODES, min_size=size, max_size=size), "codes"))

    def _answered(self, call: Call, codes: list[int]) -> None:
        ids = [self._id(call, index) if code in IDENTIFIED else "None" for index, code in enumerate(codes)]
        self.desk.answer(call, *map(Line, codes, ids))
        self.ids.update(each for each in ids if each != "None")
        for message, code in zip(call.messages, codes, strict=True):
            if code == 406:
                self._stop(self.told[message])
        self._ended(call, [WORDS.get(code, "maybe") for code in codes])

    @precondition(lambda self: self.open)
    @rule(data=st.data(), error=st.sampled_from(sorted(ERRORS)))
    def error(self, data: Any, error: str) -> None:
        call = data.draw(st.sampled_from(self.open), "call")
        self.desk.fail(call, ERRORS[error])
        self._ended(call, [OF_ERRORS.get(error, "maybe")] * len(call.messages))

    @rule(data=st.data(), status=STATUSES, opted_out=st.booleans())
    def report(self, data: Any, status: str, *, opted_out: bool) -> None:
        early = [self._id(call, index) for call in self.open for index in range(len(call.messages))]
        provider_id = data.draw(st.sampled_from(sorted(self.ids) + early), "id")
        if opted_out and status == "Failed" and provider_id in self.ids:
            self._stop(self.told[int(provider_id.rpartition("-")[2])])
            self.desk.report(provider_id, status, failureReason="UserInBlackList")
        else:
            self.desk.report(provider_id, status)

    @rule(who=st.integers(0, 3), sender=st.sampled_from(("UJUMBE", "AFRICASTKNG", "")))
    def opt_out(self, who: int, sender: str) -> None:
        self.desk.opt_out(number(who), sender)
        self.stopped.add((number(who), sender))

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        message = data.draw(st.sampled_from(sorted(self.told)), "message")
        if self.desk.state(message) is State.QUEUED:
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
        if resend and not sent:
            told = self.told[message]
            told.history = {call: "excused" if word == "maybe" else word for call, word in told.history.items()}

    @rule()
    def crash(self) -> None:
        assert self.desk.crash() == len(self.open)
        for call in list(self.open):
            self._ended(call, ["maybe"] * len(call.messages))
        self.late.clear()

    @precondition(lambda self: self.open)
    @rule()
    def leases_run_out(self) -> None:
        self.now += sending.LEASE_MS * 1_000_000
        assert self.desk.settle() == len(self.open)
        for call in list(self.open):
            self._ended(call, ["maybe"] * len(call.messages))
            self.late.append(call)

    @invariant()
    def everything_is_somewhere_and_final_is_final(self) -> None:
        rows = self.desk.place.ask("SELECT id, state, reason, assumed FROM messages")
        assert {row[0] for row in rows} == set(self.told)
        assert len(rows) == len(self.told)
        for message, state, reason, assumed in rows:
            told = self.told[message]
            if told.final is not None:
                assert (State(state), reason) == told.final
            elif state in FINAL and not assumed:
                told.final = State(state), reason
            assert (state == State.SENDING) <= ("open" in told.history.values())
            assert (state in (State.QUEUED, State.EXPIRED, State.CANCELED)) <= told.may_leave
            assert bool(assumed) <= told.doubted

    @invariant()
    def no_message_has_two_open_attempts(self) -> None:
        sql = "SELECT 1 FROM attempts WHERE state = 'open' GROUP BY message_id HAVING count(*) > 1"
        assert self.desk.place.ask(sql) == []

    def _submitted(self, call: Call) -> None:
        """Check that each message of a call may leave now."""
        assert len(set(call.outgoing.to)) == len(call.outgoing.to) == len(call.messages)
        for message, to in zip(call.messages, call.outgoing.to, strict=True):
            told = self.told[message]
            assert (to, call.outgoing.sender) == (told.to, told.sender)
            assert told.may_leave, "never again after it may have been taken"
            assert not self._forbidden(to, told.sender)
            told.history[call.id] = "open"
        self.open.append(call)

    def _ended(self, call: Call, words: list[str]) -> None:
        (self.open if call in self.open else self.late).remove(call)
        for message, word in zip(call.messages, words, strict=True):
            told = self.told[message]
            asked_for = told.policy == "resend" and word == "maybe" and told.history[call.id] == "open"
            told.history[call.id] = "excused" if asked_for else word
            told.doubted |= word == "maybe"

    def _answerable(self) -> list[Call]:
        """Late calls none of whose messages was queued again since (see test_policies.py for those)."""
        again = (State.QUEUED, State.SENDING, State.CANCELED, State.EXPIRED, State.BLOCKED)
        return [call for call in self.late if all(self.desk.state(each) not in again for each in call.messages)]

    def _stop(self, told: Told) -> None:
        self.stopped.add((told.to, told.sender or "AFRICASTKNG"))

    def _forbidden(self, to: str, sender: str) -> bool:
        return bool(self.stopped & {(to, ""), (to, sender or "AFRICASTKNG")})

    @staticmethod
    def _id(call: Call, index: int) -> str:
        return f"ATXid_{call.id}-{call.messages[index]}"


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, report_multiple_bugs=False)
