"""What an incoming text leads to: consent first, then the user's own handlers, then rules, then the default reply."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from ujumbe.domain import keywords, phone, replies, rule, text
from ujumbe.domain.keywords import Wish
from ujumbe.domain.rule import Action, Rule
from ujumbe.flows import sending
from ujumbe.store import contacts, conversations, ids, inbound, opt_outs, outbox, reviews, rules
from ujumbe.store.batches import Batch, Source
from ujumbe.store.database import Tx
from ujumbe.store.inbound import Inbound, NewText

MODE: Final = "two_way"
DEFAULT: Final = "default"
CLOCKS_MS: Final = 120_000
"""By how much AT's clock may be behind ours; it tells whole seconds."""
CONFIRM_AGAIN_MS: Final = 3_600_000
CONFIRMATION_MS: Final = 3_600_000
"""How long a confirmation may wait in the outbox."""
HANDLER: Final = "handler"
SUBSCRIBE: Final = "subscribe"
ANSWERS: Final = "answers"


class Answers(NamedTuple):
    """What is said by itself, each empty for nothing; and the user's own handlers, as rules named like them."""

    default: str
    stop: str = ""
    start: str = ""
    help: str = ""
    handlers: Sequence[Rule] = ()
    country: str = ""
    """Of national numbers, e.g. KE."""


class Answered(NamedTuple):
    """The kind of rule that a text came under (stop, start, help, may, handler, rule, default, name), in one word."""

    rule: str
    queued: bool
    """Whether an answer was queued."""


class Plan(NamedTuple):
    """What is to be done about a text: the rule that says so, what is answered, or why nothing is."""

    rule: str
    template: str = ""
    note: str = "this rule answers nothing"
    task: str = ""
    """What is left to do outside of the transaction: its kind, and what it is about."""
    stops: str = ""
    """Why its sender is opted out of everything, where it is. The answer confirms that, and is not held back by it."""


def answer(
    tx: Tx, account: int, stored: int, heard: NewText, answers: Answers, kept: Sequence[Rule], *, late: str = ""
) -> Answered:
    """Do what follows from a text that was just stored; `kept` are the account's rules.

    A `late` one (why it is) changes consent all the same, but is not answered.
    """
    if not phone.is_number(heard.number):
        conversations.hear(tx, account, heard.number, heard.recipient, stored)
        asked = keywords.wish(heard.text)
        if asked is not None and asked[0] in (Wish.STOP, Wish.DOUBT):
            reviews.add(tx, account, stored, heard.number, f"“{asked[1]}” from a sender that is no number")
        inbound.answered(tx, stored, None, "the sender is a name, which takes no texts")
        return Answered("name", queued=False)
    plan = _consent(tx, account, stored, heard, answers, late=bool(late))
    plan = plan or decide(heard.text, heard.recipient, answers, kept)
    # Who only says stop waits for nobody: it is done by itself, and nobody may answer.
    conversations.hear(tx, account, heard.number, heard.recipient, stored, settled=bool(plan.stops))
    if plan.stops and not opt_outs.insert(
        tx, account, heard.number, "", opt_outs.Source.KEYWORD, plan.stops, heard.text
    ):
        plan = plan._replace(template="", note="opted out before")
    elif plan.stops and outbox.confirmed(tx, account, heard.number, ids.floor(tx.now - CONFIRM_AGAIN_MS)):
        plan = plan._replace(template="", note="an opt-out of this number was confirmed within the hour")
    queued = False
    if late:
        inbound.answered(tx, stored, None, late, rule=plan.rule)
    elif plan.task:
        inbound.answered(tx, stored, None, rule=plan.rule, task=plan.task)
    elif not plan.template.strip():
        inbound.answered(tx, stored, None, plan.note, rule=plan.rule)
    else:
        queued = reply(tx, account, stored, heard, plan)
    return Answered(plan.rule.partition(" ")[0], queued=queued)


class Preview(NamedTuple):
    """What would follow from a text: the rule, what it does, and what would be answered (templates not filled in)."""

    rule: str
    does: str
    reply: str


def preview(tx: Tx, account: int, said: str, to: str, answers: Answers) -> Preview:
    """What would follow from a text to the short code `to`; nothing is stored or sent."""
    asked = keywords.wish(said)
    if asked is not None:
        wish, word = asked
        if wish is Wish.STOP:
            return Preview(f"stop word {word.upper()}", "opts its sender out of everything", answers.stop)
        if wish is Wish.DOUBT:
            return Preview(f"“{word}” stands in it", "waits on the review list for a person", "")
        if wish is Wish.HELP and answers.help.strip():
            return Preview(f"help word {word.upper()}", "says who we are", answers.help)
        if wish is Wish.START:
            told = "ends the opt-outs of its sender; of somebody who has none it is an ordinary text"
            return Preview(f"start word {word.upper()}", told, answers.start)
    plan = decide(said, to, answers, [each.rule for each in rules.list_all(tx, account)])
    if plan.stops:
        return Preview(plan.rule, "opts its sender out of everything", plan.template)
    if plan.task:
        return Preview(plan.rule, plan.task, "")
    return Preview(plan.rule, ANSWERS if plan.template.strip() else plan.note, plan.template)


