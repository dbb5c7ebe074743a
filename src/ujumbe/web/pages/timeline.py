"""The timeline of a message in plain words: what happened, who did it, what was said on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ujumbe.domain import message as messages
from ujumbe.domain import network
from ujumbe.domain.message import MEANING, State
from ujumbe.domain.money import Money
from ujumbe.domain.outcome import OUTCOMES
from ujumbe.flows.timeline import Explained, Step
from ujumbe.store.audit import Entry
from ujumbe.store.batches import Source
from ujumbe.store.decisions import Rule
from ujumbe.web.pages import explanation
from ujumbe.web.pages.render import money
from ujumbe.web.pages.sending import Action


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened. `at` is epoch milliseconds, `tone` the state whose colour it has."""

    at: int
    title: str
    text: str = ""
    tone: str = ""
    raw: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """What was said on the wire, line by line: name and value."""
    raw_title: str = ""


THROUGH: Final = {
    Source.API: "Accepted through the API",
    Source.INVOKE: "Accepted at an address under /sms, and sent at once",
    Source.REPLY: "Written by this service as an answer to a text",
    Source.CLI: "Accepted from the command line",
}
ATTEMPTS: Final = {
    "taken": ("Africa's Talking took it", "sent"),
    "refused": ("Africa's Talking refused it", "failed"),
    "opted_out": ("Africa's Talking refused it: they have opted out", "blocked"),
    "not_taken": ("Africa's Talking did not take it", "queued"),
    "uncertain": ("No clear answer: it may have been taken", "uncertain"),
}
REPORTS: Final = {
    "sent": "It left Africa's Talking",
    "submitted": "The network took it",
    "buffered": "The network keeps it until the phone can be reached",
    "success": "It arrived on the phone",
    "failed": "It could not be delivered",
    "rejected": "The network refused it",
    "absentsubscriber": "The phone is off or out of reach",
    "expired": "The network dropped it",
}
TONES: Final = {
    messages.Event.PROGRESS: "sent",
    messages.Event.DELIVERED: "delivered",
    messages.Event.UNDELIVERED: "undelivered",
}
BECAME: Final = {
    "duplicate": "It had been told before, and changed nothing.",
    "ignored": "It changed nothing.",
    "waiting": "It waits for the message that it is about.",
    "broken": "It could not be applied, and is kept aside.",
    "incomplete": "Something was missing in it.",
}
RULES: Final = {
    Rule.POLICY: "Decided by its own policy",
    Rule.PERSON: "Resolved by hand",
    Rule.CANCELED: "Canceled",
    Rule.LEASE: "The answer never came",
    Rule.INFERRED: "Settled by a report that can mean nothing else",
    Rule.LATE: "A late answer settled it",
    Rule.OVERDUE: "Marked: no report for unusually long",
}
ENDED: Final = {State.FAILED: "It failed", State.EXPIRED: "It expired", State.BLOCKED: "It is held back"}
"""How it stands, where the word for its state makes no sentence."""
NOTED: Final = 1_000
"""Milliseconds within which a decision and the line about who made it are one thing."""


def tell(explained: Explained, key: str, of_batch: Sequence[Entry], of_message: Sequence[Entry]) -> list[Item]:
    """The timeline, oldest first. `key` is the API key's name; the entries say which people did what."""
    *steps, last = explained.timeline
    items = [_item(step, key, of_batch, of_message) for step in steps]
    state = explained.message.state
    now = ENDED.get(state, f"It is {state}")
    return [*items, Item(last.at, now, f"{MEANING[state][0].upper()}{MEANING[state][1:]}.", state)]


def _item(step: Step, key: str, of_batch: Sequence[Entry], of_message: Sequence[Entry]) -> Item:
    detail = step.detail
    if step.what == "accepted":
        by = next((each.actor for each in of_batch if each.action in set(Action)), None)
        if by is not None:
            return Item(step.at, "Written in the dashboard", f"By {by}.", "queued")
        who = f"With the API key “{key}”." if key else ""
        return Item(step.at, THROUGH.get(detail["through"], "Accepted"), who, "queued")
    if step.what == "submitted":
        others = detail["recipients"] - 1
        text = f"In one call with {others:,} more." if others else ""
        raw = (("call", str(detail["call"])), *_flat(detail["request"]))
        return Item(step.at, "Handed to Africa's Talking", text, "sending", raw, "What was asked")
    if step.what == "answered":
        return _answer(step)
    if step.what == "report":
        return _report(step)
    who = next((f" by {each.actor}" for each in of_message if abs(each.made_at - step.at) < NOTED), "")
    title = RULES.get(detail["rule"], str(detail["rule"]))
    if detail["rule"] in (Rule.PERSON, Rule.CANCELED):
        return Item(step.at, f"{title}{who}", _sentence(detail.get("why", "")), detail["state"])
    return Item(step.at, title, _sentence(detail.get("why", "")), detail["state"])


def _answer(step: Step) -> Item:
    detail = step.detail
    title, tone = ATTEMPTS.get(detail["outcome"], (str(detail["outcome"]), ""))
    code = detail.get("status_code")
    known = OUTCOMES.get(code) if isinstance(code, int) else None
    if known is not None and detail["outcome"] != known.verdict:
        known = None  # HTTP's 500 is no recipient's 500, and one that has an id may have been taken
    if detail["outcome"] == "taken":
        text = f"Price: {money(Money.parse(detail['cost']))}." if detail.get("cost") else ""
    else:
        text = _sentence(known.meaning if known else detail.get("summary", ""))
    if detail.get("inferred"):
        text = f"{text} Its id was inferred from a report.".strip()
    return Item(step.at, title, text, tone, _flat(detail), "What was answered")


def _report(step: Step) -> Item:
    detail = step.detail
    fields: Mapping[str, str] = detail["fields"]
    status = fields.get("status", "").strip()
    event = messages.report_event(status)
    said = REPORTS.get(status.lower(), f"Report: {status}" if status else "A report without a status")
    parts = [
        explanation.cause(fields.get("failureReason", ""), State.SENT),
        network.name(fields["networkCode"]) if fields.get("networkCode") else "",
    ]
    text = ", ".join(part for part in parts if part)
    changed = BECAME.get(str(detail["became"]), "")
    raw = (("callback", str(detail["callback"])), ("became", str(detail["became"])), *_flat({"why": detail.get("why")}))
    tone = TONES.get(event, "") if event else ""
    text = " ".join(part for part in (_sentence(text), changed) if part)
    return Item(step.at, said, text, tone, (*raw, *_flat(fields)), "The report as it came")


def _flat(detail: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in detail.items() if value not in (None, ""))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


def ended(state: State) -> bool:
    """Whether nothing more will come of it by itself."""
    return state in messages.FINAL
