"""The flows over a real database, as a person at a desk would use them: accept, claim, answer, report, opt out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from tests.flows.places import Place
from tests.store.opened import Opened, account, batch, number
from ujumbe.africastalking import replies
from ujumbe.africastalking.errors import CredentialsError, MaybeTakenError, NotTakenError, ProviderError, RefusedError
from ujumbe.domain import moment
from ujumbe.domain.message import State
from ujumbe.domain.money import Money
from ujumbe.domain.outcome import OUTCOMES
from ujumbe.flows import claiming, consent, delivery, inbound, pausing, recording, sending, subscriptions, upkeep
from ujumbe.flows.answering import Answers
from ujumbe.flows.claiming import Call, Claimed, Limits
from ujumbe.flows.recording import Finished, Tally
from ujumbe.flows.sending import PausedError
from ujumbe.store import accounts, calls, decisions, messages
from ujumbe.store.accounts import Health
from ujumbe.store.callbacks import Fate, Raw
from ujumbe.store.calls import Attempt
from ujumbe.store.database import Tx
from ujumbe.store.decisions import Made
from ujumbe.store.messages import Message

__all__ = ["ERRORS", "Desk", "Line", "number", "reply"]

FORM: Final = "application/x-www-form-urlencoded"
LIMITS: Final = Limits()
ERRORS: Final[dict[str, ProviderError]] = {
    "not taken": NotTakenError("it could not be reached"),
    "429": NotTakenError("fewer requests", http_status=429, body="slow down", retry_after=1.0),
    "refused": RefusedError("it refused", http_status=400, body="no such field"),
    "credentials": CredentialsError("it knows no such key", http_status=401, body="no key"),
    "maybe": MaybeTakenError("no answer", http_status=502, body="<html>"),
}


@dataclass(frozen=True)
class Line:
    """A recipient of AT's reply; `code` 0 leaves it out of the reply."""

    code: int = 101
    id: str = "None"

    def row(self, to: str) -> dict[str, Any]:
        status = (
            "Success" if self.code in (100, 101, 102) else OUTCOMES[self.code].name if self.code in OUTCOMES else "?"
        )
        cost = "KES 0.8000" if self.code < 400 else "0"
        return {"cost": cost, "messageId": self.id, "number": to, "status": status, "statusCode": self.code}


def reply(call: Call, lines: Sequence[Line], summary: str = "") -> replies.SendReply:
    """AT's reply to `call`, read as it comes over the wire."""
    rows = [line.row(to) for to, line in zip(call.outgoing.to, lines, strict=True) if line.code]
    # Left out of the list means counted and not listed where nothing else is.
    sent = sum(row["statusCode"] < 400 for row in rows) if rows else len(lines)
    summary = summary or f"Sent to {sent}/{len(lines)} Total Cost: KES 0.8000"
    return replies.read_send(json.dumps({"SMSMessageData": {"Message": summary, "Recipients": rows}}).encode())


