"""A past of forty days as an office has one: how its texts spread over hours, networks and ends. Pure; always the same.

Rows are tuples of the columns that `COLUMNS` names; what else a row has is that of the sample (sample.py).
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote_plus

DAYS = 40
DAY_MS = 24 * 3600 * 1000
EPOCH_MS = 1_735_689_600_000
PEOPLE = 20_000
EVENT_DAYS = 7
CHUNK = 50_000
SHARE_OF_SINGLES = 0.4
CAMPAIGNS = 200, 500, 1_000, 2_000
HOURS = (1, 1, 1, 1, 1, 2, 6, 14, 30, 34, 30, 24, 18, 22, 26, 24, 20, 16, 10, 6, 4, 3, 2, 1)
"""How busy each hour is, in Nairobi."""
WEEKDAYS = (20, 22, 21, 20, 23, 11, 4)

COLUMNS = {
    "batches": ("id", "source", "mode", "sender", "scope", "text", "segments", "category", "created_at"),
    "messages": (
        "id", "batch_id", "number", "scope", "state", "reason", "due_at", "expires_at", "tries", "progress",
        "network_code", "cost_micros", "cost_currency", "created_at", "updated_at", "sent_at", "overdue",
    ),
    "calls": ("id", "verdict", "recipients", "lease_until", "started_at", "finished_at", "http_status", "summary"),
    "attempts": (
        "message_id", "call_id", "number", "state", "provider_id", "code", "status", "cost_micros", "cost_currency",
    ),
    "callbacks": ("id", "body", "number", "provider_id", "state", "note", "received_at", "message_id"),
    "events": ("id", "type", "subjects", "number", "seq", "made_at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Network:
    """Where texts go: what share of them, how fast and how surely they arrive, and what they cost."""

    code: str
    prefix: str
    share: float
    median_seconds: float
    lost: float
    price: int
    currency: str


NETWORKS = (
    Network("63902", "+254711", 62, 3.4, 0.021, 800_000, "KES"),
    Network("63903", "+254733", 22, 6.2, 0.038, 800_000, "KES"),
    Network("63907", "+254771", 6, 17.0, 0.082, 1_000_000, "KES"),
    Network("64110", "+256771", 5, 8.5, 0.047, 35_000_000, "UGX"),
    Network("64101", "+256701", 3, 11.0, 0.061, 35_000_000, "UGX"),
    Network("64004", "+255741", 2, 23.0, 0.094, 22_000_000, "TZS"),
)
SENDERS = (("CLINIC", 55), ("REMINDERS", 25), ("", 12), ("12345", 8))
ENDS = (("delivered", 948), ("failed", 14), ("blocked", 17), ("expired", 3), ("canceled", 4), ("sent", 14))
SINGLES = (
    "Your code is {n}. It is good for ten minutes.",
    "Dear client, your appointment number {n} is tomorrow at nine. Reply YES to confirm.",
    "We received your payment, receipt {n}. Asante.",
    "Your parcel {n} is ready at the shop. Open until six.",
)
CAMPAIGN_TEXTS = (
    "Clinic opens at nine tomorrow. Bring your card. {n}",
    "Market day {n}: maize and beans at the old price until noon.",
    "The members' meeting number {n} is on Saturday at two in the hall. Karibu sana, na mlete wenzenu.",
    "School fees for term {n} are due on Friday. Questions? Text HELP to 12345.",
)
REASONS = ("AbsentSubscriber", "DeliveryFailure", "Rejected by the network", "UserInBlackList")


@dataclass(frozen=True, slots=True)
class Person:
    """A number and where it is at home."""

    number: str
    network: Network


@dataclass(slots=True)
class History:
    """The past of `messages` texts up to `now_ms`. `chunks` makes its rows, some at a time, oldest first."""

    messages: int
    now_ms: int
    first_seq: int
    random: Random = field(default_factory=lambda: Random(7))
    people: list[Person] = field(init=False)
    log: list[tuple[int, str, list[int]]] = field(init=False, default_factory=list)
    """What happened within the last days, in no order: when, what, and to which messages."""
    rows: dict[str, list[tuple[Any, ...]]] = field(init=False, default_factory=lambda: defaultdict(list))
    made: int = field(init=False, default=0)
    reports: Iterator[int] = field(init=False, default_factory=count)

    def __post_init__(self) -> None:
        networks = self.random.choices(NETWORKS, [each.share for each in NETWORKS], k=PEOPLE)
        self.people = [Person(f"{each.prefix}{place:06d}", each) for place, each in enumerate(networks)]

    def chunks(self) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """Rows by table, what others refer to first."""
        for moment, size in self._orders():
            self._order(moment, size)
            if len(self.rows["messages"]) >= CHUNK:
                yield {table: self.rows.pop(table, []) for table in COLUMNS}
        self._events()
        yield {table: self.rows.pop(table, []) for table in COLUMNS}

    @property
    def next_seq(self) -> int:
        """The number of the event after the last one, once everything was made."""
        return self.first_seq + sum(len(subjects) for _, _, subjects in self.log)

    def _orders(self) -> Iterator[tuple[int, int]]:
        """When texts were ordered, and how many at a time."""
        sizes = [1] * round(self.messages * SHARE_OF_SINGLES)
        left = self.messages - len(sizes)
        while left > 0:
            sizes.append(min(self.random.choice(CAMPAIGNS), left))
            left -= sizes[-1]
        self.random.shuffle(sizes)
        last = 0
        for moment, size in zip(self._moments(len(sizes)), sizes, strict=True):
            last = max(moment, last + 1)  # so that no two have the same id
            yield last, size

    def _moments(self, many: int) -> list[int]:
        hour_ms = DAY_MS // 24
        first = (self.now_ms - DAYS * DAY_MS) // hour_ms
        slots = range(first, self.now_ms // hour_ms)
        weights = [HOURS[(slot + 3) % 24] * WEEKDAYS[((slot + 3) // 24 + 3) % 7] for slot in slots]
        chosen = self.random.choices(slots, weights, k=many)
        return sorted(slot * hour_ms + self.random.randrange(hour_ms) for slot in chosen)

    def _order(self, moment: int, size: int) -> None:
        single = size == 1
        batch, call = new_id(moment, 900), new_id(moment, 901)
        [sender] = self.random.choices([name for name, _ in SENDERS], [share for _, share in SENDERS])
        text = self.random.choice(SINGLES if single else CAMPAIGN_TEXTS).format(n=100_000 + self.made)
        mode = "two_way" if sender == "12345" else "bulk"
        category = "transactional" if single else "promotional"
        scope = (sender or "africastkng").lower()
        self.rows["batches"].append((batch, "api", mode, sender, scope, text, 1, category, moment))
        people = [self.random.choice(self.people)] if single else self.random.sample(self.people, size)
        ids = [new_id(moment, 902, place) for place in range(size)]
        lost = self.random.random() < 0.00003
        ends = ["uncertain"] if lost and single else self._ends(size, moment)
        sent, delivered = moment + self.random.randrange(40, 900), defaultdict(list)
        told: dict[str, list[int]] = defaultdict(list)
        for place, (message, person, meant) in enumerate(zip(ids, people, ends, strict=True)):
            told_at, end = self._message(message, batch, call, scope, moment, sent + 4 * place, person, meant)
            if end in ("delivered", "undelivered"):
                delivered[told_at // 1000, end].append(message)
                told["sent"].append(message)
            else:
                told[end].append(message)
        taken = sum(1 for end in ends if end in ("delivered", "undelivered", "sent", "failed", "uncertain"))
        if taken:
            verdict = "maybe_taken" if lost and single else "answered"
            summary = "no answer within 30 s" if lost and single else f"Sent to {taken}/{taken}"
            status = None if lost and single else 201
            self.rows["calls"].append((call, verdict, taken, sent + 90_000, moment + 5, sent, status, summary))
        if moment > self.now_ms - EVENT_DAYS * DAY_MS:
            self.log.append((moment, "accepted", ids))
            self.log += [(sent, end, messages) for end, messages in told.items()]
            self.log += [(1000 * second, end, messages) for (second, end), messages in delivered.items()]
        self.made += size

    def _ends(self, size: int, moment: int) -> list[str]:
        ends = self.random.choices([end for end, _ in ENDS], [share for _, share in ENDS], k=size)
        return ends if moment < self.now_ms - 60_000 else ["sent"] * size

    def _message(
        self, message: int, batch: int, call: int, scope: str, made: int, sent: int, person: Person, end: str
    ) -> tuple[int, str]:
        network, number = person.network, person.number
        reason, network_code, progress, sent_at, ended = "", "", "", None, sent
        if end == "delivered":
            ended = sent + round(1000 * self.random.lognormvariate(0, 0.9) * network.median_seconds)
            progress, network_code, sent_at = "Success", network.code, sent
            if self.random.random() < network.lost:
                end, progress, reason = "undelivered", "Failed", self.random.choice(REASONS)
                ended += self.random.randrange(3_600_000)
            if ended > self.now_ms:
                end, progress, network_code, reason, ended = "sent", "", "", "", sent
        if end == "sent":
            sent_at = sent
        tried = end not in ("blocked", "expired", "canceled")
        paid = tried and end not in ("failed", "uncertain")
        cost, currency = (network.price, network.currency) if paid else (None, None)
        reason = reason or _WHY.get(end, "")
        late = int(end == "sent" and made < self.now_ms - DAY_MS)
        times = made, made + DAY_MS
        self.rows["messages"].append(
            (
                message, batch, number, scope, end, reason, *times, int(tried), progress, network_code, cost, currency,
                made, ended, sent_at, late,
            )
        )  # fmt: skip
        provider_id = f"ATXid_{message:032x}" if paid else None
        if tried:
            state = {"failed": "refused", "uncertain": "uncertain"}.get(end, "taken")
            code, status = {"failed": (403, "InvalidPhoneNumber"), "uncertain": (None, "")}.get(end, (101, "Success"))
            tried_row = message, call, number, state, provider_id, code, status, cost, currency
            self.rows["attempts"].append(tried_row)
        if progress:
            failure = quote_plus(reason)
            body = (
                f"phoneNumber={quote_plus(number)}&failureReason={failure}&retryCount=0&id={provider_id}"
                f"&status={progress}&networkCode={network_code}"
            )
            place = next(self.reports)
            told = new_id(ended, 100 + place // 4096 % 700, place % 4096)
            self.rows["callbacks"].append((told, body.encode(), number, provider_id, "applied", "", ended, message))
        return ended, end

    def _events(self) -> None:
        self.log.sort(key=lambda each: each[0])
        seq = self.first_seq
        for place, (moment, end, messages) in enumerate(self.log):
            for start in range(0, len(messages), 1_000):
                part = messages[start : start + 1_000]
                event = new_id(moment, 300 + (place // 1000) % 500, 4 * (place % 1000) + start // 1_000)
                listed = json.dumps(part, separators=(",", ":"))
                self.rows["events"].append((event, f"message.{end}", listed, len(part), seq, moment))
                seq += len(part)


_WHY = {
    "failed": "InvalidPhoneNumber (403)",
    "blocked": "the recipient opted out",
    "expired": "it would have gone out too late",
    "canceled": "canceled through the API",
    "uncertain": "no answer within 30 s; it may have been taken",
}


def new_id(moment_ms: int, node: int, place: int = 0) -> int:
    """An id of that moment, as the product makes them (docs/decisions/0003-numbers.md, store/ids.py)."""
    return (moment_ms - EPOCH_MS << 22) | node << 12 | place
