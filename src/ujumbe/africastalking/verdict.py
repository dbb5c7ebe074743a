"""What a reply means for each number that was asked for. All but "taken" has to be proven: it is acted on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ujumbe.africastalking.replies import Recipient, SendReply, match
from ujumbe.domain.outcome import BY_NAME, OUTCOMES, TAKEN, Actor, Outcome, Verdict

_TO_PROVE: Final = frozenset({Verdict.NOT_TAKEN, Verdict.REFUSED, Verdict.OPTED_OUT})
_UNPROVEN: Final = "the reply contradicts itself; it may still go out"


def all_taken(numbers: Sequence[str], reply: SendReply) -> bool:
    """Whether this is the usual reply, nothing of which has to be weighed: each number in its place, taken."""
    lines = reply.recipients
    return [line.number for line in lines] == list(numbers) and all(
        line.code in TAKEN and line.message_id for line in lines
    )


def judge(numbers: Sequence[str], reply: SendReply) -> list[tuple[Recipient | None, Outcome]]:
    """The line of the reply for each of `numbers` (None where it has none), and what came of it.

    A line that says that a text was not taken, refused, or stopped by its recipient is believed only where nothing
    speaks against it: it echoes the number, alone, under the name that belongs to its code, at no cost, and the
    summary does not count it as sent. A refusal may echo what AT made of a number that it does not know as one.
    """
    if all_taken(numbers, reply):
        return [(line, OUTCOMES[line.code or 0]) for line in reply.recipients]
    lines = match(numbers, reply.recipients)
    echoes = Counter(each.number for each in reply.recipients)
    outcomes = [_of(reply, line) for line in lines]
    taken = sum(each.verdict is Verdict.TAKEN for each in outcomes)
    claims_more = reply.sent is not None and reply.sent > taken
    judged = []
    for number, line, outcome in zip(numbers, lines, outcomes, strict=True):
        proven = line is None or (
            (line.number == number or outcome.verdict is Verdict.REFUSED)
            and echoes[line.number] == 1
            and not claims_more
            and not line.message_id
            and line.status.strip().lower() in ("", outcome.name.lower())
            and (line.cost is None or not line.cost.micros)
        )
        doubted = outcome.verdict in _TO_PROVE and not proven
        judged.append((line, replace(outcome, verdict=Verdict.UNCERTAIN, meaning=_UNPROVEN) if doubted else outcome))
    return judged


def _of(reply: SendReply, line: Recipient | None) -> Outcome:
    if line is not None:
        return line.outcome
    word = reply.refusal.strip()
    known = BY_NAME.get(word.lower())
    if known is not None and known.verdict is not Verdict.TAKEN:
        return known
    # An empty list under one word (InvalidSenderId) or "Sent to 0/1" refuses all; other sentences may mean anything.
    if word and (word.isalpha() or reply.sent == 0):
        return Outcome(None, word[:100], Verdict.REFUSED, Actor.OWNER, f"AT refused the request: {word[:100]}")
    return Outcome(
        None, "", Verdict.UNCERTAIN, Actor.PROVIDER, "AT's reply does not mention it; it may have been taken"
    )
