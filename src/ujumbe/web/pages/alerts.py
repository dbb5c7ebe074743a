"""What needs a human, in sentences with the page on which to act: the most urgent first. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from ujumbe.domain import ids
from ujumbe.domain.ids import Kind
from ujumbe.domain.message import State
from ujumbe.domain.outcome import OUTCOMES, Actor, Verdict
from ujumbe.domain.pause import Pause
from ujumbe.store.attention import Attention
from ujumbe.store.nodes import Process
from ujumbe.store.overview import MOST, MOST_REFUSED, Queue, Trouble
from ujumbe.store.webhooks import Webhook
from ujumbe.web.pages import explanation
from ujumbe.web.pages.render import span

LATE_MS: Final = 5 * 60_000
"""A queue whose first text has been due for longer does not move as it should."""
ASK_SOMEBODY: Final = frozenset(
    each.meaning
    for each in OUTCOMES.values()
    if each.verdict is Verdict.REFUSED and each.actor in (Actor.OWNER, Actor.PROVIDER)
)
"""Why texts fail that will go on failing until somebody has talked to Africa's Talking."""
SENDERS: Final = frozenset({"service", "worker"})
MOST_WEBHOOKS: Final = 3
_SEEN: Final = {"Decide": "See them", "Read and decide": "Read"}
"""What a way on is called for who may only look."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something for a person. `tone` is `bad` (texts or news of them do not get through), `open` or `soft`."""

    tone: str
    text: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands now."""

    waiting: Attention
    queue: Queue
    trouble: Trouble
    webhooks: Sequence[Webhook]
    processes: Sequence[Process]


def of(standing: Standing, account: int, now_ms: int, *, decides: bool = True) -> list[Alert]:
    """What needs a human in this account, for somebody who may act on it or not (`decides`).

    Why nothing is sent stands above every page.
    """
    found = [*_sending(standing, account, now_ms), *_told(standing.webhooks, now_ms), *_people(standing)]
    return found if decides else [replace(each, label=_SEEN.get(each.label, each.label)) for each in found]


def _sending(standing: Standing, account: int, now_ms: int) -> Iterator[Alert]:
    queue, paused = standing.queue, standing.waiting.pause is not Pause.NONE
    senders = [each for each in standing.processes if each.account == account and each.role in SENDERS]
    waits = queue.oldest_due is not None and now_ms - queue.oldest_due > LATE_MS
    if not senders:
        yield Alert(
            "bad", "Nothing sends: no worker is running. Start `ujumbe worker`.", "See the workers", "/settings"
        )
    elif waits and not paused:
        late = span(now_ms - (queue.oldest_due or now_ms))
        text = f"The first text in the queue has been due for {late}, and nobody has taken it up."
        yield Alert("bad", text, "See the queue", "/messages?state=queued")
    if number := standing.waiting.uncertain:
        it, them, each = ("is", "itself", "it") if number == 1 else ("are", "themselves", "each")
        text = (
            f"{_texts(number, 100)} may or may not have been taken by Africa's Talking, and {it} never sent again by "
        )
        text += f"{them}. Somebody has to say what became of {each}."
        yield Alert("open", text, "Decide", "/messages?state=uncertain")
    for reason, number in standing.trouble.refused:
        if reason in ASK_SOMEBODY:
            told = explanation.told(State.FAILED, reason)
            text = f"{_texts(number, MOST_REFUSED)} of the last 24 hours failed. {told.why} {told.next}"
            yield Alert("bad", text, "See them", "/messages?state=failed")
    if number := standing.trouble.broken:
        text = f"{_count(number, 'callback')} of the last seven days could not be applied: something broke on our side."
        yield Alert("bad", text, "See what came", "/callbacks?state=broken")


def _told(webhooks: Sequence[Webhook], now_ms: int) -> Iterator[Alert]:
    wrong = [each for each in webhooks if each.failing_since is not None or each.disabled_at is not None]
    hosts = Counter(urlsplit(each.url).hostname for each in wrong)
    for each in wrong[:MOST_WEBHOOKS]:
        host, shown = urlsplit(each.url).hostname, ids.show(Kind.WEBHOOK, each.id)
        href = f"/webhooks/{shown}"
        if hosts[host] > 1:  # the rest of an address may be a secret
            host = f"{host} ({shown})"
        if each.disabled_at is not None:
            yield Alert("bad", f"The webhook to {host} is switched off: it is told of nothing.", "See why", href)
        else:
            since = span(now_ms - (each.failing_since or now_ms))
            yield Alert("bad", f"The webhook to {host} has failed for {since}.", "See what it answered", href)
    if more := wrong[MOST_WEBHOOKS:]:
        yield Alert("bad", f"{_count(len(more), 'more webhook')} failed or switched off.", "See all", "/webhooks")


def _people(standing: Standing) -> Iterator[Alert]:
    if number := standing.waiting.reviews:
        asks = "asks" if number == 1 else "ask"
        text = f"{_count(number, 'incoming text', 100)} perhaps {asks} to stop, in words that no list has."
        yield Alert("open", text, "Read and decide", "/opt-outs/reviews")
    if number := standing.waiting.conversations:
        text = f"{_count(number, 'conversation', 100)} {'is' if number == 1 else 'are'} open."
        yield Alert("soft", text, "Open the inbox", "/inbox")
    if number := standing.trouble.overdue:
        have = "has" if number == 1 else "have"
        text = f"{_texts(number)} of the last seven days {have} waited unusually long for a report."
        yield Alert("soft", text, "See them", "/messages?state=sent")
    if number := standing.trouble.quarantined:
        name = "names" if number == 1 else "name"
        text = f"{_count(number, 'report')} of the last seven days {name} messages that nobody knows."
        yield Alert("soft", text, "See them", "/callbacks?state=quarantined")


def _texts(number: int, most: int = MOST) -> str:
    return _count(number, "text", most)


def _count(number: int, noun: str, most: int = MOST) -> str:
    told = f"{number:,}" if number < most else f"{most - 1:,}+"
    return f"{told} {noun}" if number == 1 else f"{told} {noun}s"
