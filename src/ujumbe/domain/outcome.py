"""What AT's status codes mean for a recipient: was it taken, may it be tried again, who must act.

Codes and names are AT's own list (developers.africastalking.com, SMS, "status codes"); the verdicts are ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What became of one recipient of one call."""

    TAKEN = "taken"
    REFUSED = "refused"
    OPTED_OUT = "opted_out"
    NOT_TAKEN = "not_taken"
    UNCERTAIN = "uncertain"


class Actor(StrEnum):
    """Who has to do something before the next text can go through."""

    NOBODY = "nobody"
    SENDER = "sender"
    OWNER = "account owner"
    PROVIDER = "Africa's Talking"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with AT's code and name for it, who must act, and words for a person."""

    code: int | None
    name: str
    verdict: Verdict
    actor: Actor
    meaning: str

    @property
    def retryable(self) -> bool:
        """Whether sending again is harmless: only where AT surely did not take it."""
        return self.verdict is Verdict.NOT_TAKEN


def _row(code: int, name: str, verdict: Verdict, actor: Actor, meaning: str) -> tuple[int, Outcome]:
    return code, Outcome(code, name, verdict, actor, meaning)


OUTCOMES: Final[dict[int, Outcome]] = dict(
    [
        _row(100, "Processed", Verdict.TAKEN, Actor.NOBODY, "taken and processed"),
        _row(101, "Sent", Verdict.TAKEN, Actor.NOBODY, "taken and sent on"),
        _row(102, "Queued", Verdict.TAKEN, Actor.NOBODY, "taken and queued"),
        _row(401, "RiskHold", Verdict.UNCERTAIN, Actor.PROVIDER, "held for a risk check; it may still go out"),
        _row(402, "InvalidSenderId", Verdict.REFUSED, Actor.OWNER, "the sender ID is not registered"),
        _row(403, "InvalidPhoneNumber", Verdict.REFUSED, Actor.SENDER, "not a phone number"),
        _row(404, "UnsupportedNumberType", Verdict.REFUSED, Actor.SENDER, "this kind of number gets no SMS"),
        _row(405, "InsufficientBalance", Verdict.NOT_TAKEN, Actor.OWNER, "the balance does not cover it"),
        _row(406, "UserInBlacklist", Verdict.OPTED_OUT, Actor.NOBODY, "the recipient has opted out"),
        _row(407, "CouldNotRoute", Verdict.REFUSED, Actor.PROVIDER, "no route to this number"),
        _row(409, "DoNotDisturbRejection", Verdict.REFUSED, Actor.SENDER, "promotions are barred at this hour"),
        _row(500, "InternalServerError", Verdict.NOT_TAKEN, Actor.PROVIDER, "AT failed; not taken"),
        _row(501, "GatewayError", Verdict.NOT_TAKEN, Actor.PROVIDER, "AT's gateway failed; not taken"),
        _row(502, "RejectedByGateway", Verdict.NOT_TAKEN, Actor.PROVIDER, "AT's gateway refused it; not taken"),
    ]
)

TAKEN: Final = frozenset({100, 101, 102})
BY_NAME: Final = {each.name.lower(): each for each in OUTCOMES.values()}


def judge(code: int | None, status: str, *, has_id: bool) -> Outcome:
    """What a recipient line of AT's reply means.

    `code` is AT's `statusCode` (None where the reply has none, as in 2016), `status` its text, `has_id`
    whether it carries a message id. A 500, 501 or 502 that carries one, and every code we do not know, may have
    been taken: those are uncertain and are never sent again by themselves.
    """
    if code is None:
        named = BY_NAME.get(status.strip().lower())
        if named is not None and named.verdict is not Verdict.TAKEN:
            return judge(named.code, status, has_id=has_id)
        if status.strip().lower() == "success":
            return Outcome(None, "Success", Verdict.TAKEN, Actor.NOBODY, "taken")
    known = OUTCOMES.get(code) if code is not None else None
    if known is None:
        words = f"AT answered {status[:60] or 'nothing'} ({code}), which we do not know"
        return Outcome(code, status[:60], Verdict.UNCERTAIN, Actor.PROVIDER, words)
    if known.verdict is Verdict.NOT_TAKEN and has_id:
        words = f"{known.meaning.split(';', maxsplit=1)[0]}, yet it has an id; it may still go out"
        return Outcome(known.code, known.name, Verdict.UNCERTAIN, known.actor, words)
    return known