class Desk:
    """One account's flows on one database."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.store: Opened = place.open()
        self.account = self.store.write(account)
        self.answers = Answers("")

    def close(self) -> None:
        self.store.close()

    def reopen(self) -> None:
        self.store.close()
        self.store = self.place.open()

    def crash(self) -> int:
        """Go away without recording anything, and start again: how many calls were found open."""
        self.reopen()
        if self.place.several:  # no lock proves us dead there: our leases run out
            self.place.ask("UPDATE calls SET lease_until = 0 WHERE verdict = 'open'")
        return self.settle(all_owners_dead=not self.place.several)

    def accept(self, *numbers: str, lifetime_ms: int = sending.LIFETIME_MS, **fields: Any) -> list[int]:
        given = batch(self.account, **fields)
        return self.store.write(sending.accept, given, numbers, lifetime_ms=lifetime_ms)

    def invoke(self, to: str, limits: Limits = LIMITS, **fields: Any) -> Call | PausedError | None:
        given = batch(self.account, **{"source": "invoke"} | fields)
        return self.store.write(sending.accept_now, given, to, limits)

    def invoked(self, to: str, **fields: Any) -> Call:
        """The call of a message that may be submitted at once."""
        call = self.invoke(to, **fields)
        assert isinstance(call, Call)
        return call

    def take(self, **limits: Any) -> Claimed:
        return self.store.write(claiming.claim, self.account, Limits(**limits))

    def claim(self, calls: int = 16, **limits: Any) -> list[Call]:
        return self.take(calls=calls, **limits).calls

    def claimed(self, *numbers: str, **fields: Any) -> Call:
        """A call that carries new messages to these numbers."""
        made = self.accept(*numbers, **fields)
        [call] = self.claim()
        assert call.messages == tuple(made)
        return call

    def record(self, *finished: Finished) -> list[Tally]:
        """Record what came of calls, in one transaction."""
        return self.store.write(recording.record_all, finished)

    def answer(self, call: Call, *lines: Line, **kwargs: Any) -> Tally:
        return self.record(Finished(call, reply(call, lines, **kwargs)))[0]

    def fail(self, call: Call, error: ProviderError) -> Tally:
        return self.record(Finished(call, error))[0]

    def health(self) -> Health:
        return self.store.read(accounts.health, self.account)

    def probe(self, answer: Money | ProviderError) -> bool | None:
        """Ask AT whether a paused account may go on, which answers so; None where it is not our turn to ask."""
        health = self.store.write(pausing.take_probe, self.account)
        return None if health is None else self.store.write(pausing.probed, self.account, health.pause, answer)

    def report(self, provider_id: str, status: str, to: str = "", **more: str) -> Fate:
        return self.reported(provider_id, status, to, **more)[0]

    def reported(self, provider_id: str, status: str, to: str = "", **more: str) -> tuple[Fate, Raw]:
        """What became of a report, and the report."""
        raw = report_form(provider_id, status, to, **more)
        return self.store.write(delivery.receive, self.account, raw), raw

    def receive(self, tx: Tx, raw: Raw) -> inbound.Heard:
        """An incoming text as it came."""
        return inbound.receive(tx, self.account, raw, self.answers)

    def hear(
        self, provider_id: str, sender: str, text: str, template: str = "{text}", **more: str
    ) -> tuple[bool, bool]:
        given = {
            "id": provider_id,
            "from": sender,
            "to": "12345",
            "text": text,
            "linkId": "L",
            "date": moment.show(self.store.read(lambda tx: tx.now)),
            **more,
        }
        heard = self.store.write(
            inbound.receive, self.account, form("twoway", given), self.answers._replace(default=template)
        )
        return heard.complete, heard.replied

    def opt_out(self, who: str, sender: str = "") -> Fate:
        return self.store.write(
            consent.receive, self.account, form("opt-out", {"phoneNumber": who, "senderId": sender})
        )

    def subscribe(self, **given: str) -> Fate:
        return self.store.write(subscriptions.receive, self.account, form("subscription", given))

    def settle(self, *, all_owners_dead: bool = False) -> int:
        return self.store.write(upkeep.settle_abandoned, self.account, all_owners_dead=all_owners_dead)

    def join(self, *, infer: bool = True) -> None:
        self.store.write(upkeep.join_reports, self.account, infer=infer)

    def message(self, message: int) -> Message:
        found = self.store.read(messages.find, self.account, message)
        assert found is not None
        return found

    def state(self, message: int) -> State:
        return self.message(message).state

    def verdict(self, call: Call) -> str:
        """How a call ended: `open`, `answered`, `not_taken` or `maybe_taken`."""
        [[found]] = self.place.ask(f"SELECT verdict FROM calls WHERE id = {call.id}")
        return str(found)

    def attempts(self, message: int) -> list[Attempt]:
        return self.store.read(calls.of_message, message)

    def decided(self, message: int) -> list[Made]:
        """What was decided about a message outside of the usual way."""
        return self.store.read(decisions.of_message, message)


def report_form(provider_id: str, status: str, to: str, **more: str) -> Raw:
    """A delivery report as AT posts it."""
    return form("delivery-reports", {"id": provider_id, "status": status, "phoneNumber": to, **more})


def form(kind: str, fields: dict[str, str]) -> Raw:
    """A callback with what is given; an empty field is left out."""
    body = urlencode({name.removesuffix("_"): value for name, value in fields.items() if value}).encode()
    return Raw(kind, b"", FORM, body)