def may_stop(heard: NewText, stored: Sequence[Rule]) -> bool:
    """Whether a text may opt its sender out: then the lock on consent is taken before anything else."""
    asked = keywords.wish(heard.text)
    found = rule.first(stored, heard.text, heard.recipient)
    return (asked is not None and asked[0] is Wish.STOP) or (found is not None and found.action is Action.OPT_OUT)


def decide(said: str, to: str, answers: Answers, stored: Sequence[Rule]) -> Plan:
    """What is done about an ordinary text: the first of handlers and rules that is about it, else the default."""
    handler = rule.first(answers.handlers, said, to)
    if handler is not None:
        return Plan(f"handler {handler.name}", task=f"{HANDLER} {handler.name}")
    found = rule.first(stored, said, to)
    if found is None:
        return Plan(DEFAULT, answers.default, "auto-replies are off")
    named = title(found)
    if found.action is Action.SUBSCRIBE:
        return Plan(named, task=f"{SUBSCRIBE} {found.product}")
    if found.action is Action.OPT_OUT:
        return Plan(named, found.template or answers.stop, stops=named)
    if found.action is Action.FORWARD:
        return Plan(named, note="left to your application")
    return Plan(named, found.template if found.action is Action.REPLY else "")


def title(kept: Rule) -> str:
    """What a text that came under a rule says of it."""
    return f"rule “{kept.name}”"


def reply(tx: Tx, account: int, stored: int, heard: NewText, plan: Plan) -> bool:
    """Queue the answer that a plan has, unless two services would go on answering each other; whether it was queued."""
    reason = None if plan.stops else _loop(tx, account, heard)
    if reason is not None:
        inbound.answered(tx, stored, None, reason, rule=plan.rule)
        return False
    inbound.answered(tx, stored, send(tx, account, heard, plan.template, exempt=bool(plan.stops)), rule=plan.rule)
    return True


def end_task(tx: Tx, account: int, text: Inbound, said: str, note: str, *, done: bool) -> None:
    """Record how a task ended, and queue what it answers, unless two services would go on answering each other."""
    if not inbound.under_way(tx, text.id):
        return  # given up meanwhile, or its sender was erased on request
    answered, reason = None, note
    if said.strip():
        reason = _loop(tx, account, text.content) or ""
        answered = None if reason else send(tx, account, text.content, said)
    inbound.end_task(tx, text.id, done=done, note=reason, reply=answered)


def send(tx: Tx, account: int, heard: NewText, template: str, *, exempt: bool = False) -> int:
    """Queue `template`, filled in, as an answer to a text; the message's id."""
    known = contacts.fields(tx, account, heard.number)
    values = {**known, "text": heard.text, "from": heard.number, "to": heard.recipient}
    said = replies.render(template, values)[: text.LONGEST]
    batch = Batch(account, Source.REPLY, MODE, heard.recipient, said, link_id=heard.link_id)
    lifetime = CONFIRMATION_MS if exempt else sending.LIFETIME_MS
    [message] = sending.accept(tx, batch, [heard.number], lifetime_ms=lifetime)
    if exempt:
        outbox.exempt(tx, message)
    return message


def _consent(tx: Tx, account: int, stored: int, heard: NewText, answers: Answers, *, late: bool) -> Plan | None:
    """What the words say about consent; None for an ordinary text."""
    asked = keywords.wish(heard.text)
    if asked is None:
        return None
    wish, word = asked
    if wish is Wish.STOP:
        return Plan(f"stop word {word.upper()}", answers.stop, stops=f"wrote {word.upper()}")
    if wish is Wish.START:
        return _start(tx, account, heard, answers, word.upper(), late=late)
    if wish is Wish.HELP and answers.help.strip():
        return Plan(f"help word {word.upper()}", answers.help)
    if wish is Wish.DOUBT:
        why = f"“{word}” stands in it"
        reviews.add(tx, account, stored, heard.number, why)
        return Plan(f"may want to stop ({why}): on the review list", note="waits for a person")
    return None


def _start(tx: Tx, account: int, heard: NewText, answers: Answers, word: str, *, late: bool) -> Plan | None:
    """End the opt-outs that came before these words; None where there is none at all.

    AT repeats a callback for twelve hours, and its inbox may be older than what an operator or an import has told us
    since: words do not undo what came after them. Without a date those of a callback are of now, and a fetched text
    undoes nothing.
    """
    if not opt_outs.any_in_force(tx, account, heard.number):
        return None
    said_at = heard.date + CLOCKS_MS if heard.date is not None else 0 if late else tx.now
    if not opt_outs.end(tx, account, heard.number, None, f"wrote {word}", heard.text, until=said_at):
        return Plan(f"start word {word}", note="it is older than the opt-out, which goes on")
    outbox.withdraw(tx, account, heard.number)
    return Plan(f"start word {word}", answers.start)


def _loop(tx: Tx, account: int, heard: NewText) -> str | None:
    since = tx.now - replies.MEMORY_SECONDS * 1000
    rounds = [
        replies.Round(each.heard, each.answered, (tx.now - each.at) / 1000)
        for each in inbound.exchanges(tx, account, heard.number, heard.recipient, since)
    ]
    return replies.loop_reason(heard.text, rounds)
